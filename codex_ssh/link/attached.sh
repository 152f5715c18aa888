# codex-ssh attached: an app server on this shell's own stdin and stdout; it ends with them.
#
# Behind environment.sh. Variables: CODEX (its path), UMASK and SERVER_PATH (the login shell's, or empty), and
# the function declared, which exports what the user's config declares. Prints "M ready" right before the first
# line of the server; the client sends nothing before it has read that.
agent=$SSH_AUTH_SOCK
only_allowed
[ -z "$agent" ] || { SSH_AUTH_SOCK=$agent; export SSH_AUTH_SOCK; }
[ -z "$SERVER_PATH" ] || PATH=$SERVER_PATH
export PATH
declared
umask "${UMASK:-$(umask)}"
cd "$HOME" || exit
if [ -x "$CODEX" ]; then
    printf '%s ready\n' "$M"
    exec "$CODEX" app-server
fi
echo "no program at $CODEX" >&2
