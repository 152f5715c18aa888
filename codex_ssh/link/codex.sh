# codex-ssh codex: find codex, as the person who logs in there would.
#
# Only where a server may have to be started: asking the login shell costs what its rc files cost.

# The PATH and umask of the login shell, run with the flags given: "M umask path" on a line of its own,
# whatever else rc files print. A shell that hangs is given five seconds.
ask_shell() {
    say="/bin/sh -c 'echo; echo $M \$(umask) \$PATH'"
    alone=
    command -v setsid >/dev/null && alone=setsid
    {
        {
            case $SHELL in
                # csh takes -l alone or not at all.
                */csh | */tcsh) echo "$say" | $alone "$SHELL" -l & ;;
                *) $alone "$SHELL" "$@" -c "$say" </dev/null & ;;
            esac
            echo "$M pid $!"
            wait $!
            echo "$M over"
        } &
        { sleep 5; echo "$M late"; } &
    } | {
        found=
        while IFS= read -r line; do
            case $line in
                "$M over" | "$M late") break ;;
                "$M pid "*) child=${line##* } ;;
                "$M "*) found=${line#"$M "}; break ;;
            esac
        done
        kill -KILL "-$child" || kill -KILL "$child"
        [ -z "$found" ] || echo "$found"
    }
}
in_path() {
    (IFS=:; for dir in $1; do
        case $dir in /*) [ -f "$dir/codex" ] && [ -x "$dir/codex" ] && echo "$dir/codex" && break ;; esac
    done)
}
known_places() {
    for place in "$HOME/.local/bin" "$HOME/.codex/packages/standalone/current" \
        "$HOME/.npm-global/bin" "$HOME"/.nvm/versions/node/*/bin \
        "$HOME"/.local/share/fnm/node-versions/*/installation/bin "$HOME/.volta/bin" "$HOME/.bun/bin" \
        /usr/local/bin /opt/homebrew/bin /home/linuxbrew/.linuxbrew/bin; do
        [ -x "$place/codex" ] && echo "$place/codex"
    done
}

find_codex() {
    told=$(ask_shell -l)
    shell_path=
    case $told in *' '*) put umask "${told%% *}"; shell_path=${told#* } ;; esac
    if [ -z "$codex" ]; then
        codex=$(in_path "$shell_path")
        from='login shell'
    fi
    if [ -z "$codex" ]; then
        case $SHELL in */csh | */tcsh) told= ;; *) told=$(ask_shell -l -i) ;; esac
        codex=$(in_path "${told#* }")
        [ -z "$codex" ] || shell_path=${told#* }
        from='interactive login shell'
    fi
    if [ -z "$codex" ]; then
        codex=$(known_places | while read -r first; do echo "$first"; break; done)
        from='known place'
    fi
    # An npm codex needs the node beside it.
    case :$shell_path: in *:"${codex%/*}":*) ;; *) [ -z "$codex" ] || shell_path=${shell_path:-$PATH}:${codex%/*} ;; esac
    put path "$shell_path"
}
