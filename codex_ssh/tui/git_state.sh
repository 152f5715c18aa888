# codex-ssh git state: how the repository stands. Behind git_form.sh.
#
# $1 is a commit to look for, or empty. A line is "KEY HEX"; the last one is "end".
put() { printf '%s ' "$1"; hex; echo; }
branch=$(g symbolic-ref -q --short HEAD)
remote=$(g config "branch.$branch.remote")
case $remote in '' | .) remote=$(g remote | grep -x origin || g remote | head -n 1) ;; esac
printf %s "$root" | put root
printf %s "$commit" | put commit
printf %s "$branch" | put branch
g config --get "remote.$remote.url" | put remote
[ -z "$commit" ] || g for-each-ref --contains "$commit" --count=1 refs/remotes | put pushed
[ -z "$1" ] || ! g cat-file -e "$1^{commit}" 2>/dev/null || echo yes | put knows
g status --porcelain=v2 --untracked-files=no --ignore-submodules=none --no-renames | put status
d "$base" -- | wc -c | put bytes
g ls-files --others --exclude-standard | put untracked
echo end
