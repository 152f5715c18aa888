# codex-ssh errands: answers each line of stdin with one line, for as long as stdin is open.
#
# Behind the functions that answer: "WORD ARGUMENTS" runs do_WORD ARGUMENTS. A path comes with every byte as
# \ooo, so that nothing in it means anything.

# Sets file to a path. A name may end in line ends, which the shell would take off.
path() {
    file=$(printf "${1}x")
    file=${file%x}
}
echo "$M ready"
while read -r word arguments; do
    set -f
    set -- $arguments
    set +f
    "do_$word" "$@" </dev/null
done
exit
