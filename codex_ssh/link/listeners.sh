# codex-ssh listeners: which TCP ports the login user listens on here, and what processes those are.
#
# Behind form.sh. Variables: KNOWN (numbers of sockets, each with a blank behind it, whose process is known
# already), PORT (also tell both ends of this port's connections, or empty). A process that somebody looked
# for once is not looked for again: that is what costs.
listeners() {
    LC_ALL=C
    export LC_ALL
    echo "$M begin"
    uid=$(id -u)
    namespace
    if [ -r /proc/net/tcp ]; then
        put seen proc
        read -r up _ </proc/uptime && put up "$up"
        read -r range </proc/sys/net/ipv4/ip_local_port_range && put range "$range"
        set --
        rows=$(cat /proc/net/tcp /proc/net/tcp6 | grep ' 0A ' | while read -r _ local _ state _ _ _ owner _ inode _; do
            [ "$state,$owner" != "0A,$uid" ] || echo "$local,$inode"
        done)
        for row in $rows; do
            put listen "$row"
            case " $KNOWN" in *" ${row##*,} "*) ;; *) set -- "$@" -e "socket:[${row##*,}]" ;; esac
        done
        [ $# = 0 ] || holders "$@"
        [ -z "$PORT" ] || for row in $(cat /proc/net/tcp /proc/net/tcp6 |
            grep "$(printf '^ *[0-9]*: [0-9A-F]*:%04X [0-9A-F:]* 01 ' "$PORT")" |
            while read -r _ local far _; do echo "$local,$far"; done); do put client "$row"; done
    elif command -v ss >/dev/null; then
        put seen ss
        # It tells the owner of all but root's.
        [ "$uid" = 0 ] || ss -Hltnep | grep " uid:$uid " | while IFS= read -r line; do put ss "$line"; done
        [ "$uid" != 0 ] || ss -Hltnep | grep -v ' uid:' | while IFS= read -r line; do put ss "$line"; done
    elif command -v lsof >/dev/null; then
        put seen lsof
        put lsof "$(lsof -nP -a -u "$uid" -iTCP -sTCP:LISTEN -Fcn)"
    fi
    echo "$M end"
}
# The process of each socket of these patterns, when it began, and its command line's beginning.
holders() {
    put hertz "$(getconf CLK_TCK || echo 100)"
    pid= seen=
    ls -l /proc/[0-9]*/fd | grep -F -e /fd: "$@" | while IFS= read -r line; do
        case $line in
            /proc/*/fd:) pid=${line#/proc/}; pid=${pid%/fd:} ;;
            *)
                inode=${line##*socket:\[}; inode=${inode%\]*}
                case $seen in *" $inode "*) continue ;; esac
                seen="$seen $inode "
                put "began.$inode" "$(started "$pid")"
                printf 'argv.%s x ' "$inode"; dd bs=300 count=1 <"/proc/$pid/cmdline" | hex; echo ;;
        esac
    done
}
(exec </dev/null 2>/dev/null; listeners)
