"""What a transcript is made of: entries, which grow while they are streamed.

Lives here: the entry, its contents that are no items, and how deltas grow an item. Not here: which entries
there are and in what order (:mod:`codex_ssh.core.transcript`).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from codex_ssh.core.approval_review import ApprovalReview
from codex_ssh.core.events import Delta, DeltaKind, PlanStep
from codex_ssh.core.hook import HookRun
from codex_ssh.core.items import AgentMessage, CommandExecution, Item, ItemStatus, Plan, Reasoning
from codex_ssh.core.thread import TurnError, TurnId, TurnStatus
from codex_ssh.core.value import dataclass

OUTPUT_LIMIT_CHARACTERS: Final = 512 * 1024
"""So much of a running command's output is kept, from the end; ``item/completed`` brings all of it."""


MISSED: Final = "\n[… missed while there was no link …]\n"
"""Stands in streamed text for what nobody heard, until ``item/completed`` brings all of it."""


class Level(enum.Enum):
    """How much a notice matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something said beside the conversation.

    Attributes:
        text: Ours or the server's: remote text.
        details: More of it; may be empty.
    """

    level: Level
    text: str
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckList:
    """The turn's plan, as it is now."""

    explanation: str
    steps: tuple[PlanStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnd:
    """Where a turn ended, and how."""

    status: TurnStatus
    error: TurnError | None
    duration_ms: int | None


Content = Item | Notice | CheckList | TurnEnd | HookRun | ApprovalReview


class Progress(enum.Enum):
    """How far an entry is."""

    SENDING = "sending"
    """Said by us; the server has not shown it yet."""
    OPEN = "open"
    """It may still grow."""
    BACKGROUND = "background"
    """Its turn is over, and it goes on: a command that was left running."""
    DONE = "done"
    CUT = "cut"
    """Its turn went on or ended without it; the server does not keep it."""


EntryKey = tuple[str, str]
"""Turn id and item id; the second starts with ``#`` for what is no item."""


class Entry:
    """One thing in the transcript. Owned and changed by one transcript alone.

    Attributes:
        key: Stays the same for the entry's life.
        gap: Its beginning was streamed before we listened.
    """

    __slots__ = ("_broken", "_content", "_grown", "_size", "gap", "key", "progress")

    def __init__(self, key: EntryKey, content: Content, progress: Progress, *, gap: bool = False) -> None:
        self.key = key
        self.progress = progress
        self.gap = gap
        self._content = content
        self._grown: dict[tuple[DeltaKind, int], list[str]] = {}
        self._size = 0
        self._broken = False

    @property
    def turn_id(self) -> TurnId:
        """The turn it belongs to; empty for what belongs to none."""
        return TurnId(self.key[0])

    @property
    def content(self) -> Content:
        """What it is now, streamed text included. Cheap when nothing was streamed since the last look."""
        if self._grown:
            self._content = _with_deltas(self._content, self._grown)
            self._grown = {}
            self._size = 0
        return self._content

    def put(self, content: Content) -> None:
        """Replace all of it."""
        self._content = content
        self._grown = {}
        self._size = 0
        self._broken = False

    def break_off(self) -> None:
        """Note that what is streamed from here on is missed: what comes later is set apart."""
        self._broken = True

    def grow(self, delta: Delta) -> None:
        """Add streamed text."""
        place = (delta.kind, delta.index)
        pieces = self._grown.get(place)
        if pieces is None:
            pieces = self._grown[place] = []
        if self._broken:
            self._broken = False
            pieces.append(MISSED)
        pieces.append(delta.text)
        if delta.kind is DeltaKind.COMMAND_OUTPUT:
            self._size += len(delta.text)
            if self._size > OUTPUT_LIMIT_CHARACTERS:
                self.gap = True
                self.put(self.content)

    @property
    def is_heard(self) -> bool:
        """Whether all of it came from the server."""
        return self.progress is Progress.DONE and not self.gap

    @property
    def is_in_progress(self) -> bool:
        """Whether the server calls it in progress; only commands, edits and tool calls have such a word."""
        return getattr(self._content, "status", None) is ItemStatus.IN_PROGRESS


def partial_item(delta: Delta) -> Item:
    """Give the item a delta must belong to, as far as the delta tells."""
    match delta.kind:
        case DeltaKind.MESSAGE:
            return AgentMessage(id=delta.item_id)
        case DeltaKind.REASONING_SUMMARY | DeltaKind.REASONING_CONTENT:
            return Reasoning(id=delta.item_id)
        case DeltaKind.COMMAND_OUTPUT:
            return CommandExecution(id=delta.item_id, status=ItemStatus.IN_PROGRESS)
        case DeltaKind.PLAN:
            return Plan(id=delta.item_id)


def _with_deltas(content: Content, grown: Mapping[tuple[DeltaKind, int], list[str]]) -> Content:
    for (kind, index), pieces in grown.items():
        text = "".join(pieces)
        match content:
            case AgentMessage() | Plan():
                content = replace(content, text=content.text + text)
            case CommandExecution():
                content = replace(content, output=(content.output + text)[-OUTPUT_LIMIT_CHARACTERS:])
            case Reasoning() if kind is DeltaKind.REASONING_SUMMARY:
                content = replace(content, summary=_part_grown(content.summary, index, text))
            case Reasoning():
                content = replace(content, content=_part_grown(content.content, index, text))
            case _:
                pass
    return content


def _part_grown(parts: tuple[str, ...], index: int, text: str) -> tuple[str, ...]:
    index = min(max(index, 0), len(parts))
    before = parts[index] if index < len(parts) else ""
    return (*parts[:index], before + text, *parts[index + 1 :])
