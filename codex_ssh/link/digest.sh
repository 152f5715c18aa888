# codex-ssh digest: the SHA-256 of a file's first bytes. In front of errands.sh.
if command -v sha256sum >/dev/null 2>&1; then tool=sha256sum
elif command -v shasum >/dev/null 2>&1; then tool='shasum -a 256'
elif command -v openssl >/dev/null 2>&1; then tool='openssl dgst -sha256 -r'
else tool=
fi
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
