# codex-ssh form: what every script of ours begins with. Its answer's form, and where our state lies.
#
# Set in front of this text by the client, quoted: M (the marker), and the variables each script names.
# POSIX sh and its usual companions (ls, od, tr, dd, grep, id, uname, cksum), nothing else. Works in bash,
# dash and busybox. A line is "KEY p PLAIN" or "KEY x HEX", so that no value can pretend to be a line.
put() {
    case $2 in
        *[!A-Za-z0-9._/:@%+=,~-]*) printf '%s x ' "$1"; printf %s "$2" | hex; echo ;;
        *) printf '%s p %s\n' "$1" "$2" ;;
    esac
}
hex() { od -An -v -tx1 | tr -d ' \n'; }

# Field 22 of /proc/PID/stat; the name in field 2 may hold anything, so count from behind its bracket.
# A dead process that nobody has waited for yet is dead.
started() {
    read -r stat <"/proc/$1/stat" || return
    set -- ${stat##*) }
    [ "$1" != Z ] && shift 19 && echo "$1"
}
# Whether process $1 lives, started at $2 under boot $3. Where there is no /proc, the number must do.
lives() {
    case $1 in '' | *[!0-9]*) return 1 ;; esac
    [ "$3" = "$boot" ] || return 1
    if [ -r /proc/self/stat ]; then [ "$(started "$1")" = "$2" ]; else kill -0 "$1"; fi
}

# A directory of ours: the login user's, closed to everybody else.
mine() {
    set -- $(ls -ldn "$1")
    case $1 in d???------*) [ "$3" = "$uid" ] ;; *) false ;; esac
}

# Where our state may lie: below HOME by the host's name, since HOME may be shared by many; else in the
# runtime directory. A CODEX_HOME of its own has a server of its own.
know() {
    me=$(id)
    uid=${me#uid=}; uid=${uid%%[!0-9]*}
    # System, name and machine; a name holds no blank.
    set -- $(uname -snm)
    os=$1 node=$2 arch=$3
    boot=
    [ -r /proc/sys/kernel/random/boot_id ] && read -r boot </proc/sys/kernel/random/boot_id
    codex_home=${CODEX_HOME:-$HOME/.codex}
    case $codex_home in /*) ;; *) codex_home=$PWD/$codex_home ;; esac
    part=
    [ "$codex_home" = "$HOME/.codex" ] || part=/home-$(printf %s "$codex_home" | cksum | tr -d ' ')
    at_home=$HOME/.codex-ssh/$node$part
    at_run=${XDG_RUNTIME_DIR:-/run/user/$uid}/codex-ssh$part
}
# Reads the state file $1 into its keys; false when it is not one of ours.
recall() {
    s_endpoint= s_pid= s_start= s_boot= s_codex= s_stamp= s_version= s_keeps=
    [ -r "$1" ] && mine "${1%/*}" || return
    while IFS='=' read -r key value; do
        case $key in
            endpoint) s_endpoint=$value ;;
            pid) s_pid=$value ;;
            start) s_start=$value ;;
            boot) s_boot=$value ;;
            codex) s_codex=$value ;;
            stamp) s_stamp=$value ;;
            version) s_version=$value ;;
            keeps) s_keeps=$value ;;
        esac
    done <"$1"
}
# What changes when a program is replaced, an npm package's too, whose files are all of one date.
stamp() { set -- $(ls -lniL "$1"); echo "$1.$6.$7.$8.$9"; }

# A shell in another network namespace than sshd sees other ports than those a channel leads to: the
# connection it came by is not in its tables, or not even in its environment.
namespace() {
    [ -r /proc/net/tcp ] || return
    set -- $SSH_CONNECTION
    case $2$4 in '' | *[!0-9]*) false ;; *)
        cat /proc/net/tcp /proc/net/tcp6 | grep -q "$(printf ':%04X [0-9A-F]*:%04X 01 ' "$4" "$2")" ;;
    esac || put namespace other
}
