# codex-ssh egress: how our app server was told to reach the network, a port and a secret; nothing if it was not.
#
# Behind form.sh.
egress() {
    echo "$M begin"
    know
    for dir in "$at_home" "$at_run"; do
        recall "$dir/server" && lives "$s_pid" "$s_start" "$s_boot" || continue
        put server ours
        [ ! -r "$dir/egress" ] || { printf 'egress x '; dd bs=200 count=1 <"$dir/egress" | hex; echo; }
        break
    done
    echo "$M end"
}
(exec </dev/null 2>/dev/null; egress)
