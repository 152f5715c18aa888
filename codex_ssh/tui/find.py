"""Finding text in the transcript: which entries have it, how often, and which of all the places is looked at.

Lives here: what counts as a match, going through entries piece by piece, and from one match to the next. Not
here: showing it (:mod:`codex_ssh.tui.widgets.reading_pane`) and the time it may take.

All of an entry is searched, folded parts included. Small letters find capitals too; a capital in what is
looked for makes all of it count as it is written. In markdown, marks such as ``**`` do not part words.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from textual.strip import Strip

from codex_ssh.core.entry import Entry, EntryKey
from codex_ssh.core.entry_text import entry_text
from codex_ssh.core.items import (
    AgentMessage,
    CommandExecution,
    FileChange,
    Plan,
    Reasoning,
    UserMessage,
)
from codex_ssh.tui.cells import Cell, Look
from codex_ssh.tui.lines import Span, lines_of
from codex_ssh.tui.row_map import RowMap

_MARKS: Final = re.compile(r"[*`~]+|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)")
_HAS_MARK: Final = re.compile(r"[*`~_]")


class Match(NamedTuple):
    """One place.

    Attributes:
        at: The entry's place among all.
        number: The match's among those of the entry, from 0.
    """

    at: int
    number: int


_UNFOLDED: Final = Look(width=10_000, unfolded=True)


def pattern_of(text: str) -> re.Pattern[str]:
    """Give what finds a text."""
    return re.compile(re.escape(text), 0 if any(map(str.isupper, text)) else re.IGNORECASE)


def found_in(rows: Sequence[Strip], pattern: re.Pattern[str], first: int, last: int) -> Iterator[list[Span]]:
    """Give the cells of each match that begins in one of the lines between two rows of an entry."""
    for line in lines_of(rows, first, last):
        for found in pattern.finditer(line.text):
            yield list(line.spans(*found.span()))


class Finder:
    """The matches of one text in a list of entries.

    Entries are gone through by :meth:`step`, one a call, those at and above the reader's place first; what
    was gone through is remembered by key, so that entries may come, go and change.

    Args:
        text: What is looked for.
        entries: All there are.
        start: Where to begin: from there up, then from the end up.
        within: An earlier search for a part of the text: where that found nothing, there is nothing.
    """

    def __init__(self, text: str, entries: Sequence[Entry], start: int, within: Finder | None = None) -> None:
        self.text = text
        self.pattern = pattern_of(text)
        self.looked_at = 0
        self._keeps_marks = _HAS_MARK.search(text) is not None
        self._counts: dict[EntryKey, int] = {}
        if within is not None and within.text and within.text in text and not self._keeps_marks:
            self._counts = dict.fromkeys(within.without, 0)
        self._start = start
        self._entries: list[Entry] = []
        self._map = RowMap()
        self._waiting: deque[int] = deque()
        self.take(entries)

    @property
    def total(self) -> int:
        """Matches found so far."""
        return self._map.total

    @property
    def is_done(self) -> bool:
        """Whether all entries were gone through."""
        return not self._waiting

    @property
    def without(self) -> Iterator[EntryKey]:
        """The entries that have no match, as far as is known."""
        return (key for key, count in self._counts.items() if not count)

    def take(self, entries: Sequence[Entry], kept: int = 0) -> None:
        """Go on with other entries.

        Args:
            entries: All there are now.
            kept: So many of the first ones are the same as before; when all are, the others cost nothing.
        """
        old = len(self._entries)
        if old and kept >= old:
            more = entries[old:]
            self._entries += more
            self._map.extend(0 for _ in more)
            self._waiting.extend(range(old, len(entries)))
            return
        self._entries = list(entries)
        counts = [self._counts.get(entry.key, -1) for entry in self._entries]
        self._counts = {
            entry.key: count for entry, count in zip(self._entries, counts, strict=True) if count >= 0
        }
        self._map = RowMap(max(0, count) for count in counts)
        start = min(self._start, len(counts) - 1)
        order = (*range(start, -1, -1), *range(len(counts) - 1, start, -1))
        self._waiting = deque(at for at in order if counts[at] < 0)

    def touch(self, at: int) -> None:
        """Go through an entry once more: it changed."""
        if self._counts.pop(self._entries[at].key, None) is not None:
            self._waiting.append(at)

    def step(self) -> Match | None:
        """Go through one entry; gives its last match."""
        if not self._waiting:
            return None
        at = self._waiting.popleft()
        entry = self._entries[at]
        self.looked_at += 1
        count = sum(1 for _ in self.pattern.finditer(self._text_of(entry)))
        self._counts[entry.key] = count
        self._map.put(at, count)
        return Match(at, count - 1) if count else None

    def count(self, at: int) -> int:
        """Give how many matches an entry has, as far as is known."""
        return self._map.height(at)

    def number(self, match: Match) -> int:
        """Give a match's number among all found so far, from 1."""
        return self._map.top(match.at) + match.number + 1

    def beside(self, match: Match, step: int) -> Match | None:
        """Give the match before (-1) or after (1) another; None when none is known."""
        number = self._map.top(match.at) + match.number + step
        return Match(*self._map.find(number)) if 0 <= number < self._map.total else None

    def nearest(self, at: int) -> Match | None:
        """Give the last match in an entry or above it, or else the first one below; None without any."""
        above = self._map.top(at + 1) - 1
        number = max(above, 0)
        return Match(*self._map.find(number)) if self._map.total else None

    def _text_of(self, entry: Entry) -> str:
        """Give what is searched: of what is long its text, of everything else what it looks like."""
        match entry.content:
            case AgentMessage() | Plan() | Reasoning():
                text = entry_text(entry.content)
                return text if self._keeps_marks else _MARKS.sub("", text)
            case UserMessage() | CommandExecution() | FileChange():
                return entry_text(entry.content)
            case _:
                return "\n".join(line.text for line in lines_of(Cell(entry).rows(_UNFOLDED)))
