# codex-ssh git ancestors: the commits behind the one that is checked out, and it. Behind git_form.sh.
#
# $1 is how many at most. A line a commit, the newest first; the last line is "end".
g rev-list --max-count="$1" HEAD --
echo end
