# codex-ssh git form: what every question to git begins with. The directory it is run in is the thread's.
#
# Only reads: run in a sandbox that lets it write nothing. A pager would wait for ever, a monitor is a program,
# optional locks would write, and so would fetching what a partial clone lacks; the user's own settings must not
# change what a patch looks like.
# POSIX sh, od, tr and git. Works in bash, dash and busybox. Ends with 3 where git has no repository for it.
# Sets: root (the top directory, which it goes to), commit (empty before the first one), base (to compare with).
export GIT_NO_LAZY_FETCH=1
g() {
    git -c core.fsmonitor=false -c core.quotePath=true -c diff.noprefix=false -c diff.mnemonicPrefix=false \
        -c diff.relative=false -c diff.suppressBlankEmpty=false \
        --no-optional-locks --no-pager "$@"
}
d() {
    g diff --no-color --no-ext-diff --no-textconv --no-renames --binary --full-index --submodule=short \
        --ignore-submodules=dirty -U3 -O/dev/null "$@"
}
hex() { od -An -v -tx1 | tr -d ' \n'; }
name() { n=$(printf %bx "$1"); n=${n%x}; }
root=$(g rev-parse --show-toplevel && echo x) || exit 3
root=${root%??}
cd "$root" || exit 3
commit=$(g rev-parse -q --verify HEAD)
base=${commit:-$(g hash-object -t tree /dev/null)}
