# codex-ssh bridge: join stdin and stdout of this shell with a socket of this host.
#
# Set in front of this text by the client, quoted: M (the marker), HOST and PORT, or SOCK (a unix socket's
# path), and CODEX (its path, or empty). Prints "M ready WAY" right before the first byte of the socket, or
# "M none" when there is no program here that could do it. The client sends nothing before it has read that:
# some shells read more of their stdin than the script.
have() { command -v "$1" >/dev/null 2>&1; }
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
