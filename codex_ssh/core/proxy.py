"""HTTP proxies on the direct way: which one, and whether one at all.

Lives here: what ``https_proxy`` and ``no_proxy`` mean, and the words of CONNECT. Not here: the environment
(:mod:`codex_ssh.cli.options`) and connecting (:mod:`codex_ssh.link.wss`).

Source: curl(1), whose reading of both variables is the one people know; RFC 9110 section 9.3.6.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Final
from urllib.parse import unquote, urlsplit

import h11

from codex_ssh.core.endpoint import WssEndpoint, is_loopback
from codex_ssh.core.secret import Secret
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError

_WITH_PORT: Final = re.compile(r"(?P<host>\[[^]]*\]|[^:]*):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        host: Name or numeric address.
        port: 1 to 65535.
        tls: Whether TLS is spoken with the proxy itself.
        credential: What stands behind ``Proxy-Authorization: Basic``; None sends no such header.
    """

    host: str
    port: int
    tls: bool = False
    credential: Secret | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """What the environment says about proxies, not read closer before it matters.

    Attributes:
        https: The URL; it may hold a password.
        variable: Where it came from, for messages.
        exceptions: What ``no_proxy`` says.
    """

    https: Secret = field(default_factory=lambda: Secret(""))
    variable: str = "https_proxy"
    exceptions: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Proxies:
        """Take the variables in small letters before those in capitals, as curl does."""
        variable = next((name for name in ("https_proxy", "HTTPS_PROXY") if environment.get(name)), "")
        return cls(
            https=Secret(environment.get(variable, "")),
            variable=variable or "https_proxy",
            exceptions=environment.get("no_proxy") or environment.get("NO_PROXY") or "",
        )

    def choose(self, endpoint: WssEndpoint) -> Proxy | None:
        """Give the proxy on the way to an endpoint; None goes straight there, as to loopback always.

        Raises:
            ConfigError: The variable holds no URL of an HTTP proxy. Its value is not shown.
        """
        if not self.https or is_loopback(endpoint.host) or self._is_excepted(endpoint):
            return None
        return _parse(self.https.reveal(), self.variable)

    def _is_excepted(self, endpoint: WssEndpoint) -> bool:
        words = self.exceptions.replace(",", " ").split()
        return any(word == "*" or _matches(word.lower(), endpoint) for word in words)


def _matches(word: str, endpoint: WssEndpoint) -> bool:
    host = endpoint.host.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        if "/" in word:
            try:
                return address in ipaddress.ip_network(word, strict=False)
            except ValueError:
                return False
    if with_port := _WITH_PORT.fullmatch(word):
        if int(with_port["port"]) != endpoint.port:
            return False
        word = with_port["host"]
    word = word.removeprefix("[").removesuffix("]").lstrip(".").rstrip(".")
    return bool(word) and (host == word or host.endswith(f".{word}"))


def _parse(text: str, variable: str) -> Proxy:
    wrong = ConfigError(
        f"the variable {variable} holds no URL of an HTTP proxy",
        hint="write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; no_proxy lists who needs none",
    )
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong
    credential = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credential = Secret(base64.b64encode(pair.encode()).decode())
    tls = parts.scheme == "https"
    return Proxy(host=parts.hostname, port=port or (443 if tls else 80), tls=tls, credential=credential)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnelled:
    """The proxy lets us through; bytes are the server's from now on.

    Attributes:
        leftover: Bytes behind its answer. A TLS server sends none before we do.
    """

    leftover: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRefused:
    """The proxy answered something else.

    Attributes:
        status: HTTP status; 0 when the answer is no HTTP.
        body: The reason phrase, or what is wrong; remote text.
    """

    status: int
    body: str


class Connect:
    """One CONNECT, without I/O: give it the bytes that arrive, it gives the verdict once.

    Args:
        endpoint: Where to.
    """

    def __init__(self, endpoint: WssEndpoint) -> None:
        self._target = str(endpoint).removeprefix("wss://")
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=64 * 1024)

    def request(self, credential: Secret | None) -> bytes:
        """Give the request to send."""
        headers = [("Host", self._target)]
        if credential is not None:
            headers.append(("Proxy-Authorization", f"Basic {credential.reveal()}"))
        sent = self._http.send(h11.Request(method="CONNECT", target=self._target, headers=headers))
        ended = self._http.send(h11.EndOfMessage())
        return (sent or b"") + (ended or b"")

    def receive(self, data: bytes) -> Tunnelled | ProxyRefused | None:
        """Take bytes from the proxy; ``b""`` means it closed. None: more is needed."""
        try:
            self._http.receive_data(data)
            event = self._http.next_event()
            while isinstance(event, h11.InformationalResponse):
                event = self._http.next_event()
        except h11.RemoteProtocolError as error:
            return ProxyRefused(status=0, body=str(error))
        if isinstance(event, h11.Response):
            if 200 <= event.status_code < 300:
                return Tunnelled(leftover=self._http.trailing_data[0])
            return ProxyRefused(status=event.status_code, body=event.reason.decode("latin-1"))
        if isinstance(event, h11.ConnectionClosed):
            return ProxyRefused(status=0, body="it closed the connection")
        return None
