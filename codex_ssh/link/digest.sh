# codex-ssh digest: the SHA-256 of a file's first bytes. In front of errands.sh.
if command -v sha256sum >/dev/null 2>&1; then tool=sha256sum
elif command -v shasum >/dev/null 2>&1; then tool='shasum -a 256'
elif command -v openssl >/dev/null 2>&1; then tool='openssl dgst -sha256 -r'
else tool=
fi
# "sums PATH…": prints "sums HEX…" of whole files, fewer where one cannot be read.
do_sums() {
    count=$#
    while [ $count -gt 0 ]; do
        path "$1"
        shift
        set -- "$@" "$file"
        count=$((count - 1))
    done
    printf '%s sums' "$M"
    [ -z "$tool" ] || $tool "$@" 2>/dev/null | while read -r one _; do printf ' %s' "$one"; done
    echo
}
# "sum LENGTH PATH": prints "sum HEX", or "no" where it cannot be made.
do_sum() {
    path "$2"
    if [ -n "$tool" ] && [ -f "$file" ] && [ -r "$file" ]; then
        set -- $(head -c "$1" <"$file" | $tool 2>/dev/null)
        echo "$M sum $1"
    else
        echo "$M no"
    fi
}
