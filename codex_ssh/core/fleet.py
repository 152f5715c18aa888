"""What is known about many hosts: one report a host, from a short look at each.

Lives here: the values, their JSON form (what ``codex-ssh ps --json`` prints, and what is kept on disk here),
and what is said of a host that is off. Not here: looking (:mod:`codex_ssh.link.fleet`), keeping
(:mod:`codex_ssh.local.seen_hosts`) and tables (:mod:`codex_ssh.cli.ps`).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from codex_ssh.core.fields import list_at, number_at, shape_at, text_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.thread import Need, Thread, ThreadId, ThreadState, TurnStatus
from codex_ssh.core.value import dataclass
from codex_ssh.core.version import is_older


class Reach(enum.Enum):
    """How far a look came; the value is the word a person reads."""

    UP = "up"
    """The app server answered."""
    NO_SERVER = "no server"
    """The devbox is there, and no app server runs."""
    ASKS = "asks"
    """The login wants a person: a password, a code, a host key nobody said yes to."""
    REFUSED = "refused"
    """The login or the host key was refused."""
    OFF = "off"
    """Nobody answered in time."""
    TROUBLE = "trouble"
    """Somebody answered, and the app server could not be asked."""
    LEFT = "left alone"
    """It was not looked at: a look would wake it."""

    @property
    def saw_devbox(self) -> bool:
        """Whether the look saw what there is on the devbox."""
        return self in (Reach.UP, Reach.NO_SERVER)


_REACHES: Final = {reach.value: reach for reach in Reach}


class Doing(enum.Enum):
    """What a thread does, what wants a person first."""

    WAITING = "waiting"
    """For an approval or an answer."""
    FAILED = "failed"
    """Its last turn failed."""
    RUNNING = "running"
    IDLE = "idle"


_DOINGS: Final = {doing.value: doing for doing in Doing}
_ORDER: Final = tuple(Doing)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetThread:
    """One thread in an app server's memory.

    Attributes:
        title: Remote text.
        cwd: Its directory on the devbox.
        updated_at: Seconds since 1970; 0 when not told.
    """

    id: ThreadId
    title: str
    doing: Doing
    cwd: str = ""
    updated_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """One host at one moment.

    Attributes:
        host: As the user calls it.
        at: When that was, in seconds since 1970.
        why: What was found instead of an app server, in words; empty when it is up.
        hint: Something to do about it; may be empty.
        ms: How long the look took.
        user, hostname: Of the login there; empty when it did not come so far.
        endpoint: Where the app server listens.
        chosen: Why that one, in words.
        version: Of the app server.
        on_disk: Version of the codex that would be started now.
        clients: How many connections the app server had, ours left out; None when that cannot be counted.
        threads: Those in the app server's memory, what wants a person first.
        more: How many more there are, which were not looked at.
        last: What an earlier look saw, where this one did not see the devbox.
    """

    host: str
    reach: Reach
    at: float
    why: str = ""
    hint: str = ""
    ms: int = 0
    user: str = ""
    hostname: str = ""
    endpoint: str = ""
    chosen: str = ""
    version: str = ""
    on_disk: str = ""
    clients: int | None = None
    threads: tuple[FleetThread, ...] = ()
    more: int = 0
    last: HostReport | None = None

    @property
    def shown(self) -> HostReport:
        """The report whose threads and versions are shown: the last good one, where this one saw none."""
        return self.last if self.last is not None else self

    @property
    def is_stale(self) -> bool:
        """Whether a newer codex lies on that disk than the app server is."""
        return is_older(self.version, self.on_disk)

    def count(self, doing: Doing) -> int:
        """How many threads do that."""
        return sum(thread.doing is doing for thread in self.threads)


def thread_of_fleet(thread: Thread, last_turn: TurnStatus = TurnStatus.UNKNOWN) -> FleetThread:
    """Give a thread as a report has it.

    Args:
        thread: As ``thread/read`` tells it.
        last_turn: How its last turn ended, where that is known.
    """
    doing = {Need.WAITING: Doing.WAITING, Need.RUNNING: Doing.RUNNING}.get(thread.status.need, Doing.IDLE)
    failed = thread.status.state is ThreadState.SYSTEM_ERROR or last_turn is TurnStatus.FAILED
    if doing is Doing.IDLE and failed:
        doing = Doing.FAILED
    return FleetThread(
        id=thread.id, title=thread.title, doing=doing, cwd=thread.cwd, updated_at=thread.updated_at
    )


def in_order(threads: list[FleetThread]) -> tuple[FleetThread, ...]:
    """Put threads in the order of a report: what wants a person first, then the last updated."""
    return tuple(sorted(threads, key=lambda one: (_ORDER.index(one.doing), -one.updated_at)))


def recall(report: HostReport, last: HostReport | None) -> HostReport:
    """Give a report with what an earlier look saw, where this one did not see the devbox."""
    if report.reach.saw_devbox or last is None or not last.reach.saw_devbox:
        return report
    return replace(report, last=replace(last, last=None))


def encode_report(report: HostReport) -> dict[str, Json]:
    """Give a report as JSON; what is not known is null."""
    shape: dict[str, Json] = {
        "host": report.host,
        "state": report.reach.value,
        "at": round(report.at),
        "why": report.why or None,
        "hint": report.hint or None,
        "ms": report.ms,
        "user": report.user or None,
        "hostname": report.hostname or None,
        "endpoint": report.endpoint or None,
        "chosen": report.chosen or None,
        "version": report.version or None,
        "versionOnDisk": report.on_disk or None,
        "clients": report.clients,
        **{doing.value: report.count(doing) for doing in Doing},
        "threads": [
            {
                "id": thread.id,
                "title": thread.title,
                "state": thread.doing.value,
                "cwd": thread.cwd or None,
                "updatedAt": thread.updated_at or None,
            }
            for thread in report.threads
        ],
        "moreThreads": report.more,
    }
    return shape | {"lastSeen": encode_report(report.last) if report.last is not None else None}


def decode_report(shape: Json) -> HostReport | None:
    """Read a report; None when it is none. Missing fields become defaults."""
    reach = _REACHES.get(text_at(shape, "state"))
    if not isinstance(shape, Mapping) or reach is None or not text_at(shape, "host"):
        return None
    return HostReport(
        host=text_at(shape, "host"),
        reach=reach,
        at=number_at(shape, "at") or 0,
        why=text_at(shape, "why"),
        hint=text_at(shape, "hint"),
        ms=number_at(shape, "ms") or 0,
        user=text_at(shape, "user"),
        hostname=text_at(shape, "hostname"),
        endpoint=text_at(shape, "endpoint"),
        chosen=text_at(shape, "chosen"),
        version=text_at(shape, "version"),
        on_disk=text_at(shape, "versionOnDisk"),
        clients=number_at(shape, "clients"),
        threads=in_order([_thread(one) for one in list_at(shape, "threads")]),
        more=number_at(shape, "moreThreads") or 0,
        last=decode_report(shape_at(shape, "lastSeen")),
    )


def _thread(shape: Json) -> FleetThread:
    return FleetThread(
        id=ThreadId(text_at(shape, "id")),
        title=text_at(shape, "title"),
        doing=_DOINGS.get(text_at(shape, "state"), Doing.IDLE),
        cwd=text_at(shape, "cwd"),
        updated_at=number_at(shape, "updatedAt") or 0,
    )


def ago(seconds: float) -> str:
    """Say how long ago something was, in few characters."""
    minutes = max(0, int(seconds)) // 60
    if minutes < 2 * 60:
        return f"{minutes} min ago" if minutes else "just now"
    hours = minutes // 60
    return f"{hours} h ago" if hours < 2 * 24 else f"{hours // 24} days ago"
