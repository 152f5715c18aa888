"""How much one address may try, and how many may be there at once.

Lives here: counting. Not here: the answers (:mod:`codex_ssh.server.listener`).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from codex_ssh.core.upgrade import Refusal

WINDOW_SECONDS: Final = 60
MAX_FAILURES: Final = 100
"""Wrong credentials an address may show within :data:`WINDOW_SECONDS`."""

LOGGED_FAILURES: Final = 10
"""How many of them are logged one by one."""

MAX_CONNECTIONS: Final = 4096
MAX_ADDRESSES: Final = 10_000
"""How many addresses are remembered; the oldest is forgotten first."""

TOO_MANY_CONNECTIONS: Final = Refusal(status=HTTPStatus.SERVICE_UNAVAILABLE, body="too many connections")


@dataclass(slots=True, kw_only=True)
class _Window:
    began: float
    failures: int = 0


@dataclass(slots=True, kw_only=True)
class FailureLimit:
    """Counts wrong credentials by address, in windows of :data:`WINDOW_SECONDS`.

    Attributes:
        most: How many a window may have.
    """

    most: int = MAX_FAILURES
    _windows: dict[str, _Window] = field(default_factory=dict)

    def refusal(self, address: str, *, now: float) -> Refusal | None:
        """Give 429 for an address that tried too often, whatever it shows now.

        Args:
            address: A numeric address, or "" where there is none.
            now: Seconds of a clock that does not jump.
        """
        window = self._windows.get(address_block(address))
        if window is None or now - window.began >= WINDOW_SECONDS or window.failures < self.most:
            return None
        wait = max(1, int(window.began + WINDOW_SECONDS - now) + 1)
        return Refusal(
            status=HTTPStatus.TOO_MANY_REQUESTS,
            body="too many failed attempts",
            headers=(("retry-after", str(wait)),),
        )

    def count(self, address: str, *, now: float) -> int:
        """Count a failure; give how many there were in this window."""
        block = address_block(address)
        window = self._windows.get(block)
        if window is None or now - window.began >= WINDOW_SECONDS:
            self._windows.pop(block, None)  # so that it stands last
            window = self._windows[block] = _Window(began=now)
            if len(self._windows) > MAX_ADDRESSES:
                del self._windows[next(iter(self._windows))]
        window.failures += 1
        return window.failures


def address_block(address: str) -> str:
    """Give what is counted as one: an IPv4 address, or the /64 an IPv6 host can choose from."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
