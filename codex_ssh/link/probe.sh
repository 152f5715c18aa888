# codex-ssh probe: facts about this host, one per line, between two marker lines.
#
# Behind form.sh and codex.sh. Variables: PORT (of the app server looked for, or empty), UNIX (a socket
# path, or empty), OWN (1: look for our own server, then the official daemon's, then PORT), SKIP (1: go on
# though our own lives), CODEX (its path, or empty), TOKEN_FILE (or empty), ALL (1: tell everything, also
# what a connect does not need).

# Who listens on a port: local address, uid and socket inode, in the kernel's own form; how many connections it
# has; and in "inodes" the sockets. One look at the kernel's tables, and no program for a row.
listeners() {
    inodes=
    if [ -r /proc/net/tcp ]; then
        put "$1.seen" proc
        role=$1 count=0
        hex=$(printf ':%04X' "$2")
        # No here-document: some shells write those to a disk that may be full.
        set -f
        IFS='
'
        for row in $(cat /proc/net/tcp /proc/net/tcp6 | grep "$hex "); do
            IFS=' '
            set -- $row
            case $2$4 in
                *"${hex}0A") put "$role.listen" "$2,$8,${10}"; inodes="$inodes ${10}" ;;
                *"${hex}01") count=$((count+1)) ;;
            esac
        done
        IFS=$ifs
        set +f
        put "$role.clients" "$count"
    elif command -v ss >/dev/null; then
        put "$1.seen" ss
        put "$1.ss" "$(ss -Hltne "sport = :$2")"
    elif command -v lsof >/dev/null; then
        put "$1.seen" lsof
        put "$1.lsof" "$(lsof -nP -iTCP:"$2" -sTCP:LISTEN -Fpun)"
    fi
}

# The process of ours that holds one of the sockets with these inodes, and how it was started.
process() {
    role=$1
    shift
    for line in $(grep -al app-server /proc/[0-9]*/cmdline); do
        pid=${line#/proc/}; pid=${pid%/cmdline}
        owner=$(ls -ldn "/proc/$pid") || continue
        set -f; owner=$(echo $owner | cut -d' ' -f3); set +f
        [ "$owner" = "$uid" ] || continue
        held=$(ls -l "/proc/$pid/fd")
        for inode; do
            case $held in *"socket:[$inode]"*) ;; *) continue ;; esac
            put "$role.pid" "$pid"
            put "$role.start" "$(started "$pid")"
            put "$role.cwd" "$(readlink "/proc/$pid/cwd")"
            put "$role.exe" "$(readlink "/proc/$pid/exe")"
            tr '\0' '\n' <"/proc/$pid/environ" | while IFS= read -r line; do
                case $line in CODEX_HOME=* | HOME=*) put "$role.env.${line%%=*}" "${line#*=}" ;; esac
            done
            printf '%s.argv x ' "$role"; hex <"/proc/$pid/cmdline"; echo
            return
        done
    done
    pid=
}
# Where there is no /proc: the command line from ps, words split at spaces.
process_by_ps() {
    pid=$(lsof -nP -a -u "$uid" -iTCP:"$2" -sTCP:LISTEN -t | while read -r first; do echo "$first"; break; done)
    [ -n "$pid" ] || return
    put "$1.pid" "$pid"
    put "$1.start" "$(ps -o lstart= -p "$pid")"
    put "$1.words" "$(ps -ww -o args= -p "$pid")"
}
secret_path() {
    tr '\0' '\n' <"/proc/$1/cmdline" | {
        file= before=
        while IFS= read -r word; do
            case $before in --ws-token-file | --ws-shared-secret-file) file=$word ;; esac
            case $word in --ws-token-file=* | --ws-shared-secret-file=*) file=${word#*=} ;; esac
            before=$word
        done
        case $file in '' | /*) ;; *) file=$(readlink "/proc/$1/cwd")/$file ;; esac
        printf %s "$file"
    }
}

# A secret file: opened once, looked at and read through the same descriptor, printed only when nobody
# else can read it. The client repeats the rules on what is printed and words the refusal.
secret() {
    put "$1.path" "$2"
    if [ ! -e "$2" ]; then
        put "$1.state" missing
    elif [ ! -f "$2" ]; then
        put "$1.state" irregular
    elif [ ! -r "$2" ]; then
        put "$1.state" unreadable
    else
        {
            facts=$(ls -lnL /proc/self/fd/3 || ls -lnL /dev/fd/3)
            put "$1.state" read
            put "$1.ls" "${facts%%/*}"
            set -- "$1" "$2" $facts
            case $3 in
                -???------*)
                    if [ "$5" = "$uid" ]; then
                        printf '%s.text x ' "$1"; dd bs=4097 count=1 <&3 | hex; echo
                    fi ;;
            esac
        } 3<"$2"
    fi
}
recipe_file() {
    file=${TOKEN_FILE:-$codex_home/app-server-token}
    [ -n "$TOKEN_FILE" ] || [ -e "$file" ] || [ ! -e "$codex_home/codex-app-server-token" ] ||
        file=$codex_home/codex-app-server-token
}

# An app server on a TCP port.
server() {
    listeners "$1" "$2"
    pid=
    if [ -r /proc/net/tcp ]; then
        [ -z "$inodes" ] || process "$1" $inodes
    else
        process_by_ps "$1" "$2"
    fi
    recipe_file
    if [ -z "$TOKEN_FILE" ] && [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ]; then
        named=$(secret_path "$pid")
        file=${named:-$file}
    fi
    secret "$1.token" "$file"
}

# A unix socket: owner and mode of the socket and of every directory on its resolved path.
socket() {
    real=$(readlink -f "$2") || real=$2
    put "$1.path" "$2"
    put "$1.real" "$real"
    pid=
    [ -S "$real" ] || return
    put "$1.socket" "$(ls -ldn "$real")"
    if [ -r /proc/net/unix ]; then
        rows=$(grep -F " $real" /proc/net/unix)
        put "$1.clients" "$(echo "$rows" | grep -c ' 0001 03 ')"
        inodes=$(echo "$rows" | grep ' 00010000 0001 01 ' | while read -r _ _ _ _ _ _ inode _; do echo "$inode"; done)
        put "$1.live" "$([ -n "$inodes" ] && echo yes || echo no)"
        [ -z "$inodes" ] || process "$1" $inodes
    fi
    dir=$real
    while [ "$dir" != / ] && [ -n "$dir" ]; do
        dir=${dir%/*}
        put "$1.dir" "$(ls -ldn "${dir:-/}")"
    done
}
control=app-server-control/app-server-control.sock

# Our own server, by its state file; false when it is not there.
own() {
    for state in "$at_home" "$at_run"; do
        recall "$state/server" || continue
        put state.dir "$state"
        while IFS='=' read -r key value; do put "state.$key" "$value"; done <"$state/server"
        # Whoever only looks (ALL) is gone again at once, and its agent too.
        [ -n "$ALL" ] || [ -z "$SSH_AUTH_SOCK" ] || [ "$SSH_AUTH_SOCK" = "$state/agent" ] ||
            { ln -s "$SSH_AUTH_SOCK" "$state/agent.$$" && mv -f "$state/agent.$$" "$state/agent"; }
        lives "$s_pid" "$s_start" "$s_boot" || continue
        put own.lives yes
        case $s_endpoint in
            unix://*) socket own "${s_endpoint#unix://}" ;;
            *) server own "${s_endpoint##*:}" ;;
        esac
        return
    done
    false
}

home_fs() {
    best= kind=
    while read -r _ at type _; do
        at=${at%/}
        case $HOME/ in "$at"/*) [ "${#at}" -lt "${#best}" ] || { best=$at; kind=$type; } ;; esac
    done </proc/mounts
    echo "$kind"
}
# What only a start needs, or somebody who asks for everything.
surroundings() {
    find_codex
    put libc "$(ls /lib/ld-musl-* >/dev/null && echo musl || echo gnu)"
    put home_fs "$(home_fs)"
    [ -e "/var/lib/systemd/linger/$(id -un)" ] && put linger yes
    [ -S "${XDG_RUNTIME_DIR:-/run/user/$uid}/systemd/private" ] && put systemd yes
    grep -qs '^ *KillUserProcesses *= *\(yes\|true\|1\)' /etc/systemd/logind.conf \
        /etc/systemd/logind.conf.d/*.conf && put kills yes
    read -r most </proc/sys/user/max_user_namespaces && [ "$most" = 0 ] && put sandbox no-namespaces
    read -r only </proc/sys/kernel/apparmor_restrict_unprivileged_userns && [ "$only" = 1 ] && put sandbox apparmor
}

probe() {
    export LC_ALL=C
    ifs=$IFS
    echo "$M begin"
    know
    put uid "$uid"
    user=${me#*\(}; user=${user%%\)*}
    case $me in "uid=$uid("*) ;; *) user=$(id -un) ;; esac
    put user "$user"
    put hostname "$node"
    put os "$os"
    put arch "$arch"
    put home "$HOME"
    put boot "$boot"
    parent=
    read -r parent <"/proc/$PPID/stat"
    put sshd "$parent"
    put now "$(date +%s)"
    put codex_home "$codex_home"
    put codex_home_real "$(readlink -f "$codex_home")"
    namespace
    case $TOKEN_FILE in '~/'*) TOKEN_FILE=$HOME/${TOKEN_FILE#??} ;; esac
    case $CODEX in '~/'*) CODEX=$HOME/${CODEX#??} ;; esac
    case $UNIX in
        '~/'*) UNIX=$HOME/${UNIX#??} ;;
        default) UNIX=$codex_home/$control ;;
    esac
    found=
    s_codex= s_stamp=
    if [ -n "$OWN" ] && own && [ -z "$SKIP" ]; then
        found=1
    elif [ -n "$OWN" ] && [ -e "$codex_home/$control" ]; then
        socket daemon "$codex_home/$control"
    fi
    if [ -n "$UNIX" ]; then
        socket unix "$UNIX"
        found=1
    elif [ -n "$PORT" ] && [ -z "$found" ]; then
        server ws "$PORT"
        [ -n "$OWN" ] || found=1
    fi
    codex=$CODEX from=setting
    [ -n "$codex" ] || { codex=$(command -v codex) && from=PATH; }
    case $codex in /*) ;; *) codex= ;; esac
    [ -n "$codex" ] || [ ! -x "$s_codex" ] || { codex=$s_codex from='earlier start'; }
    if [ -z "$found" ] || [ -n "$ALL" ]; then surroundings; fi
    if [ -n "$codex" ]; then
        put codex "$codex"
        put codex_from "$from"
        stamp=$(stamp "$codex")
        put stamp "$stamp"
        if [ "$stamp" = "$s_stamp" ] && [ "$codex" = "$s_codex" ]; then
            put codex_version "$s_version"
        else
            put codex_version "$("$codex" --version | { read -r line; echo "${line##* }"; })"
        fi
    fi
    if [ -n "$ALL" ]; then recipe_file; secret recipe "$file"; inventory; fi
    echo "$M end"
}
# A shell keeps a copy of what a redirected function call replaces, and so does whoever it leaves behind: the
# timer beside a login shell would hold the channel open for five seconds. A subshell has nothing to keep.
# The answer goes out in one piece: a fresh connection may have ten packets under way, and each line would be one.
(exec </dev/null 2>/dev/null; answer=$(probe); printf '%s\n' "$answer")
