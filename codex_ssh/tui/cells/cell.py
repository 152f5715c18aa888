"""One entry and its rows, remembered until something changes; and cells that belong together.

Lives here: which function draws which kind of content. Not here: how one looks (the other modules of
:mod:`codex_ssh.tui.cells`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from textual.strip import Strip

from codex_ssh.core.approval_review import ApprovalReview
from codex_ssh.core.entry import CheckList, Content, Entry, Notice, TurnEnd
from codex_ssh.core.entry_text import entry_text
from codex_ssh.core.hook import HookRun
from codex_ssh.core.items import (
    AgentActivity,
    AgentMessage,
    AgentsCall,
    CommandExecution,
    ContextCompaction,
    FileChange,
    HookPrompt,
    ImageGeneration,
    ImageView,
    Plan,
    Reasoning,
    ReviewMode,
    Sleep,
    ToolCall,
    ToolOutput,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from codex_ssh.tui import palette
from codex_ssh.tui.cells import agent, beside, change, command, message, other, tool
from codex_ssh.tui.cells.look import Look
from codex_ssh.tui.wrap import blank, wrap

_TAB_CELLS: Final = 8
"""A tab goes to the next multiple of this, as in a terminal."""


class Place(enum.Enum):
    """Where a cell stands among those it belongs to."""

    ALONE = enum.auto()
    FIRST = enum.auto()
    MIDDLE = enum.auto()
    LAST = enum.auto()
    ASIDE = enum.auto()
    """What it says is said by its neighbour: it shows only unfolded."""

    @property
    def begins(self) -> bool:
        """Whether nothing it belongs to stands above it."""
        return self not in (Place.MIDDLE, Place.LAST)

    @property
    def ends(self) -> bool:
        """Whether nothing it belongs to stands below it."""
        return self not in (Place.FIRST, Place.MIDDLE)


class Cell:
    """One entry and its rows at one look."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._place = Place.ALONE
        self._look: Look | None = None
        self._rows: list[Strip] = []
        self._phase = ""
        self._markdown = message.markdown_of(entry)
        self._stale = True

    @property
    def place(self) -> Place:
        """Where it stands among those it belongs to: :func:`place_of` says so."""
        return self._place

    @place.setter
    def place(self, place: Place) -> None:
        if place is not self._place:
            self._place = place
            self._stale = True

    def spoil(self) -> None:
        """Make the rows anew when they are wanted next."""
        self._stale = True

    def is_fresh(self, look: Look) -> bool:
        """Whether :meth:`rows` is cheap."""
        return not self._stale and look == self._look

    @property
    def height(self) -> int:
        """Rows when last made; 0 when never."""
        return len(self._rows)

    def rows(self, look: Look) -> list[Strip]:
        """Give the rows, with a free one at the end unless what follows belongs to it."""
        if not self.is_fresh(look):
            rows = self._make(look)
            self._rows = [*rows, blank()] if rows and self._place.ends else rows
            self._look, self._stale = look, False
        return self._rows

    def copy_text(self) -> str:
        """Give all of the entry as text, for the clipboard and for a search."""
        return entry_text(self.entry.content)

    def _make(self, look: Look) -> list[Strip]:
        content = self.entry.content
        if self._place is Place.ASIDE and not look.unfolded:
            return []
        if look.raw:
            return _raw_rows(self.copy_text(), look.width)
        match content:
            case AgentMessage() | Plan():
                phase = content.phase if isinstance(content, AgentMessage) else ""
                if phase != self._phase:  # an answer's end may be the first to tell
                    self._phase, self._markdown = phase, message.markdown_of(self.entry)
                return message.markdown_rows_of(content, self.entry, look, self._markdown)
            case Reasoning():
                return message.thought_rows(content, self.entry, look, self._markdown)
            case CommandExecution() if content.explores:
                return command.explored_rows(content, self.entry, look, is_first=self._place.begins)
            case _:
                return entry_rows(self.entry, content, look)


def _raw_rows(text: str, width: int) -> list[Strip]:
    """Give text as it is, broken where the width ends."""
    rows: list[Strip] = []
    for line in text.expandtabs(_TAB_CELLS).split("\n") if text else []:
        rows += wrap([(line, palette.PLAIN)], width)
    return rows


def entry_rows(entry: Entry, content: Content, look: Look) -> list[Strip]:
    """Give the rows of everything that needs no memory and no neighbours."""
    return _DRAWN[type(content)](content, entry, look)


def place_of(entries: Sequence[Entry], at: int) -> Place:
    """Give where an entry stands: commands of a turn that explore one after the other belong together.

    What shows nothing stands in between without parting them. Only neighbours are looked at. A review says
    what it is asked and what it found beside the items of the review itself, in the same words.
    """
    entry = entries[at]
    if isinstance(entry.content, UserMessage | AgentMessage):
        return Place.ASIDE if _is_of_review(entries, at) else Place.ALONE
    if not _explores(entry):
        return Place.ALONE
    above = _goes_on(entries, range(at - 1, -1, -1), entry)
    below = _goes_on(entries, range(at + 1, len(entries)), entry)
    if above:
        return Place.MIDDLE if below else Place.LAST
    return Place.FIRST if below else Place.ALONE


def _is_of_review(entries: Sequence[Entry], at: int) -> bool:
    said = entries[at].content
    for before in range(at - 1, max(-1, at - 1 - _REVIEW_ENTRIES), -1):
        other = entries[before]
        if other.turn_id != entries[at].turn_id:
            return False
        if isinstance(review := other.content, ReviewMode):
            if review.entered:
                return isinstance(said, UserMessage) and not said.client_id
            return isinstance(said, AgentMessage) and said.text.strip() == review.review.strip()
        if not _is_silent(review):
            return False
    return False


def _goes_on(entries: Sequence[Entry], way: range, entry: Entry) -> bool:
    for at in way:
        if _explores(entries[at]):
            return entries[at].turn_id == entry.turn_id
        if not _is_silent(entries[at].content):
            return False
    return False


def _explores(entry: Entry) -> bool:
    return isinstance(entry.content, CommandExecution) and entry.content.explores


def _is_silent(content: Content) -> bool:
    match content:
        case AgentMessage(text=text) | Plan(text=text):
            return not text
        case Reasoning():
            return not (content.summary or content.content)
        case HookRun():
            return content.is_silent
        case _:
            return False


_REVIEW_ENTRIES: Final = 4
"""So far above an entry a review is looked for."""

_DRAWN: Final[Mapping[type, Callable[[Any, Entry, Look], list[Strip]]]] = {
    UserMessage: message.user_rows,
    Reasoning: lambda content, entry, look: message.thought_rows(
        content, entry, look, message.markdown_of(entry)
    ),
    HookPrompt: lambda content, _, look: message.hook_prompt_rows(content, look),
    ReviewMode: lambda content, _, look: message.review_rows(content, look),
    CommandExecution: command.command_rows,
    FileChange: change.change_rows,
    ToolCall: tool.tool_rows,
    ToolOutput: lambda content, _, look: tool.tool_output_rows(content, look),
    WebSearch: tool.web_rows,
    ImageView: lambda content, _, look: tool.image_view_rows(content, look),
    ImageGeneration: tool.image_rows,
    AgentsCall: agent.agents_call_rows,
    AgentActivity: lambda content, _, look: agent.activity_rows(content, look),
    Sleep: other.sleep_rows,
    ContextCompaction: lambda _, entry, look: other.compaction_rows(entry, look),
    UnknownItem: lambda content, _, look: other.unknown_rows(content, look),
    Notice: lambda content, _, look: beside.notice_rows(content, look),
    CheckList: lambda content, _, look: beside.check_list_rows(content, look),
    TurnEnd: lambda content, _, look: beside.turn_end_rows(content, look),
    HookRun: lambda content, _, look: beside.hook_rows(content, look),
    ApprovalReview: lambda content, _, look: beside.approval_review_rows(content, look),
}
