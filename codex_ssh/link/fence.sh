# codex-ssh fence: end the sshd process of an earlier connection of ours, so that nothing it still holds
# arrives. Behind form.sh. Variables: PID, and STARTED, its start time in the kernel's own form.
echo "$M begin"
# Alive, an sshd and the very same process: an id may have been given to another one since.
lives() {
    s=$(cat "/proc/$PID/stat" 2>/dev/null)
    case $s in "$PID (sshd"*) ;; *) return 1 ;; esac
    set -- ${s##*)}
    [ "$1" != Z ] && [ "${20}" = "$STARTED" ]
}
outcome=gone
if lives; then
    kill -9 "$PID" && outcome=ended || outcome=kept
    n=0
    while [ "$outcome" = ended ] && lives; do
        n=$((n + 1))
        [ "$n" -lt 20 ] || outcome=kept
        sleep 0.1 2>/dev/null || sleep 1
    done
fi
put outcome "$outcome"
echo "$M end"
