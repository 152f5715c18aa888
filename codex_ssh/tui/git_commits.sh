# codex-ssh git commits: those another repository lacks, up to the one that is checked out. Behind git_form.sh.
#
# $1 is how long the bundle may be, $2 how many are listed; the other words are commits the other one has.
# Five lines: the commit, how many, "NAME SUBJECT" of the newest ones as HEX, the bundle as HEX, "end".
# A bundle that is too long is cut behind the first byte too many.
most=$1 listed=$2
shift 2
echo "$commit"
g rev-list --count HEAD --not "$@" --
g -c log.showSignature=false log --no-color --no-decorate --encoding=UTF-8 --max-count="$listed" \
    --format='%h %s' HEAD --not "$@" -- | hex
echo
{ g bundle create - HEAD --not "$@" || echo "git bundle ended with $?" >&2; } | head -c $((most + 1)) | hex
echo
echo end
