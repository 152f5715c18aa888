# codex-ssh start: starts, stops and tidies the one app server that is ours.
#
# Behind form.sh and environment.sh. Variables: ACTION (start, stop, gc or logs), CODEX (its path), TOKEN_FILE (or empty),
# TOKEN (the token to write if the file is missing; it travels on stdin and is only ever given to shell
# builtins, so no process list shows it), UMASK and SERVER_PATH (the login shell's, or empty), KEEPER
# (systemd, or empty), ENDS (1: a logout ends what it leaves behind), FORCE (1: a second signal), LINES (of the log), and the function declared, which
# exports what the user's config declares, and EGRESS (a port and a secret to write down, or empty).
#
# Output: lines of the probe's form between two marker lines. "outcome" is what was done, or what failed.
pause() { sleep 0.1 || sleep 1; }

# The lock is a link that names its holder, so it is never without one. Only whoever made the link named
# for a dead holder may remove that holder's lock, so that two who find it never remove a third's.
lock() {
    me=$$:$(started $$):$boot
    lock=$dir/start.lock
    tries=0
    until ln -s "$me" "$lock"; do
        held=$(readlink "$lock")
        if [ -n "$held" ] && ! holder_lives "$held"; then
            by=$lock-after-${held%%:*}
            if ln -s "$me" "$by"; then
                [ "$(readlink "$lock")" != "$held" ] || rm -f "$lock"
                rm -f "$by"
            else
                heir=$(readlink "$by")
                [ -z "$heir" ] || holder_lives "$heir" || rm -f "$by"
            fi
            continue
        fi
        tries=$((tries + 1))
        [ $tries -lt 600 ] || return 1
        pause
    done
    trap unlock EXIT
    # The client may go away at any moment: what was begun is still finished, or a server would be left
    # that nobody knows.
    trap '' HUP INT TERM PIPE
}
unlock() { [ "$(readlink "$lock")" != "$me" ] || rm -f "$lock"; }
holder_lives() {
    rest=${1#*:}
    lives "${1%%:*}" "${rest%%:*}" "${rest#*:}"
}

# Our directory: the first that is ours alone and can be written; the refusal of each is kept.
choose() {
    why=
    for dir in "$at_home" "$at_run"; do
        case $dir in "$at_run") [ -d "${at_run%/codex-ssh*}" ] || continue ;; esac
        said=$( (umask 077; mkdir -p "$dir") 2>&1)
        if ! mine "$dir"; then
            why="$why$dir: ${said:-$(ls -ldn "$dir" 2>&1)}
"
        elif said=$( (umask 077; echo "is there room for a line or two" >"$dir/room.$$") 2>&1) &&
            [ -s "$dir/room.$$" ]; then
            rm -f "$dir/room.$$"
            return
        else
            rm -f "$dir/room.$$"
            why="$why$dir: $said (df: $(df -Pk "$dir" | tail -n 1))
"
        fi
    done
    false
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

# Starts codex on $1. Its first deed, before codex, is to write down its number: from then on whoever
# comes next finds it, even if this script dies here.
launch() {
    log=$dir/server.log
    (umask 077; : >"$log")
    rm -f "$dir/starting" "$dir/egress"
    # The secret is only ever given to shell builtins.
    [ -z "$EGRESS" ] || (umask 077; echo "$EGRESS" >"$dir/egress")
    case $1 in
        unix) set -- unix://"$dir/app-server.sock" ;;
        *) set -- ws://127.0.0.1:0 --ws-auth capability-token --ws-token-file "$TOKEN_FILE" ;;
    esac
    (
        trap - HUP INT TERM PIPE EXIT
        # The same path for the server's whole life; each connect that lends an agent points it anew.
        # A socket's path has 107 bytes at most; below a longer directory the agent of this connect must do.
        rm -f "$dir/agent"
        [ -z "$SSH_AUTH_SOCK" ] || ln -s "$SSH_AUTH_SOCK" "$dir/agent"
        agent=$dir/agent
        [ ${#agent} -le 107 ] || agent=$SSH_AUTH_SOCK
        unset LC_ALL
        [ -z "$locale" ] || { LC_ALL=$locale; export LC_ALL; }
        only_allowed
        SSH_AUTH_SOCK=$agent
        [ -z "$agent" ] || export SSH_AUTH_SOCK
        [ -z "$SERVER_PATH" ] || PATH=$SERVER_PATH
        export PATH
        declared
        umask "${UMASK:-$(umask)}"
        cd "$HOME" || exit
        first='mask=$(umask); umask 077; echo "$$ $1 $2" >"$3" || exit; umask "$mask"; shift 3; exec "$@"'
        set -- /bin/sh -c "$first" sh "$boot" "$1" "$dir/starting" "$CODEX" app-server --listen "$@"
        if [ "$keeps" = systemd ]; then
            set -- "$keeper" --user --scope --quiet --collect "$@"
        elif [ "$keeps" = setsid ]; then
            set -- setsid "$@"
        fi
        "$@" </dev/null >>"$log" 2>&1 &
    )
    tries=0
    until born; do
        tries=$((tries + 1))
        [ $tries -lt 50 ] || return 1
        pause
    done
}
# The process that is starting, or was when somebody died here: pid and how it listens.
born() {
    pid=
    [ -r "$dir/starting" ] && read -r pid born_boot listen <"$dir/starting" && [ "$born_boot" = "$boot" ] &&
        kill -0 "$pid"
}

await_ready() {
    tries=0
    while [ $tries -lt 200 ]; do
        case $listen in
            unix://*)
                endpoint=$listen
                real=$(readlink -f "${listen#unix://}") && [ -S "$real" ] &&
                    { [ ! -r /proc/net/unix ] || grep -F " $real" /proc/net/unix | grep -q ' 00010000 0001 01 '; } &&
                    return ;;
            *)
                # The banner may be coloured; the address is what follows "ws://" up to an odd character.
                port=$(tr -d '\033' <"$dir/server.log" | while IFS= read -r line; do
                    case $line in *'listening on:'*ws://127.0.0.1:*)
                        rest=${line##*ws://127.0.0.1:}
                        echo "${rest%%[!0-9]*}"
                        break ;;
                    esac
                done)
                endpoint=ws://127.0.0.1:$port
                [ -n "$port" ] && return ;;
        esac
        kill -0 "$pid" || return 1
        tries=$((tries + 1))
        pause
    done
    kill "$pid"
    return 1
}

write_state() {
    (
        umask 077
        {
            echo "endpoint=$endpoint"
            echo "pid=$pid"
            echo "start=$(started "$pid")"
            echo "boot=$boot"
            echo "hostname=$(uname -n)"
            echo "codex=$CODEX"
            echo "stamp=$(stamp "$CODEX")"
            echo "version=$("$CODEX" --version | { read -r line; echo "${line##* }"; })"
            echo "codex_home=$codex_home"
            echo "token_file=$TOKEN_FILE"
            echo "keeps=$ended"
            echo "because=$because"
        } >"$dir/server.new"
    ) && mv -f "$dir/server.new" "$dir/server" && rm -f "$dir/starting"
}

# Finds our server's state; dir is then where it lies.
alive() {
    for dir in "$at_home" "$at_run"; do
        recall "$dir/server" && lives "$s_pid" "$s_start" "$s_boot" && return
    done
    false
}
reachable() {
    case $s_endpoint in unix://*) [ -S "${s_endpoint#unix://}" ] ;; esac
}
# Ends process $1 as codex means it: the first signal drains, a second one ends it at once.
end() {
    kill "$1"
    tries=0
    while [ -n "$(started "$1")" ] || { [ ! -r /proc/self/stat ] && kill -0 "$1"; }; do
        tries=$((tries + 1))
        [ $tries -lt "$2" ] || { [ -n "$3" ] && kill "$1"; [ $tries -lt $(($2 + 50)) ]; } || return 1
        pause
    done
}
forget() { rm -f "$1/server" "$1/server.new" "$1/starting" "$1/app-server.sock" "$1/agent" "$1/egress"; }

start() {
    because=
    [ -z "$TOKEN_FILE" ] || because='a token file was named'
    if alive && reachable; then put outcome running; put dir "$dir"; return; fi
    choose || { put outcome no-directory; put why "$why"; return; }
    put dir "$dir"
    here=$dir
    lock || { put outcome locked; return; }
    if alive; then
        if reachable; then put outcome running; return; fi
        because='the socket of the one before was swept away'
        end "$s_pid" 100 force
        forget "$dir"
    fi
    dir=$here
    case $TOKEN_FILE in '') TOKEN_FILE=$codex_home/app-server-token ;; '~/'*) TOKEN_FILE=$HOME/${TOKEN_FILE#??} ;; esac
    keeps=nohup
    command -v setsid >/dev/null && keeps=setsid
    ended=$keeps
    [ -z "$ENDS" ] || ended=session
    if born && grep -qa app-server "/proc/$pid/cmdline"; then
        await_ready && write_state && put outcome started && put endpoint "$endpoint" && return
    fi
    if [ "$KEEPER" = systemd ]; then
        keeper=$(command -v systemd-run) && "$keeper" --user --scope --quiet --collect true </dev/null >/dev/null &&
            keeps=systemd && ended=systemd
    fi
    # Without it codex does not come up on a unix socket.
    (umask 077; mkdir -p "$codex_home")
    # codex links its sockets into a directory it wants for itself alone.
    if [ -z "$because" ] && [ -e "/tmp/codex-daemon-$uid" ] && ! mine "/tmp/codex-daemon-$uid"; then
        because="/tmp/codex-daemon-$uid is not yours alone"
    fi
    if [ -z "$because" ] && [ -n "$(started $$)" ]; then
        if launch unix && await_ready && write_state; then
            put outcome started
            put endpoint "$endpoint"
            return
        fi
        because='codex did not come up on a unix socket'
        put first_log "$(tail -c 2000 "$log")"
        [ -z "$pid" ] || kill "$pid"
    fi
    put because "$because"
    put token_file "$TOKEN_FILE"
    write_token
    if [ ! -r "$TOKEN_FILE" ]; then put outcome no-token
    elif launch ws && await_ready && write_state; then
        put outcome started
        put endpoint "$endpoint"
    else
        put outcome failed
        put log "$(tail -c 2000 "$log")"
        [ -z "$pid" ] || kill "$pid"
    fi
}

stop() {
    alive || { put outcome none; return; }
    lock || { put outcome locked; return; }
    alive || { put outcome none; return; }
    put pid "$s_pid"
    if end "$s_pid" "$([ -n "$FORCE" ] && echo 50 || echo 100)" "$FORCE"; then
        forget "$dir"
        put outcome stopped
    else
        put outcome draining
    fi
}

# Removes what a server left behind that is proved dead: its process is gone, or the machine was restarted.
gc() {
    put outcome done
    for dir in "$HOME/.codex-ssh/$(uname -n)" "$HOME/.codex-ssh/$(uname -n)"/home-* \
        "${at_run%/codex-ssh*}/codex-ssh" "${at_run%/codex-ssh*}/codex-ssh"/home-*; do
        [ -d "$dir" ] && mine "$dir" && lock || continue
        if recall "$dir/server" && lives "$s_pid" "$s_start" "$s_boot"; then
            put kept "$dir (process $s_pid lives)"
        elif born; then
            put kept "$dir (process $pid is starting)"
        else
            for name in server server.new server.log starting app-server.sock agent egress; do
                [ -e "$dir/$name" ] || [ -L "$dir/$name" ] || continue
                rm -f "$dir/$name" && put removed "$dir/$name"
            done
        fi
        unlock
        rmdir "$dir" && put removed "$dir"
    done
    for dir in "$HOME/.codex-ssh"/*; do
        case $dir in
            "$HOME/.codex-ssh/$(uname -n)") continue ;;
            "$HOME/.codex-ssh/uploads")
                # Images of messages: as upload.sh does it.
                for old in "$dir"/*; do
                    [ -d "$old" ] && [ ! -L "$old" ] || continue
                    [ -z "$(find "$old" -prune -mtime "+$DAYS")" ] || { rm -rf "$old" && put removed "$old"; }
                done
                continue
                ;;
        esac
        [ -d "$dir" ] && put kept "$dir (of another host)"
    done
}

logs() {
    for dir in "$at_home" "$at_run"; do
        [ -r "$dir/server.log" ] && mine "$dir" || continue
        put outcome done
        put path "$dir/server.log"
        printf 'log x '; tail -n "$LINES" "$dir/server.log" | hex; echo
        return
    done
    put outcome none
}

main() {
    locale=$LC_ALL
    LC_ALL=C
    export LC_ALL
    echo "$M begin"
    know
    $ACTION
    echo "$M end"
}
# 2>/dev/null goes here and not to the server, whose own redirections come first.
main </dev/null 2>/dev/null
