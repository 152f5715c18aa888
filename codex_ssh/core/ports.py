"""Forwards between the two machines: what is wanted, what is open, and what is denied.

Lives here: the values, and what a person writes (``3000:8000``). Not here: what listens on the devbox
(:mod:`codex_ssh.core.listening`), and opening anything (:mod:`codex_ssh.link.forwards`).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from codex_ssh.core.value import dataclass
from codex_ssh.errors import UsageError

LOOPBACK: Final = ("127.0.0.1", "::1")
"""Where a port of the devbox is looked for when nobody says where it listens."""

FIRST_FREE: Final = 1024
"""Ports below need root here."""

ANY_PORT: Final = 0

Deny: TypeAlias = tuple[range, ...]
"""Ports of a devbox that are never opened here."""

_PORTS: Final = range(1, 65536)
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")


class Direction(enum.Enum):
    """Which way a forward goes."""

    LOCAL = "local"
    """A port here leads to one there."""
    REMOTE = "remote"
    """A port there leads to one here."""
    SOCKS = "socks"
    """A port here leads wherever its client says, seen from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A forward somebody wants.

    Attributes:
        direction: Which way.
        local: The port here; :data:`ANY_PORT` takes a free one.
        remote: The port there; 0 for SOCKS.
        host: Where the far port is, as its side sees it; empty is that side's own loopback.
        is_fixed: The port that is listened on was named: no other one will do.
    """

    direction: Direction = Direction.LOCAL
    local: int
    remote: int = 0
    host: str = ""
    is_fixed: bool = False

    def __str__(self) -> str:
        if self.direction is Direction.SOCKS:
            return f"-D {self.local}"
        host = f"{self.host}:" if self.host else ""
        if self.direction is Direction.REMOTE:
            return f"-R {self.remote}:{host}{self.local}"
        return f"{self.local}:{host}{self.remote}" if self.is_fixed or host else str(self.remote)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A forward that is open.

    Attributes:
        number: Tells it from the others.
        direction: Which way.
        local, remote, host: As of :class:`Wish`, with the port it got.
        note: Why it is not as it was wanted; empty mostly.
        is_reused: Somebody's listener here leads there already; nothing of ours listens.
        fault: Why it does not work just now; empty when it does, as far as is known.
    """

    number: int
    direction: Direction
    local: int
    remote: int
    host: str = ""
    note: str = ""
    is_reused: bool = False
    fault: str = ""

    @property
    def url(self) -> str:
        """What a browser, or for SOCKS a program, is given; empty for what listens on the devbox."""
        if self.direction is Direction.REMOTE:
            return ""
        return f"{'http' if self.direction is Direction.LOCAL else 'socks5h'}://localhost:{self.local}"

    @property
    def near(self) -> str:
        """Its end here: what a browser, or for SOCKS a program, is given; for a remote one where it leads."""
        return self.url or f"{self.host or 'localhost'}:{self.local} here"

    @property
    def covers(self) -> int:
        """The port of the devbox's loopback it is about; 0 for none."""
        return 0 if self.direction is Direction.LOCAL and self.host else self.remote

    def said(self, host: str) -> str:
        """Say what it is, in a sentence.

        Args:
            host: Whose ports these are; harmless already.
        """
        match self.direction:
            case Direction.LOCAL:
                return f"{self.url} is port {self.far} of {host}"
            case Direction.REMOTE:
                return f"port {self.remote} of {host} is {self.near}"
            case Direction.SOCKS:
                return f"{self.url} goes wherever {host} can"

    @property
    def far(self) -> str:
        """Where it leads, or for a remote one where it listens, on the devbox."""
        if self.direction is Direction.SOCKS:
            return "any"
        return (
            f"{self.host}:{self.remote}"
            if self.host and self.direction is Direction.LOCAL
            else f"{self.remote}"
        )


def read_wish(text: str) -> Wish:
    """Read ``PORT``, ``LOCAL:PORT`` or ``LOCAL:HOST:PORT``.

    Raises:
        UsageError: It is none of these.
    """
    near, host, far = _parts(text, "PORT or LOCAL:PORT, such as 3000:8000")
    return Wish(
        local=far if near is None else near, remote=far, host=host, is_fixed=near not in (None, ANY_PORT)
    )


def read_remote_wish(text: str) -> Wish:
    """Read ``-R``: ``PORT``, ``REMOTE:PORT`` or ``REMOTE:HOST:PORT``; the devbox listens on the first.

    Raises:
        UsageError: It is none of these.
    """
    near, host, far = _parts(text, "PORT or REMOTE:PORT, such as 9000:3000")
    return Wish(
        direction=Direction.REMOTE, remote=far if near is None else near, local=far, host=host, is_fixed=True
    )


def read_socks_wish(text: str) -> Wish:
    """Read ``-D``: a port here.

    Raises:
        UsageError: It is none.
    """
    port = _port(text, text, "a port, such as 1080", lowest=ANY_PORT)
    return Wish(direction=Direction.SOCKS, local=port, is_fixed=port != ANY_PORT)


_FLAGS: Final[Mapping[str, Callable[[str], Wish]]] = {"-R": read_remote_wish, "-D": read_socks_wish}


def _parts(text: str, form: str) -> tuple[int | None, str, int]:
    near, colon, rest = text.partition(":")
    if not colon:
        return None, "", _port(near, text, form)
    host, colon, far = rest.rpartition(":")
    if colon and not _NAME.fullmatch(host):
        raise UsageError(f"not a forward: {text!r}", hint=f"write {form}; it listens on loopback only")
    return _port(near, text, form, lowest=ANY_PORT), host.strip("[]"), _port(far, text, form)


def _port(text: str, whole: str, form: str, *, lowest: int = 1) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and lowest <= int(text) < _PORTS.stop:
        return int(text)
    raise UsageError(f"not a forward: {whole!r}", hint=f"write {form}")


def read_wishes(words: Sequence[str]) -> list[Wish]:
    """Read words as they stand behind ``codex-ssh forward HOST``: ``8000 -R 9000:3000 -D 1080``.

    Raises:
        UsageError: One is no forward.
    """
    wishes, left = [], iter(words)
    for word in left:
        read = _FLAGS.get(word[:2])
        wishes.append(read_wish(word) if read is None else read(word[2:] or next(left, "")))
    return wishes


def local_ports(wish: Wish) -> tuple[int, ...]:
    """Give the ports here to try for a forward, in order: the same one first, then one that is like it."""
    if wish.is_fixed or wish.local == ANY_PORT:
        return (wish.local,)
    alike = [wish.local + 10000]
    if wish.local < FIRST_FREE:
        alike.insert(0, wish.local + 8000)
    return (wish.local, *(port for port in alike if port in _PORTS), ANY_PORT)


# ---------------------------------------------------------------- deny list


def read_deny(raw: object) -> Deny:
    """Read a deny list: ports and ranges, such as ``[22, "9000-9099"]``, or a text of them.

    Raises:
        UsageError: One is neither.
        TypeError: It is no list.
    """
    if isinstance(raw, str):
        raw = raw.replace(",", " ").split()
    if not isinstance(raw, Sequence):
        raise TypeError("not a list of ports")
    return tuple(map(_denied_range, raw))


def _denied_range(one: object) -> range:
    first, dash, last = str(one).partition("-")
    numbers = [int(text) for text in (first, last if dash else first) if text.isascii() and text.isdigit()]
    if isinstance(one, bool) or len(numbers) < 2 or not 0 < numbers[0] <= numbers[1] < _PORTS.stop:
        raise UsageError(f"not a port or a range of ports: {one!r}", hint='write 5432 or "9000-9099"')
    return range(numbers[0], numbers[1] + 1)


def is_denied(port: int, deny: Deny) -> bool:
    """Whether a port stands on a deny list."""
    return any(port in ports for ports in deny)
