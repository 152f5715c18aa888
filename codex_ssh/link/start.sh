# codex-ssh start: starts an app server on loopback, detached, unless one of ours already lives.
#
# Set in front of this text by the client, quoted: M (the marker), CODEX (its path), TOKEN_FILE (or
# empty), TOKEN (the token to write if the file is missing; it travels on stdin and is only ever given to
# shell builtins, so no process list shows it).
#
# Output: lines of the probe's form between two marker lines. "outcome" is started, running, or what failed.
put() {
    case $2 in
        *[!A-Za-z0-9._/:@%+=,~-]*) printf '%s x ' "$1"; printf %s "$2" | hex; echo ;;
        *) printf '%s p %s\n' "$1" "$2" ;;
    esac
}
hex() { od -An -v -tx1 | tr -d ' \n'; }
pause() { sleep 0.1 || sleep 1; }
started() {
    read -r stat <"/proc/$1/stat" || return
    set -- ${stat##*) }
    # A dead process that nobody has waited for yet is dead.
    [ "$1" != Z ] && shift 19 && echo "$1"
}
mine() {
    # A directory of ours: the login user's, closed to everybody else.
    set -- $(ls -ldn "$1")
    case $1 in d???------*) [ "$3" = "$uid" ] ;; *) false ;; esac
}

lock() {
    tries=0
    until mkdir "$dir/lock"; do
        read -r holder <"$dir/lock/pid" || holder=
        # A holder that died, or one that never wrote its number within five seconds, is gone.
        case $holder in
            '') [ $tries -ge 50 ] && unlock ;;
            *) kill -0 "$holder" || unlock ;;
        esac
        tries=$((tries + 1))
        [ $tries -lt 300 ] || return 1
        pause
    done
    echo $$ >"$dir/lock/pid"
    trap unlock EXIT
    trap 'exit 1' HUP INT TERM
}
unlock() {
    rm -f "$dir/lock/pid"
    rmdir "$dir/lock"
}

write_token() {
    [ -e "$TOKEN_FILE" ] && return
    (
        umask 077
        mkdir -p "${TOKEN_FILE%/*}"
        set -C
        printf '%s\n' "$TOKEN" >"$TOKEN_FILE"
    )
}

launch() {
    log=$dir/server.log
    (umask 077; : >"$log")
    cd "$HOME" || return
    # Its own session, so that a hang-up at logout is not sent to it (it would drain and end).
    if command -v setsid >/dev/null; then
        setsid "$CODEX" app-server --listen ws://127.0.0.1:0 --ws-auth capability-token \
            --ws-token-file "$TOKEN_FILE" </dev/null >>"$log" 2>&1 &
    else
        nohup "$CODEX" app-server --listen ws://127.0.0.1:0 --ws-auth capability-token \
            --ws-token-file "$TOKEN_FILE" </dev/null >>"$log" 2>&1 &
    fi
    pid=$!
}

await_banner() {
    tries=0
    while [ $tries -lt 200 ]; do
        # The banner may be coloured; the address is what follows "ws://" up to the first odd character.
        port=$(tr -d '\033' <"$log" | while IFS= read -r line; do
            case $line in *'listening on:'*ws://127.0.0.1:*)
                rest=${line##*ws://127.0.0.1:}
                echo "${rest%%[!0-9]*}"
                break ;;
            esac
        done)
        [ -n "$port" ] && return
        kill -0 "$pid" || return 1
        tries=$((tries + 1))
        pause
    done
    kill "$pid"
    return 1
}

write_state() {
    read -r boot </proc/sys/kernel/random/boot_id || boot=
    (
        umask 077
        {
            echo "port=$port"
            echo "pid=$pid"
            echo "start=$(started "$pid")"
            echo "boot=$boot"
            echo "codex=$CODEX"
            echo "version=$("$CODEX" --version)"
            echo "token_file=$TOKEN_FILE"
        } >"$dir/server.new"
    )
    mv -f "$dir/server.new" "$dir/server"
}

alive() {
    pid= start=
    [ -r "$dir/server" ] || return 1
    while IFS='=' read -r key value; do
        case $key in pid) pid=$value ;; start) start=$value ;; esac
    done <"$dir/server"
    [ -n "$pid" ] && kill -0 "$pid" || return
    # Where there is no /proc, the number alone must do.
    [ -z "$start" ] || [ "$(started "$pid")" = "$start" ]
}

start() {
    LC_ALL=C
    export LC_ALL
    echo "$M begin"
    uid=$(id -u)
    dir=$HOME/.codex-ssh/$(uname -n)
    put dir "$dir"
    (umask 077; mkdir -p "$dir")
    if ! mine "$dir"; then put outcome unsafe-directory
    elif ! lock; then put outcome locked
    elif alive; then put outcome running
    else
        case $TOKEN_FILE in '') TOKEN_FILE=${CODEX_HOME:-$HOME/.codex}/app-server-token ;; '~/'*) TOKEN_FILE=$HOME/${TOKEN_FILE#??} ;; esac
        put token_file "$TOKEN_FILE"
        write_token
        if [ ! -r "$TOKEN_FILE" ]; then put outcome no-token
        else
            launch
            if await_banner; then
                write_state
                put outcome started
                put port "$port"
            else
                put outcome failed
                printf 'log x '; tail -c 2000 "$log" | hex; echo
            fi
        fi
    fi
    echo "$M end"
}
# 2>/dev/null goes here and not to the server, whose own redirections come first.
start </dev/null 2>/dev/null
