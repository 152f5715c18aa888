# codex-ssh tree: looks at files and changes them, for copies where there is no SFTP. In front of errands.sh.
#
# Each answers "M ok …", "M none" (nothing is there), or "M no HEX", the last being the system's words.
hex() { od -An -v -tx1 | tr -d ' \n'; }
no() { printf '%s no ' "$M"; printf %s "$1" | hex; echo; }
is_there() { [ -e "$file" ] || [ -L "$file" ]; }

# What tells mode, size and time: GNU and busybox, BSD, or ls, which tells no time.
if stat -c %f / >/dev/null 2>&1; then look=gnu
elif stat -f %p / >/dev/null 2>&1; then look=bsd
else look=ls
fi
facts() {
    case $look in
        gnu) stat -c '%f %s %Y' "$@" ;;
        bsd) stat -f '%Xp %z %m' "$@" ;;
        ls)
            for one in "$@"; do
                ls -ldn "$one" | { read -r kind _ _ _ size _; echo "$kind $size -"; }
            done
            ;;
    esac
}
do_home() { printf '%s ok ' "$M"; printf %s "$HOME" | hex; echo; }
do_look() {
    path "$1"
    if ! is_there; then echo "$M none"
    elif said=$(facts "$file" 2>&1); then echo "$M ok $said"
    else no "$said"
    fi
}
# Prints "ok NAMES:FACTS:FACTS…", the names as one hex text with a NUL behind each.
do_list() {
    path "$1"
    if said=$(cd "$file" 2>&1 && ls -a . 2>&1 >/dev/null); then
        (
            cd "$file" || exit
            # A pattern that nothing matches stays as it is.
            set -- ./*
            [ -e "$1" ] || [ -L "$1" ] || shift
            for one in ./.[!.]* ./..?*; do
                if [ -e "$one" ] || [ -L "$one" ]; then set -- "$@" "$one"; fi
            done
            printf '%s ok ' "$M"
            [ $# = 0 ] || { printf '%s\0' "$@" | hex; facts "$@" | while IFS= read -r one; do printf ':%s' "$one"; done; }
            echo
        )
    else
        no "$said"
    fi
}
do_readlink() {
    path "$1"
    if [ -L "$file" ]; then printf '%s ok ' "$M"; readlink "$file" | hex; echo
    else no 'it is no link'
    fi
}
do_real() {
    path "$1"
    if [ -d "$file" ]; then
        printf '%s ok ' "$M"; (cd -P "$file" && pwd -P) | hex; echo
    else
        printf '%s ok ' "$M"; readlink -f "$file" | hex; echo
    fi
}
# Runs a command, and says how it went.
done_by() { if said=$("$@" 2>&1); then echo "$M ok"; else no "$said"; fi; }
do_mkdir() { path "$2"; done_by mkdir -m "$1" "$file"; }
do_symlink() { path "$1"; to=$file; path "$2"; done_by ln -s -- "$to" "$file"; }
do_remove() { path "$1"; done_by rm -f "$file"; }
do_chmod() { path "$2"; done_by chmod "$1" "$file"; }
do_touch() {
    path "$2"
    if touch -d "@$1" "$file" 2>/dev/null; then echo "$M ok"
    else done_by touch -t "$(date -r "$1" +%Y%m%d%H%M.%S)" "$file"
    fi
}
# Makes an empty file that was not there.
new() ( umask 077; set -C; : >"$file" )
do_create() { path "$1"; done_by new; }
do_cut() { path "$2"; done_by dd if=/dev/null of="$file" bs=1 seek="$1" count=0; }
# mv would follow a link to a folder.
do_rename() {
    path "$1"; from=$file; path "$2"
    if [ -d "$file" ] && [ ! -L "$file" ]; then no 'a folder is in the way'
    else [ ! -L "$file" ] || rm -f "$file"; done_by mv -f "$from" "$file"
    fi
}
