# codex-ssh install: puts a codex below HOME, whole or not at all.
#
# Behind form.sh. Variables: URL (downloaded here; empty: it comes on stdin), KIND (package: the registry's
# tarball, or binary), SHA512 (hex), CKSUM (what cksum prints of it, or empty), VERSION.
#
# Prints "M ready" when bytes may come on stdin, "M at BYTES" now and then, and at the end "M done PATH" or
# "M failed WHY HEX", the last being somebody's words. Whatever ends it, nothing half-made stays.
fail() {
    tidy
    printf '%s failed %s ' "$M" "$1"
    printf %s "$2" | hex
    echo
    exit
}
tidy() {
    [ -z "$child" ] || kill "$child" 2>/dev/null
    [ -z "$new" ] || rm -rf "$new"
}
size() { set -- $(ls -ln "$1" 2>/dev/null); echo "${5:-0}"; }

# Prints the digest of $1; false where no program here can.
digest() {
    if command -v sha512sum >/dev/null; then set -- $(sha512sum "$1")
    elif command -v shasum >/dev/null; then set -- $(shasum -a 512 "$1")
    elif command -v openssl >/dev/null; then set -- $(openssl dgst -sha512 -r "$1")
    else return 1
    fi 2>/dev/null
    echo "$1"
}

# Downloads in the background and tells how far it is. A client that went away shows in the telling.
download() {
    if command -v curl >/dev/null; then
        curl -fsSL --connect-timeout 15 -o "$file" "$URL" 2>"$new/said" &
    elif command -v wget >/dev/null; then
        wget -q -T 15 -O "$file" "$URL" 2>"$new/said" &
    else
        fail no-downloader 'neither curl nor wget is there'
    fi
    child=$!
    while kill -0 "$child" 2>/dev/null; do
        echo "$M at $(size "$file")"
        sleep 0.5 2>/dev/null || sleep 1
    done
    wait "$child"
    status=$?
    child=
    [ "$status" = 0 ] || fail download "$(cat "$new/said") (exit status $status)"
}

check() {
    if seen=$(digest "$file"); then
        [ "$seen" = "$SHA512" ] || fail checksum "its SHA-512 is ${seen:-unknown}"
    elif [ -z "$CKSUM" ]; then
        fail no-digest 'no program there can make a SHA-512'
    else
        set -- $(cksum "$file")
        [ "$1 $2" = "$CKSUM" ] || fail checksum "cksum says $1 $2"
    fi
}

install() {
    umask 022
    root=$HOME/.local/share/codex-ssh
    bin=$HOME/.local/bin
    said=$(mkdir -p "$root" "$bin" 2>&1) || fail no-directory "$said"
    for old in "$root"/new.*; do
        kill -0 "${old##*.}" 2>/dev/null || rm -rf "$old"
    done
    [ ! -e "$bin/codex" ] && [ ! -L "$bin/codex" ] || [ -L "$bin/codex" ] || fail taken "$bin/codex"
    new=$root/new.$$
    said=$(mkdir "$new" 2>&1) || fail no-directory "$said"
    file=$new/file
    echo "$M ready"
    if [ -n "$URL" ]; then
        download </dev/null
    else
        said=$(cat 2>&1 >"$file") || fail write "$said"
    fi
    check </dev/null
    tree=$new/tree
    if [ "$KIND" = binary ]; then
        said=$(mkdir -p "$tree/bin" 2>&1 && mv "$file" "$tree/bin/codex" 2>&1 && chmod 755 "$tree/bin/codex" 2>&1) ||
            fail write "$said"
    else
        mkdir "$new/unpacked"
        said=$(gzip -dc <"$file" 2>&1 >"$new/tar") || fail unpack "$said"
        rm -f "$file"
        said=$(cd "$new/unpacked" && tar -xf ../tar 2>&1) || fail unpack "$said"
        for found in "$new/unpacked/package/vendor"/*; do
            [ -f "$found/bin/codex" ] && mv "$found" "$tree" && break
        done
    fi
    said=$("$tree/bin/codex" --version 2>&1 </dev/null) || fail run "$said"
    place=$root/codex-$VERSION
    rm -rf "$place"
    said=$(mv "$tree" "$place" 2>&1 && ln -s "$place/bin/codex" "$new/link" 2>&1 && mv -f "$new/link" "$bin/codex" 2>&1) ||
        fail write "$said"
    tidy
    echo "$M done $bin/codex"
}
child= new=
trap 'tidy; exit' HUP INT TERM PIPE
install
exit
