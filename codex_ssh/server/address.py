"""``--listen``: where an app server listens, in the real server's words.

Lives here: the parsed address and the parser. Not here: binding (:mod:`codex_ssh.server.listener`), and the
addresses clients type, whose rules are others (:mod:`codex_ssh.core.endpoint`).

Source: ``codex app-server --listen``, every row run against 0.163 and 0.169.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Final

from codex_ssh.core.value import dataclass
from codex_ssh.errors import UsageError

_SOCKET_ADDRESS: Final = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<four>[0-9.]+)):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    """``ws://IP:PORT`` or ``wss://IP:PORT``.

    Attributes:
        ip: A numeric address, without brackets.
        port: 0 asks for a free one.
        tls: Whether it is ``wss://``, which the real server does not have.
    """

    ip: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"

    @property
    def url(self) -> str:
        """``ws://IP:PORT`` or ``wss://IP:PORT``."""
        return f"{'wss' if self.tls else 'ws'}://{self}"

    @property
    def is_loopback(self) -> bool:
        """127.0.0.0/8 or ``::1``; as the real server we do not count ``::ffff:127.0.0.1``."""
        return ipaddress.ip_address(self.ip).is_loopback and not self.ip.lower().startswith("::ffff:")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixAddress:
    """``unix://PATH``.

    Attributes:
        path: None means the control socket below CODEX_HOME.
    """

    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioAddress:
    """``stdio://``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAddress:
    """``off``."""


ListenAddress = TcpAddress | UnixAddress | StdioAddress | NoAddress


def parse_listen(text: str) -> ListenAddress:
    """Parse the value of ``--listen``.

    Raises:
        UsageError: It is none of the forms; the words are the real server's.
    """
    if text == "stdio://":
        return StdioAddress()
    if text == "off":
        return NoAddress()
    if text.startswith("unix://"):
        path = text.removeprefix("unix://")
        return UnixAddress(path=Path(path) if path else None)
    for scheme in ("ws", "wss"):
        if text.startswith(f"{scheme}://"):
            return _parse_socket_address(text, scheme)
    raise UsageError(
        f"unsupported --listen URL `{text}`; "
        "expected `stdio://`, `unix://`, `unix://PATH`, `ws://IP:PORT`, or `off`"
    )


def _parse_socket_address(text: str, scheme: str) -> TcpAddress:
    wrong = UsageError(f"invalid websocket --listen URL `{text}`; expected `{scheme}://IP:PORT`")
    found = _SOCKET_ADDRESS.fullmatch(text.removeprefix(f"{scheme}://"))
    if found is None:
        raise wrong
    ip, port = found["six"] or found["four"], int(found["port"])
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        raise wrong from None
    if port > 65_535 or (found["six"] is None) != (address.version == 4):
        raise wrong
    return TcpAddress(ip=ip, port=port, tls=scheme == "wss")
