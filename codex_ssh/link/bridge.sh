# codex-ssh bridge: join stdin and stdout of this shell with a socket of this host.
#
# Set in front of this text by the client, quoted: M (the marker), HOST and PORT, or SOCK (a unix socket's
# path), CODEX (its path, or empty), and TRUST (1: whoever listens). Prints "M ready WAY" right before the first
# byte of the socket, "M foreign UID" when somebody else listens, or "M none" when there is no program here that
# could do it. The client sends nothing before it has read that: some shells read more of their stdin than the
# script.
have() { command -v "$1" >/dev/null 2>&1; }

# Whose it is, once more and in this very shell, which need not be in the container that was looked at: the
# owners of the listener that are not us.
others() {
    if [ -n "$SOCK" ]; then
        [ ! -e "$SOCK" ] || [ -O "$SOCK" ] || echo socket
        return
    fi
    uid=
    while read -r key _ uid _; do [ "$key" != Uid: ] || break; done 2>/dev/null </proc/self/status
    [ -n "$uid" ] || return
    here=$(printf ':%04X' "$PORT")
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | { if have grep; then grep "$here "; else cat; fi; } |
        while read -r _ local _ state _ _ _ owner _; do
            case $local,$state in *"$here,0A") [ "$owner" = "$uid" ] || echo "$owner" ;; esac
        done
}
ready() { printf '%s ready %s\n' "$M" "$1"; }

python_bridge='
import socket, sys, threading, os
where = sys.argv[2:]
there = socket.socket(socket.AF_UNIX) if len(where) == 1 else None
if there: there.connect(where[0])
else: there = socket.create_connection((where[0], int(where[1])))
os.write(1, (sys.argv[1] + " ready python3\n").encode())
def feed():
    while data := os.read(0, 65536): there.sendall(data)
    there.shutdown(socket.SHUT_WR)
threading.Thread(target=feed, daemon=True).start()
while data := there.recv(65536): os.write(1, data)
'
# One connection for both directions; whichever side ends first ends the other.
bash_bridge='
{ exec 3<>"/dev/tcp/$2/$3"; } 2>/dev/null || exit 97
printf "%s ready bash\n" "$1"
{ cat <&3; kill $$; } & cat >&3; kill %1
'
other=
[ -n "$TRUST" ] || other=$(others)
if [ -n "$other" ]; then
    echo "$M foreign" $other
    exit
fi
if [ -n "$SOCK" ]; then
    if [ -n "$CODEX" ]; then ready codex; exec "$CODEX" app-server proxy --sock "$SOCK"; fi
    if have socat; then ready socat; exec socat - "UNIX-CONNECT:$SOCK"; fi
    if have python3; then exec python3 -c "$python_bridge" "$M" "$SOCK"; fi
    if have nc; then ready nc; exec nc -U "$SOCK"; fi
else
    if have bash; then
        bash -c "$bash_bridge" - "$M" "$HOST" "$PORT"
        # 97: it cannot; bash may be built without this.
        [ $? = 97 ] || exit
    fi
    if have socat; then ready socat; exec socat - "TCP:$HOST:$PORT"; fi
    if have python3; then exec python3 -c "$python_bridge" "$M" "$HOST" "$PORT"; fi
    if have nc; then ready nc; exec nc "$HOST" "$PORT"; fi
fi
printf '%s none\n' "$M"
