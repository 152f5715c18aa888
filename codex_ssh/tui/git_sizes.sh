# codex-ssh git sizes: what untracked files are. Behind git_form.sh.
#
# The words are names below the top directory, escaped for printf %b. A line a name, in their order:
# "link HEX" and where it leads, "file BYTES", or "other".
for word; do
    name "$word"
    if [ -L "./$n" ]; then
        printf 'link '; readlink "./$n" | hex; echo
    elif [ -f "./$n" ] && [ -r "./$n" ]; then
        printf 'file '; wc -c <"./$n"
    else
        echo other
    fi
done
