# codex-ssh inventory: what costs too much to be asked on every connect: each codex with its version, and
# whether commands can be sandboxed.
#
# Behind codex.sh, before probe.sh, and only sent when everything is asked for.

# Runs a command for five seconds at most.
capped() {
    "$@" &
    child=$!
    { sleep 5; kill -KILL "$child"; } >/dev/null 2>&1 </dev/null &
    watch=$!
    wait "$child"
    ended=$?
    kill "$watch"
    return $ended
}
every_place() {
    [ -z "$codex" ] || echo "$codex"
    (IFS=:; for dir in $PATH $shell_path; do
        case $dir in /*) [ -f "$dir/codex" ] && [ -x "$dir/codex" ] && echo "$dir/codex" ;; esac
    done)
    known_places
}
inventory() {
    seen=:
    every_place | while IFS= read -r place; do
        case $seen in *:"$place":*) continue ;; esac
        seen=$seen$place:
        said=$(capped "$place" --version </dev/null | { read -r line; echo "${line##* }"; })
        put codex.found "$said $place"
    done
    command -v bwrap >/dev/null && put bwrap yes
    # Codex starts a sandbox of its own, as it does for a command. It would make its directory, so not without.
    [ -n "$codex" ] && [ -d "$codex_home" ] || return
    said=$(cd / && capped "$codex" sandbox -- true 2>&1)
    case $? in
        0) put sandbox.starts yes ;;
        2) ;; # an old one calls it otherwise
        *) put sandbox.starts no; put sandbox.said "$(echo "$said" | grep -v '^WARNING\|^note:\|^stack' | tail -n 3)" ;;
    esac
}
