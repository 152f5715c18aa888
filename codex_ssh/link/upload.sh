# codex-ssh upload: puts a file below ~/.codex-ssh/uploads, where a message can name it.
#
# Behind form.sh. Variables: FOLDER, NAME, SIZE (bytes), DAYS (so long a folder is kept after its last file).
# Prints "M ready" when bytes may come on stdin, then "M done HEX", the path; or "M have HEX" when it is there
# already, or "M failed HEX", somebody's words.
umask 077
say() { printf '%s %s ' "$M" "$1"; printf %s "$2" | hex; echo; }
fail() {
    [ -z "$new" ] || rm -f "$new"
    say failed "$1"
    exit
}
bytes() { set -- $(ls -ln "$1" 2>/dev/null); echo "${5:-0}"; }
# A directory of ours, made now if it is not there. Nothing is written into one that others can get at.
have() {
    [ -d "$1" ] || said=$(mkdir "$1" 2>&1) || fail "$said"
    mine "$1" || fail "$1 is not a directory of yours alone"
}
uid=$(id -u)
new=
root=$HOME/.codex-ssh/uploads
[ -d "$HOME/.codex-ssh" ] || said=$(mkdir "$HOME/.codex-ssh" 2>&1) || fail "$said"
have "$root"
for old in "$root"/*; do
    [ -d "$old" ] && [ ! -L "$old" ] && [ "$old" != "$root/$FOLDER" ] || continue
    [ -z "$(find "$old" -prune -mtime "+$DAYS" 2>/dev/null)" ] || rm -rf "$old"
done
have "$root/$FOLDER"
place=$root/$FOLDER/$NAME
if [ -f "$place" ] && [ ! -L "$place" ] && [ "$(bytes "$place")" = "$SIZE" ]; then
    touch "$root/$FOLDER"
    say have "$place"
    exit
fi
new=$root/$FOLDER/new.$$
rm -f "$new"
echo "$M ready"
said=$(cat 2>&1 >"$new") || fail "$said"
[ "$(bytes "$new")" = "$SIZE" ] || fail 'not all of it arrived'
said=$(mv -f "$new" "$place" 2>&1) || fail "$said"
say done "$place"
exit
