# codex-ssh git patch: the uncommitted work as patches. Behind git_form.sh.
#
# $1 is "tracked" when that part is wanted; the other words are untracked files, as git_sizes.sh has them.
# Four lines: the commit, both patches as HEX, "end". What git did not do is on stderr.
echo "$commit"
if [ "$1" = tracked ]; then { d "$base" -- || echo "git diff ended with $?" >&2; } | hex; fi
echo
shift
for word; do
    name "$word"
    d --no-index -- /dev/null "$n"
    code=$?
    [ $code = 1 ] || echo "git diff --no-index ended with $code" >&2
done | hex
echo
echo end
