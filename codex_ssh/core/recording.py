"""The form of a recorded session: what is in it, and its lines.

Lives here: one value per kind of line, writing and reading them. Not here: what is left out before
(:mod:`codex_ssh.core.discreet`), the file (:mod:`codex_ssh.local.recording_file`), who records
(:mod:`codex_ssh.tui.recorder`) and who plays (:mod:`codex_ssh.tui.player`).

One JSON object a line. The first says what it is; each that follows has ``at``, the seconds since the
beginning, and one more member that says what happened then. Messages are JSON-RPC frames as on the wire, but
for the numbers of our own requests: those count from 1. ``docs/reference/recording.md`` describes all of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.fields import shape_at, text_at, texts_at
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.rpc import Json, Message, encode, read_message
from codex_ssh.core.value import dataclass

FORMAT: Final = 1

_MARK: Final = "codex-ssh-recording"

_LONGEST_SECONDS: Final = 1e9


class NoRecording(ValueError):
    """A text is no recording this version can read; the message says why, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a recording says about itself.

    Attributes:
        version: Of the codex-ssh that made it.
        began: When, as ISO 8601 in UTC; may be empty.
        facts: About the app server at the beginning.
        columns, lines: Of the terminal; 0 when there was none.
        left_out: What was masked, in words.
    """

    version: str
    began: str
    facts: ServerFacts
    columns: int = 0
    lines: int = 0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """We said something: a request, or the answer to one of the server's."""

    message: Message


@dataclass(frozen=True, slots=True)
class Heard:
    """The server said something: asked or unasked."""

    message: Message


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """A session was initialized."""

    facts: ServerFacts


@dataclass(frozen=True, slots=True)
class SessionLost:
    """The session ended against its will.

    Attributes:
        why: In our words.
        said: In those of the other side; may be empty.
    """

    why: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class LinkStepped:
    """The link is in another state.

    Attributes:
        next_try: Seconds until the next attempt; None when none is due.
    """

    state: LinkState
    attempt: int = 0
    reason: str = ""
    next_try: float | None = None


@dataclass(frozen=True, slots=True)
class TripMeasured:
    """The round trip to the app server took so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Resized:
    """The terminal has another size."""

    columns: int
    lines: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nothing was recorded from here on, for a reason in words."""

    why: str


Event = Sent | Heard | SessionBegan | SessionLost | LinkStepped | TripMeasured | Resized | Stopped


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, so many seconds after the beginning."""

    at: float
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording that was read.

    Attributes:
        is_cut: The last line is not whole: whoever wrote it was killed meanwhile.
    """

    header: Header
    moments: tuple[Moment, ...]
    is_cut: bool = False

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.moments[-1].at if self.moments else 0.0


# ---------------------------------------------------------------- writing


def encode_header(header: Header) -> str:
    """Write the first line, without its end."""
    return _dump(
        {
            _MARK: FORMAT,
            "version": header.version,
            "began": header.began,
            "server": asdict(header.facts),
            "terminal": [header.columns, header.lines],
            "leftOut": header.left_out,
        }
    )


def encode_moment(moment: Moment) -> str:
    """Write a line, without its end."""
    at = f"{moment.at:.3f}"
    match moment.event:
        case Sent(message):
            return f'{{"at":{at},"out":{encode(message)}}}'
        case Heard(message):
            return f'{{"at":{at},"in":{encode(message)}}}'
        case event:
            return _dump({"at": float(at), **_encode_event(event)})


def _encode_event(event: Event) -> Mapping[str, Json]:
    match event:
        case SessionBegan(facts):
            return {"session": asdict(facts)}
        case SessionLost(why, said):
            return {"lost": why, "said": said}
        case LinkStepped(state, attempt, reason, next_try):
            return {"link": state.name, "attempt": attempt, "reason": reason, "nextTry": next_try}
        case TripMeasured(seconds):
            return {"trip": round(seconds, 6)}
        case Resized(columns, lines):
            return {"size": [columns, lines]}
        case Stopped(why):
            return {"stopped": why}
        case _:
            raise TypeError(event)


def _dump(shape: Mapping[str, Json]) -> str:
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":"))


# ---------------------------------------------------------------- reading


def read_recording(lines: Iterable[str]) -> Recording:
    """Read a recording; lines of a kind nobody here knows are passed over.

    Args:
        lines: With their ends; a last one without is one that was cut.

    Raises:
        NoRecording: It is none, or one of a newer form, or broken in the middle.
    """
    source = iter(lines)
    header = _read_header(next(source, ""))
    moments: list[Moment] = []
    broken = ""
    for number, line in enumerate(source, start=2):
        if broken:
            raise NoRecording(broken)
        try:
            moment = _read_moment(line)
        except (ValueError, TypeError, KeyError) as error:
            # Excused if it is the last one.
            broken = f"line {number} cannot be read: {error}"
            continue
        if moment is not None:
            moments.append(moment)
    return Recording(header=header, moments=tuple(moments), is_cut=bool(broken))


def _read_header(line: str) -> Header:
    try:
        shape = json.loads(line)
    except (ValueError, RecursionError):
        shape = None
    number = shape.get(_MARK) if isinstance(shape, dict) else None
    if not isinstance(number, int):
        raise NoRecording("it is no recording of codex-ssh")
    if number > FORMAT:
        raise NoRecording(f"it has form {number}, and this codex-ssh reads up to {FORMAT}")
    size = shape.get("terminal")
    columns, rows = size if _is_size(size) else (0, 0)
    return Header(
        version=text_at(shape, "version"),
        began=text_at(shape, "began"),
        facts=_read_facts(shape_at(shape, "server")),
        columns=columns,
        lines=rows,
        left_out=texts_at(shape, "leftOut"),
    )


def _read_moment(line: str) -> Moment | None:
    shape = json.loads(line)
    at = float(shape["at"])
    if not 0 <= at < _LONGEST_SECONDS:
        raise ValueError("no such time")
    for name, reader in _READERS.items():
        if name in shape:
            return Moment(at, reader(shape))
    return None


def _read_link(shape: Json) -> Event:
    due = shape.get("nextTry")
    return LinkStepped(
        LinkState[shape["link"]],
        int(shape.get("attempt", 0)),
        text_at(shape, "reason"),
        float(due) if due is not None else None,
    )


def _read_size(shape: Json) -> Event:
    if not _is_size(shape["size"]):
        raise ValueError("no size of a terminal")
    return Resized(*shape["size"])


_READERS: Final[Mapping[str, Callable[[Json], Event]]] = {
    "in": lambda shape: Heard(read_message(shape["in"])),
    "out": lambda shape: Sent(read_message(shape["out"])),
    "session": lambda shape: SessionBegan(_read_facts(shape_at(shape, "session"))),
    "lost": lambda shape: SessionLost(text_at(shape, "lost"), text_at(shape, "said")),
    "link": _read_link,
    "trip": lambda shape: TripMeasured(float(shape["trip"])),
    "size": _read_size,
    "stopped": lambda shape: Stopped(text_at(shape, "stopped")),
}


def _read_facts(shape: Json) -> ServerFacts:
    """Read what is there; a fact this version does not know is passed over."""
    found: dict[str, Any] = {"host": "", "user": "", "hostname": "", "transport": ""}
    found |= {"server_version": "", "codex_home": ""}
    for field in fields(ServerFacts):
        value = shape.get(field.name)
        if field.name == "warnings":
            found["warnings"] = texts_at(shape, "warnings")
        elif isinstance(value, bool if field.type == "bool" else str):
            found[field.name] = value
    return ServerFacts(**found)


def _is_size(value: Json) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(one, int) for one in value)
