# codex-ssh probe: facts about this host, one per line, between two marker lines.
#
# Set in front of this text by the client, quoted: M (the marker), PORT (of the app server looked for),
# UNIX (a socket path, or empty), OWN (1: look for the server we started), CODEX (its path, or empty),
# TOKEN_FILE (or empty).
#
# POSIX sh and its usual companions (ls, od, tr, dd, grep, id, uname), nothing else. Works in bash, dash
# and busybox. A line is "KEY p PLAIN" or "KEY x HEX", so that no value can pretend to be a line.
put() {
    case $2 in
        *[!A-Za-z0-9._/:@%+=,~-]*) printf '%s x ' "$1"; printf %s "$2" | hex; echo ;;
        *) printf '%s p %s\n' "$1" "$2" ;;
    esac
}
hex() { od -An -v -tx1 | tr -d ' \n'; }

# Who listens on a port: local address, uid and socket inode, in the kernel's own form.
rows() {
    cat /proc/net/tcp /proc/net/tcp6 | grep "$(printf ':%04X ' "$1")[0-9A-F:]* 0A " |
        while read -r _ local _ _ _ _ _ owner _ inode _; do echo "$local,$owner,$inode"; done
}
listeners() {
    if [ -r /proc/net/tcp ]; then
        put "$1.seen" proc
        for row in $(rows "$2"); do put "$1.listen" "$row"; done
    elif command -v ss >/dev/null; then
        put "$1.seen" ss
        put "$1.ss" "$(ss -Hltne "sport = :$2")"
    elif command -v lsof >/dev/null; then
        put "$1.seen" lsof
        put "$1.lsof" "$(lsof -nP -iTCP:"$2" -sTCP:LISTEN -Fpun)"
    fi
}

# The process behind a listener of ours, found by the socket it holds, and how it was started.
process() {
    for line in $(grep -al app-server /proc/[0-9]*/cmdline); do
        pid=${line#/proc/}; pid=${pid%/cmdline}
        set -- "$1" "$2" $(ls -ldn "/proc/$pid")
        [ "$5" = "$uid" ] || continue
        for row in $(rows "$2"); do
            ls -l "/proc/$pid/fd" | grep -q "socket:\[${row##*,}\]" || continue
            put "$1.pid" "$pid"
            put "$1.start" "$(started "$pid")"
            put "$1.cwd" "$(readlink "/proc/$pid/cwd")"
            printf '%s.argv x ' "$1"; hex <"/proc/$pid/cmdline"; echo
            return
        done
    done
}
# Where there is no /proc: the command line from ps, words split at spaces.
process_by_ps() {
    pid=$(lsof -nP -a -u "$uid" -iTCP:"$2" -sTCP:LISTEN -t | while read -r first; do echo "$first"; break; done)
    [ -n "$pid" ] || return
    put "$1.pid" "$pid"
    put "$1.start" "$(ps -o lstart= -p "$pid")"
    put "$1.words" "$(ps -ww -o args= -p "$pid")"
}
# Field 22 of /proc/PID/stat; the name in field 2 may hold anything, so count from behind its bracket.
started() {
    read -r stat <"/proc/$1/stat" || return
    set -- ${stat##*) }
    shift 19 && echo "$1"
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

# An app server on a TCP port.
server() {
    listeners "$1" "$2"
    pid=
    if [ -r /proc/net/tcp ]; then process "$1" "$2"; else process_by_ps "$1" "$2"; fi
    file=$TOKEN_FILE
    if [ -z "$file" ] && [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ]; then file=$(secret_path "$pid"); fi
    if [ -z "$file" ]; then
        file=$codex_home/app-server-token
        [ -e "$file" ] || [ ! -e "$codex_home/codex-app-server-token" ] || file=$codex_home/codex-app-server-token
    fi
    secret "$1.token" "$file"
}

# A unix socket: owner and mode of the socket and of every directory on its resolved path.
socket() {
    case $1 in '~/'*) set -- "$HOME/${1#??}" ;; esac
    real=$(readlink -f "$1") || real=$1
    put unix.path "$1"
    put unix.real "$real"
    [ -S "$real" ] && put unix.socket "$(ls -ldn "$real")"
    dir=$real
    while [ "$dir" != / ] && [ -n "$dir" ]; do
        dir=${dir%/*}
        put unix.dir "$(ls -ldn "${dir:-/}")"
    done
}

probe() {
    LC_ALL=C
    export LC_ALL
    echo "$M begin"
    uid=$(id -u)
    put uid "$uid"
    put user "$(id -un)"
    put hostname "$(uname -n)"
    put os "$(uname -s)"
    put arch "$(uname -m)"
    put home "$HOME"
    [ -r /proc/sys/kernel/random/boot_id ] && read -r boot </proc/sys/kernel/random/boot_id && put boot "$boot"
    put now "$(date +%s)"
    codex_home=${CODEX_HOME:-$HOME/.codex}
    put codex_home "$codex_home"
    case $TOKEN_FILE in '~/'*) TOKEN_FILE=$HOME/${TOKEN_FILE#??} ;; esac
    [ -n "$CODEX" ] || CODEX=$(command -v codex)
    if [ -z "$CODEX" ]; then
        for place in "$HOME/.local/bin" "$HOME/.codex/packages/standalone/current" "$HOME/.npm-global/bin" \
            "$HOME/.bun/bin" "$HOME/.volta/bin" "$HOME"/.nvm/versions/node/*/bin /usr/local/bin \
            /opt/homebrew/bin /home/linuxbrew/.linuxbrew/bin; do
            [ -x "$place/codex" ] && CODEX=$place/codex && break
        done
    fi
    put codex "$CODEX"
    state=$HOME/.codex-ssh/$(uname -n)/server
    if [ -n "$OWN" ] && [ -r "$state" ]; then
        own= spid=
        while IFS='=' read -r key value; do
            case $key in
                port) own=$value ;;
                pid) spid=$value ;;
            esac
            put "state.$key" "$value"
        done <"$state"
        case $own in
            '' | *[!0-9]*) ;;
            *) [ -r "/proc/$spid/stat" ] || kill -0 "$spid" && server own "$own" ;;
        esac
    fi
    if [ -n "$UNIX" ]; then
        case $UNIX in
            default) socket "$codex_home/app-server-control/app-server-control.sock" ;;
            *) socket "$UNIX" ;;
        esac
    elif [ -n "$PORT" ]; then
        server ws "$PORT"
    fi
    echo "$M end"
}
probe </dev/null 2>/dev/null
