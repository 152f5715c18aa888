"""Ports between the two machines: what listens on the devbox, and what is to be opened.

Lives here: the values, what a person writes (``3000:8000``), the deny list, reading the script's answer, and
which listener is news. Not here: asking the devbox (:mod:`codex_ssh.link.listeners`), opening anything
(:mod:`codex_ssh.link.forwards`), and when it is looked (:mod:`codex_ssh.tui.port_watch`).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from codex_ssh.core.probe import read_address
from codex_ssh.core.value import dataclass
from codex_ssh.errors import UsageError

LOOPBACK: Final = ("127.0.0.1", "::1")
"""Where a port of the devbox is looked for when nobody says where it listens."""

EPHEMERAL: Final = range(32768, 61000)
"""The ports Linux gives to who asks for any: no dev server is met there but by chance."""

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
    def far(self) -> str:
        """Where it leads, or for a remote one where it listens, on the devbox."""
        if self.direction is Direction.SOCKS:
            return "anywhere"
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


# ---------------------------------------------------------------- what listens


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that holds a socket.

    Attributes:
        words: What runs, in a few words; remote text; empty when it is not known.
        started: When it began, in seconds since the devbox did; None when that is not known.
    """

    words: str = ""
    started: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningPort:
    """A TCP port of the devbox's loopback that the login user listens on.

    Attributes:
        hosts: Where on the loopback it answers, the likeliest first.
        process: What listens, in a few words; remote text; empty when it is not known.
        age: Seconds since that process began; None when it is not known.
        sockets: The kernel's numbers for it; none where they are not told.
    """

    port: int
    hosts: tuple[str, ...] = LOOPBACK
    process: str = ""
    age: float | None = None
    sockets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """What listens on the devbox at one moment.

    Attributes:
        ports: By number.
        ephemeral: The ports the devbox gives to who asks for any.
        is_seen: It could be looked at all.
    """

    ports: tuple[ListeningPort, ...] = ()
    ephemeral: range = EPHEMERAL
    is_seen: bool = True

    def at(self, port: int) -> ListeningPort | None:
        """Give what listens on a port."""
        return next((one for one in self.ports if one.port == port), None)

    @property
    def sockets(self) -> tuple[str, ...]:
        """The kernel's numbers of all."""
        return tuple(number for one in self.ports for number in one.sockets)


def read_holders(facts: Mapping[str, str]) -> dict[str, Holder]:
    """Give the processes the script looked up, by the numbers of their sockets."""
    hertz = float(facts.get("hertz") or 100)
    found = {}
    for key, value in facts.items():
        kind, _, number = key.partition(".")
        if kind == "began":
            began = float(value) / hertz if value.isdigit() else None
            found[number] = Holder(words=_words_of(facts.get(f"argv.{number}", "")), started=began)
    return found


def read_listening(facts: Mapping[str, str], holders: Mapping[str, Holder]) -> Listening:
    """Read the script's answer.

    Args:
        facts: What it said.
        holders: Processes by the numbers of their sockets, those found earlier too.

    Raises:
        ValueError: The answer is out of its form.
    """
    up = float(facts.get("up") or 0)
    rows = [
        *map(_kernel_row, _lines(facts, "listen")),
        *filter(None, map(_ss_row, _lines(facts, "ss"))),
        *_lsof_rows(facts.get("lsof", "")),
    ]
    ports: dict[int, list[tuple[str, str, str]]] = {}
    for address, port, number, words in rows:
        if _answers_at(address):
            ports.setdefault(port, []).append((address, number, words))
    low, _, high = facts.get("range", "").replace("\t", " ").partition(" ")
    return Listening(
        ports=tuple(_listening_port(port, ports[port], holders, up) for port in sorted(ports)),
        ephemeral=range(int(low), int(high) + 1) if low.isdigit() and high.isdigit() else EPHEMERAL,
        is_seen="seen" in facts,
    )


def _listening_port(
    port: int, rows: Iterable[tuple[str, str, str]], holders: Mapping[str, Holder], up: float
) -> ListeningPort:
    rows = list(rows)
    found = [holders[number] for _, number, _ in rows if number in holders]
    words = next((one for one in (*(one.words for one in found), *(row[2] for row in rows)) if one), "")
    begun = [one.started for one in found if one.started is not None]
    return ListeningPort(
        port=port,
        hosts=tuple(dict.fromkeys(host for address, _, _ in sorted(rows) for host in _answers_at(address))),
        process=words,
        age=max(0.0, up - max(begun)) if begun and up else None,
        sockets=tuple(number for _, number, _ in rows if number),
    )


def _answers_at(address: str) -> tuple[str, ...]:
    """Give where on the loopback a socket bound to an address answers; nowhere for one of a network."""
    if address in ("*", "::", "0.0.0.0"):  # noqa: S104 - read, not bound
        return LOOPBACK
    return (address,) if address == "::1" or address.startswith("127.") else ()


def _lines(facts: Mapping[str, str], key: str) -> list[str]:
    return [line for line in facts.get(key, "").splitlines() if line]


def _kernel_row(line: str) -> tuple[str, int, str, str]:
    local, number = line.split(",")
    address, port = local.split(":")
    return read_address(address), int(port, 16), number, ""


def _ss_row(line: str) -> tuple[str, int, str, str] | None:
    words = line.split()
    if len(words) < 4:
        return None
    address, _, port = words[3].rpartition(":")
    number = next((word[4:] for word in words if word.startswith("ino:")), "")
    return address.strip("[]").partition("%")[0], int(port), number, ""


def _lsof_rows(text: str) -> list[tuple[str, int, str, str]]:
    """Read ``lsof -Fcn``: ``c`` (command) of each process, then an ``n`` (name) per file."""
    found, words = [], ""
    for line in text.splitlines():
        if line.startswith("c"):
            words = line[1:]
        elif line.startswith("n"):
            address, _, port = line[1:].rpartition(":")
            found.append((address.strip("[]"), int(port), "", words))
    return found


_RUNNERS: Final = re.compile(
    r"(?:python|pypy|node|nodejs|deno|bun|ruby|perl|php|java|sh|bash|dash|uv|npx)[0-9.]*"
)
"""Programs that say less than what they run."""


def _words_of(argv: str) -> str:
    """Give a command line in two words at most: the program, and what it runs."""
    words = [word for word in argv.split("\0") if word]
    if not words:
        return ""
    name = _base(words[0].partition(": ")[0])
    if not _RUNNERS.fullmatch(name):
        return name
    for word in words[1:]:
        if word in ("-c", "-e"):
            break
        if not word.startswith("-"):
            return f"{name} {_base(word)}"
    return name


def _base(path: str) -> str:
    return path.rpartition("/")[2][:40]


# ---------------------------------------------------------------- news


class News:
    """Which listening ports began in a turn, and are worth a word.

    Args:
        deny: Never a word about these.
    """

    def __init__(self, deny: Deny = ()) -> None:
        self._deny = deny
        self._old: set[int] | None = None
        self._told: set[int] = set()

    def begin(self) -> None:
        """A turn begins: what listens now is old, though nobody looked at it yet."""
        self._old = None
        self._told.clear()

    def take(self, listening: Listening, *, since: float, own: Collection[int]) -> tuple[ListeningPort, ...]:
        """Give what is new since the last call.

        At the first look of a turn it is new when its process is younger than the turn; later, when it was
        not there at the first.

        Args:
            listening: What listens now.
            since: Seconds since the turn began.
            own: Ports that are no news: the app server's, and those that are open already.
        """
        if self._old is None:
            self._old = {one.port for one in listening.ports if one.age is None or one.age > since}
        there = {one.port for one in listening.ports}
        self._told &= there  # one that went and comes again is told again
        new = [one for one in listening.ports if self._is_new(one, listening.ephemeral, own)]
        self._told |= {one.port for one in new}
        return tuple(new)

    def _is_new(self, one: ListeningPort, ephemeral: range, own: Collection[int]) -> bool:
        assert self._old is not None
        return not (
            one.port in self._old
            or one.port in self._told
            or one.port in own
            or one.port in ephemeral
            or is_denied(one.port, self._deny)
            # What an SSH server listens on leads back to some client.
            or one.process.startswith("sshd")
        )
