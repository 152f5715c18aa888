"""The flags every command that connects shares, and the profile they make with config and environment."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from codex_ssh.core.config import Effective, Layer, Settings
from codex_ssh.core.endpoint import WssEndpoint, parse_endpoint
from codex_ssh.core.host import Host, parse_host
from codex_ssh.core.question import Prompter
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ConfigError, UsageError
from codex_ssh.local.config_file import settings_for

if TYPE_CHECKING:
    from codex_ssh.link.way import Profile


def add_connection_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how a host and its app server are reached."""
    ssh = parser.add_argument_group("ssh", "as with ssh itself")
    ssh.add_argument(
        "-F", "--ssh-config", metavar="FILE", default="", help="ssh config instead of ~/.ssh/config"
    )
    ssh.add_argument("-i", dest="identity", metavar="FILE", action="append", default=[], help="private key")
    ssh.add_argument("-p", dest="port", metavar="PORT", type=_port, help="port of the SSH server")
    ssh.add_argument("-l", dest="login", metavar="USER", default="", help="login name")
    ssh.add_argument("-J", dest="jump", metavar="HOP[,HOP]", default="", help="go through these hosts")
    ssh.add_argument(
        "-o", dest="ssh_option", metavar="KEY=VALUE", action="append", default=[], help="any ssh option"
    )
    ssh.add_argument(
        "--ssh", choices=("auto", "asyncssh", "openssh"), help="which program makes the SSH connection"
    )
    ssh.add_argument(
        "--no-share",
        dest="share",
        action="store_const",
        const=False,
        help="an SSH connection of its own, not one with other windows",
    )
    ssh.add_argument(
        "--no-fast-path",
        dest="fast_path",
        action="store_false",
        default=None,
        help="ask the SSH server everything, whatever the last visit taught",
    )
    server = parser.add_argument_group("app server")
    server.add_argument(
        "--endpoint",
        metavar="URL",
        help="auto (found or started), ws://127.0.0.1:PORT or unix://PATH as seen from the devbox, or stdio",
    )
    server.add_argument("--codex-path", metavar="PATH", help="the codex to start there")
    server.add_argument(
        "--install", choices=("ask", "always", "never"), help="install codex there when there is none"
    )
    server.add_argument("--token-file", metavar="PATH", help="the token file on the devbox")
    server.add_argument(
        "--remote-auth-token-env", dest="token_env", metavar="VAR", help="variable here that holds the token"
    )
    server.add_argument("--wss", metavar="URL", help="go there directly instead of by SSH: wss://HOST:PORT")
    server.add_argument("--wss-fallback", choices=("auto", "ask", "never"), help="when SSH cannot be reached")
    server.add_argument("--tls-ca", metavar="FILE", help="certificate authority of the wss server")
    server.add_argument("--tls-pin", metavar="PIN", help="its public key: sha256: and base64 or hex")
    server.add_argument("--tls-cert", metavar="FILE", help="the certificate to show to the wss server")
    server.add_argument("--tls-key", metavar="FILE", help="the key of that certificate")
    server.add_argument(
        "--trust-listener",
        action="store_true",
        default=None,
        help="send the token though nobody can prove whose app server it is",
    )
    server.add_argument(
        "--allow-exposed",
        action="store_true",
        default=None,
        help="use an app server that listens beyond loopback",
    )
    server.add_argument(
        "--exec",
        metavar="COMMAND",
        help="reach the devbox by this command instead of by SSH, such as 'docker exec -i NAME'",
    )
    parser.add_argument("--no-input", action="store_true", help="never ask; a question becomes an error")
    parser.add_argument(
        "-v", dest="verbosity", action="count", default=0, help="say what happens; -vv says more"
    )


def load_settings(arguments: argparse.Namespace, host: Host) -> Effective:
    """Give what holds for a host: flags over environment over config file.

    Raises:
        UsageError: A flag's value is out of its form.
        ConfigError: The environment or the file is wrong.
    """
    keys = ("ssh", "fast_path", "exec", "endpoint", "codex_path", "install", "token_file", "token_env",
            "wss_fallback", "tls_ca",
            "tls_pin", "tls_cert", "tls_key", "trust_listener", "allow_exposed", "cd", "model", "tui",
            "door", "share")  # fmt: skip
    given = {key: getattr(arguments, key, None) for key in keys}
    flags: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    try:
        return settings_for(host.name, Layer(origin="the command line", values=flags))
    except ConfigError as error:
        if error.message.startswith("the command line: "):
            raise UsageError(error.message.removeprefix("the command line: "), hint=error.hint) from None
        raise


def build_profile(arguments: argparse.Namespace, host: Host, settings: Settings) -> Profile:
    """Give everything the link needs to know to reach a host.

    Raises:
        UsageError: ``--wss`` is not a ``wss://`` URL.
    """
    from codex_ssh.link.profile import make_profile

    ssh = SshOptions(
        config_file=arguments.ssh_config,
        set_options=tuple(arguments.ssh_option),
        user=arguments.login,
        port=arguments.port,
        identity_files=tuple(arguments.identity),
        jump=arguments.jump,
        client=settings.ssh,
        share=settings.share,
        fast_path=settings.fast_path,
    )
    wss = _parse_wss(arguments.wss) if arguments.wss else None
    return make_profile(host, settings, ssh, build_prompter(arguments), wss=wss)


def build_prompter(arguments: argparse.Namespace) -> Prompter:
    """Give whoever answers questions: the terminal, or nobody with ``--no-input``."""
    from codex_ssh.local.terminal import SilentPrompter, TerminalPrompter

    return SilentPrompter() if arguments.no_input else TerminalPrompter()


def host_argument(text: str) -> Host:
    """Parse the host for argparse."""
    try:
        return parse_host(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(f"{error} ({error.hint})" if error.hint else str(error)) from None


def name_of_command(command: str | None) -> Host:
    """Give a name for a devbox that is known by its command alone: the last word that can be one.

    Raises:
        UsageError: There is no command either.
    """
    if not command:
        raise UsageError("which host?", hint="name one, or a command that leads there with --exec")
    for word in reversed(command.split()):
        if not word.startswith("-"):
            try:
                return parse_host(word)
            except UsageError:
                continue
    return Host(name="devbox")


def _parse_wss(text: str) -> WssEndpoint:
    endpoint = parse_endpoint(text)
    if not isinstance(endpoint, WssEndpoint):
        raise UsageError("--wss takes a wss:// URL", hint="write wss://HOST:PORT")
    return endpoint


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"not a port: {text!r}")
    return int(text)
