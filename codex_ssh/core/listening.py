"""What listens on the devbox, and what of it is news.

Lives here: the values, reading the script's answer, and which listener is worth a word. Not here: asking the
devbox (:mod:`codex_ssh.link.listeners`), and when that is done (:mod:`codex_ssh.tui.port_watch`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from codex_ssh.core.ports import LOOPBACK, Deny, is_denied
from codex_ssh.core.probe import read_address
from codex_ssh.core.value import dataclass

ANYWHERE: Final = "*"
"""What a socket is bound to that answers at every address."""

EPHEMERAL: Final = range(32768, 61000)
"""The ports Linux gives to who asks for any: no dev server is met there but by chance."""


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
        bound: Each address it is bound to, ``*`` for any, with the kernel's number for the socket, which may
            be empty.
        process: What listens, in a few words; remote text; empty when it is not known.
        age: Seconds since that process began; None when it is not known.
    """

    port: int
    bound: tuple[tuple[str, str], ...] = ((ANYWHERE, ""),)
    process: str = ""
    age: float | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where on the loopback it answers, the likeliest first."""
        return tuple(dict.fromkeys(host for address, _ in self.bound for host in answers_at(address)))

    @property
    def is_exposed(self) -> bool:
        """Whether others than the devbox's own users could reach it."""
        return any(address == ANYWHERE for address, _ in self.bound)

    def sockets(self, hosts: Collection[str]) -> frozenset[str]:
        """Give the numbers of the sockets that answer at one of some addresses."""
        return frozenset(
            number
            for address, number in self.bound
            if number and not set(hosts).isdisjoint(answers_at(address))
        )


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
        return tuple(number for one in self.ports for _, number in one.bound if number)


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
        if answers_at(address):
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
        bound=tuple(sorted((address, number) for address, number, _ in rows)),
        process=words,
        age=max(0.0, up - max(begun)) if begun and up else None,
    )


def answers_at(address: str) -> tuple[str, ...]:
    """Give where on the loopback a socket bound to an address answers; nowhere for one of a network."""
    if address == ANYWHERE:
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
    named = _SS_PROCESS.search(line)
    return _plain_address(address), int(port), number, named[1] if named is not None else ""


_SS_PROCESS: Final = re.compile(r'users:\(\("([^"]+)"')


def _plain_address(address: str) -> str:
    address = address.strip("[]").partition("%")[0]
    return address if address.strip("0.:*") else ANYWHERE


def _lsof_rows(text: str) -> list[tuple[str, int, str, str]]:
    """Read ``lsof -Fcn``: ``c`` (command) of each process, then an ``n`` (name) per file."""
    found, words = [], ""
    for line in text.splitlines():
        if line.startswith("c"):
            words = line[1:]
        elif line.startswith("n"):
            address, _, port = line[1:].rpartition(":")
            found.append((_plain_address(address), int(port), "", words))
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
    if "-m" in words[:-1]:
        return f"{name} {_base(words[words.index('-m') + 1])}"
    for word in words[1:]:
        if word in ("-c", "-e"):
            break
        if not word.startswith("-"):
            return f"{name} {_base(word)}"
    return name


def _base(path: str) -> str:
    return path.rpartition("/")[2][:40]


# ---------------------------------------------------------------- news


_NO_DEV_SERVER: Final = ("sshd", "codex")
"""What an SSH server listens on leads back to some client, and codex has a link of its own."""


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
            or one.process.startswith(_NO_DEV_SERVER)
        )
