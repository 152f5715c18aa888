# codex-ssh same: two paths with every link resolved. Behind form.sh. Variables: ONE, OTHER.
echo "$M begin"
put one "$(readlink -f "$ONE" || echo "$ONE")"
put other "$(readlink -f "$OTHER" || echo "$OTHER")"
echo "$M end"
