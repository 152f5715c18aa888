"""The beginning of a SOCKS connection: what its client wants to reach.

Lives here: reading it. Not here: listening and connecting (:mod:`codex_ssh.link.socks`).

Source: RFC 1928, version 5, the command CONNECT, nobody asked who he is. Names are left to the devbox.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

DONE: Final = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
"""The answer to a client that is connected."""

_VERSION: Final = 5
_OPEN_TO_ALL: Final = 0
_CONNECT: Final = 1
_V4, _NAME, _V6 = 1, 3, 4
_WELCOME: Final = b"\x05\x00"
_UNWELCOME: Final = b"\x05\xff"
_UNREACHABLE, _NO_COMMAND, _NO_ADDRESS = 5, 7, 8
_NAMES: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")


def failed(reason: int = _UNREACHABLE) -> bytes:
    """Give the answer to a client that is not connected; without a reason, it was refused there."""
    return bytes([_VERSION, reason]) + DONE[2:]


class SocksRequest:
    """Reads what a client says until it is known where it wants to go.

    Attributes:
        target: Host and port, as seen from the devbox; None until it is known.
        is_refused: It is not to be served: what :meth:`feed` gave is the last it hears.
        rest: What it said behind that already.
    """

    def __init__(self) -> None:
        self.target: tuple[str, int] | None = None
        self.is_refused = False
        self.rest = b""
        self._is_welcome = False

    def feed(self, data: bytes) -> bytes:
        """Take what came, and give what is to be answered; may be nothing."""
        self.rest += data
        answer = b""
        if not self._is_welcome:
            if self.rest[:1] not in (b"", b"\x05"):  # version 4, or no SOCKS at all
                return self._refuse(b"")
            if len(self.rest) < 2 or len(self.rest) < 2 + self.rest[1]:
                return b""
            methods = self.rest[2 : 2 + self.rest[1]]
            if _OPEN_TO_ALL not in methods:
                return self._refuse(_UNWELCOME)
            self.rest = self.rest[2 + len(methods) :]
            self._is_welcome = True
            answer = _WELCOME
        return answer + self._read_target()

    def _read_target(self) -> bytes:
        said = self.rest
        if self.target is not None or len(said) < 5:
            return b""
        version, command, _, kind, length = said[:5]
        if version != _VERSION or command != _CONNECT:
            return self._refuse(failed(_NO_COMMAND))
        start, size = {_V4: (4, 4), _V6: (4, 16), _NAME: (5, length)}.get(kind, (0, 0))
        if not size:
            return self._refuse(failed(_NO_ADDRESS))
        if len(said) < start + size + 2:
            return b""
        raw = said[start : start + size]
        host = raw.decode("latin-1") if kind == _NAME else str(ipaddress.ip_address(raw))
        if kind == _NAME and not _NAMES.fullmatch(host):
            return self._refuse(failed(_NO_ADDRESS))
        self.target = host, int.from_bytes(said[start + size : start + size + 2], "big")
        self.rest = said[start + size + 2 :]
        return b""

    def _refuse(self, answer: bytes) -> bytes:
        self.is_refused = True
        return answer
