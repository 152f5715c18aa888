# codex-ssh checkup: what only a person who looks for a fault asks for. Behind form.sh.

checkup() {
    LC_ALL=C
    export LC_ALL
    echo "$M begin"
    know
    put shell "$SHELL"
    put state "$at_home"
    dir=$at_home
    while [ -n "$dir" ] && [ ! -d "$dir" ]; do dir=${dir%/*}; done
    put room "$(df -Pk "${dir:-/}" | { read -r _; read -r _ _ _ free _; echo "$free"; })"
    [ -w "${dir:-/}" ] || put readonly yes
    for name in http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY; do
        eval "value=\${$name-}"
        [ -z "$value" ] || put proxy "$name"
    done
    echo "$M end"
}
(exec </dev/null 2>/dev/null; checkup)
