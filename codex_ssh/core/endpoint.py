"""Where an app server listens: the official address forms, parsed once.

Lives here: the endpoint values and the parser for what users type and what banners print.
Not here: how an endpoint is reached (:mod:`codex_ssh.link.dial`), and ``--listen``, whose rules are the
app server's own (:mod:`codex_ssh.server.listener`).

Source: the official TUI's ``--remote`` takes ``ws://host:port``, ``wss://host:port``, ``unix://`` and
``unix://PATH``; the port must be written, the path must be empty or ``/``, and neither query nor
fragment is allowed. Unlike it we refuse userinfo, without echoing it: it prints it in errors.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from codex_ssh.core.value import dataclass
from codex_ssh.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class WsEndpoint:
    """A plain WebSocket listener on the devbox.

    Attributes:
        host: Name or numeric address, without brackets.
        port: 1 to 65535.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"ws://{_bracketed(self.host)}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on that machine can connect."""
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class WssEndpoint:
    """A WebSocket listener behind TLS, reached directly."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"wss://{_bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixEndpoint:
    """A unix socket on the devbox.

    Attributes:
        path: Absolute path there; empty means the default control socket below CODEX_HOME.
    """

    path: str = ""

    def __str__(self) -> str:
        return f"unix://{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioEndpoint:
    """The stdin and stdout of an app server that is started for one connection."""

    def __str__(self) -> str:
        return "stdio"


Endpoint = WsEndpoint | WssEndpoint | UnixEndpoint

DevboxEndpoint = WsEndpoint | UnixEndpoint | StdioEndpoint
"""What an app server on the devbox can be reached at."""


def is_loopback(host: str) -> bool:
    """Whether an address or name means this very machine: ``localhost``, 127.0.0.0/8, ``::1``."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def parse_endpoint(text: str) -> Endpoint:
    """Parse one of the official address forms.

    Raises:
        UsageError: The text is none of them. The message shows the text unless it may hold a secret.
    """
    if text.startswith("unix://"):
        return UnixEndpoint(path=text.removeprefix("unix://"))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"not an address: {error}", hint=_FORMS) from None
    _refuse_userinfo(parts, text)
    if parts.query or "?" in text:
        # A query is where people put tokens, so it is not echoed.
        raise UsageError("an address takes no query", hint=_FORMS)
    if (
        parts.scheme not in ("ws", "wss")
        or not parts.hostname
        or not port
        or parts.path not in ("", "/")
        or "#" in text
    ):
        raise UsageError(f"not an address: {text!r}", hint=_FORMS)
    if parts.scheme == "wss":
        return WssEndpoint(host=parts.hostname, port=port)
    return WsEndpoint(host=parts.hostname, port=port)


_FORMS = "write ws://HOST:PORT, wss://HOST:PORT, unix:// or unix://PATH, with the port and nothing behind it"


def _refuse_userinfo(parts: SplitResult, text: str) -> None:
    if "@" in parts.netloc or "@" in text.partition("://")[2].partition("/")[0]:
        raise UsageError(
            "an address takes no user name or password",
            hint="name the token's source instead: --token-file, or --remote-auth-token-env VAR",
        )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
