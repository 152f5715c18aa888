# codex-ssh git known: which commits are in this repository. Behind git_form.sh.
#
# The words are their names. A line a commit, "NAME commit" where it is there; the last line is "end".
for word; do echo "$word"; done | g cat-file --batch-check='%(objectname) %(objecttype)'
echo end
