# codex-ssh digest: the SHA-256 of files, one after the other, for as long as stdin is open.
#
# Each line on stdin is "LENGTH PATH": how many bytes from the start, and the path with every byte as \ooo.
# Prints "M ready", "M tool NAME" (or none), then for each line "M sum HEX", or "M none" where it cannot be read.
if command -v sha256sum >/dev/null 2>&1; then tool=sha256sum
elif command -v shasum >/dev/null 2>&1; then tool='shasum -a 256'
elif command -v openssl >/dev/null 2>&1; then tool='openssl dgst -sha256 -r'
else tool=none
fi
echo "$M ready"
echo "$M tool ${tool%% *}"
while [ "$tool" != none ] && read -r length path; do
    # A name may end in line ends, which the shell would take off.
    file=$(printf "${path}x")
    file=${file%x}
    if [ -f "$file" ] && [ -r "$file" ]; then
        set -- $(head -c "$length" <"$file" | $tool 2>/dev/null)
        echo "$M sum $1"
    else
        echo "$M none"
    fi
done
exit
