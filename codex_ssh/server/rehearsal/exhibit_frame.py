"""What exhibits are made of: frames to be told, one after the other.

Lives here: the frames, and the simplest ways to make some. Not here: what is shown
(:mod:`codex_ssh.server.rehearsal.exhibit`) and telling it (:mod:`codex_ssh.server.rehearsal.narrator`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any

from codex_ssh.core.value import dataclass
from codex_ssh.server.rehearsal.wire import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """An item begins; its id and times are filled in."""

    item: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something is told of the turn; ``of_item`` names the item that began last."""

    method: str
    params: Shape = field(default_factory=dict)
    of_item: bool = False
    of_turn: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The item that began last is finished, with these members changed."""

    changes: Shape = field(default_factory=dict)


Frame = Began | Told | Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where an exhibit is shown."""

    cwd: str
    thread_id: str


Exhibit = Callable[[Scene], Iterator[Frame]]


def once(kind: str, /, **members: Any) -> Iterator[Frame]:
    """Begin an item and end it: most are complete from their start."""
    yield Began(item={"type": kind, **members})
    yield Ended()


def deltas(method: str, text: str, **place: int) -> Iterator[Frame]:
    """Tell a text line by line."""
    for word in text.splitlines(keepends=True):
        yield Told(method=method, params={"delta": word, **place}, of_item=True)
