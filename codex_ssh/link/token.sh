# codex-ssh token: writes the token file. Behind form.sh. Variables: TOKEN_FILE, TOKEN (only ever given to
# shell builtins), REPLACE (1: though there is one).
write() {
    case $TOKEN_FILE in '') TOKEN_FILE=$codex_home/app-server-token ;; '~/'*) TOKEN_FILE=$HOME/${TOKEN_FILE#??} ;; esac
    if [ -L "$TOKEN_FILE" ]; then TOKEN_FILE=$(readlink -f "$TOKEN_FILE"); fi
    put path "$TOKEN_FILE"
    if [ -e "$TOKEN_FILE" ] && [ -z "$REPLACE" ]; then put outcome exists; return; fi
    new=$TOKEN_FILE.$$
    said=$( (
        umask 077
        mkdir -p "${TOKEN_FILE%/*}" && set -C && printf '%s\n' "$TOKEN" >"$new"
    ) 2>&1)
    # A full disk leaves a file with nothing in it.
    if read -r written <"$new" && [ "$written" = "$TOKEN" ] && mv -f "$new" "$TOKEN_FILE"; then
        put outcome written
    else
        rm -f "$new"
        put outcome failed
        put why "$said"
    fi
}
echo "$M begin"
{ know; write; } </dev/null 2>/dev/null
echo "$M end"
