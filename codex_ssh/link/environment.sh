# codex-ssh environment: what of this shell's environment an app server gets; what the config declares comes
# on top.
only_allowed() {
    for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
        case $name in
            HOME | USER | LOGNAME | SHELL | PATH | LANG | LANGUAGE | LC_* | TZ | TMPDIR | XDG_* | CODEX_* | OPENAI_*) ;;
            SSL_CERT_FILE | SSL_CERT_DIR | NODE_EXTRA_CA_CERTS | DBUS_SESSION_BUS_ADDRESS) ;;
            http_proxy | https_proxy | all_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | ALL_PROXY | NO_PROXY) ;;
            PWD | IFS | OPTIND | PPID | UID | EUID) ;;
            *) unset "$name" ;;
        esac
    done
}
