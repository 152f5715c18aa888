"""The way out through the laptop: which hosts codex on a devbox without a network may reach, and by what.

Lives here: the values, the variables an app server gets, and judging what a client of the proxy asks for.
Not here: serving it (:mod:`codex_ssh.link.egress`).

The app server is told once, at its start, where its proxy is: a port of the devbox's loopback, and a secret
that counts for as long as that server lives. The secret stands in a URL, since that is the only form
``HTTPS_PROXY`` has; it is the one secret of ours that does.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

from codex_ssh.core.egress_hosts import is_allowed
from codex_ssh.core.secret import Secret
from codex_ssh.core.value import dataclass

PORTS: Final = range(20000, 30000)
"""Where the proxy's port on a devbox is taken from: none that the kernel gives away."""

HEAD_LIMIT: Final = 8192
"""A request that is longer is none of codex's."""

CONNECTED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"

_USER: Final = "codex-ssh"
_NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_WORDS: Final = {
    400: "Bad Request",
    403: "Forbidden",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    502: "Bad Gateway",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """How one app server reaches the network.

    Attributes:
        port: Of the devbox's loopback.
        secret: What a client has to show; for one run of the app server.
    """

    port: int
    secret: Secret

    @property
    def line(self) -> str:
        """What is kept on the devbox, in a file only its user can read. Holds the secret."""
        return f"{self.port} {self.secret.reveal()}"

    @property
    def variables(self) -> Mapping[str, str]:
        """What the app server's environment has. Holds the secret."""
        url = f"http://{_USER}:{self.secret.reveal()}@127.0.0.1:{self.port}"
        here = "localhost,127.0.0.1,::1"
        return {"HTTPS_PROXY": url, "https_proxy": url, "NO_PROXY": here, "no_proxy": here}


def read_egress(line: str) -> Egress | None:
    """Read the line that is kept; None when there is none."""
    port, _, secret = line.strip().partition(" ")
    if not port.isdigit() or int(port) not in PORTS or not secret:
        return None
    return Egress(port=int(port), secret=Secret(secret))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client of the proxy asked for, and what comes of it.

    Attributes:
        status: 200 when it is let through.
        host, port: Where it wants to go; empty and 0 when it did not say.
        why: The refusal in words.
    """

    status: int
    host: str = ""
    port: int = 0
    why: str = ""

    @property
    def answer(self) -> bytes:
        """What a client that is not let through is told."""
        more = 'Proxy-Authenticate: Basic realm="codex-ssh"\r\n' if self.status == 407 else ""
        body = f"codex-ssh: {self.why}\n"
        return (
            f"HTTP/1.1 {self.status} {_WORDS[self.status]}\r\n{more}Connection: close\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def judge(head: bytes, secret: Secret, hosts: Sequence[str]) -> Asked:
    """Judge a request by its head, up to the empty line."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return Asked(status=400, why="that is no request to a proxy")
    if not _is_known(lines, secret):
        return Asked(status=407, why="the secret of this app server is missing or wrong")
    if words[0] != "CONNECT":
        return Asked(status=405, why="only CONNECT is served here")
    host, _, port = words[1].lower().rpartition(":")
    if not _NAME.fullmatch(host) or not port.isdigit() or int(port) not in range(1, 65536):
        return Asked(status=400, why="that is no HOST:PORT")
    if not is_allowed(host, int(port), hosts):
        return Asked(status=403, host=host, port=int(port), why=f"{host}:{port} is not among egress_hosts")
    return Asked(status=200, host=host, port=int(port))


def _is_known(lines: Sequence[str], secret: Secret) -> bool:
    for line in lines:
        name, _, value = line.partition(":")
        kind, _, credentials = value.strip().partition(" ")
        if name.lower() != "proxy-authorization" or kind.lower() != "basic":
            continue
        try:
            shown = base64.b64decode(credentials, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(shown, f"{_USER}:{secret.reveal()}".encode())
    return False
