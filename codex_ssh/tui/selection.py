"""Text of the transcript that is selected with the mouse: characters, words, or whole lines.

Lives here: what is selected, its cells in a row, and its text, as it was before it was wrapped. Not here: the
mouse (:mod:`codex_ssh.tui.widgets.transcript_view`) and the clipboard (:mod:`codex_ssh.tui.desk`).

Both ends are places in entries, so text that grows below, and history that is loaded above, leave it alone.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from textual.strip import Strip

from codex_ssh.core.entry import EntryKey
from codex_ssh.core.value import dataclass
from codex_ssh.tui.lines import Line, Span, line_at, lines_of
from codex_ssh.tui.wrap import is_ornament


class Grain(enum.IntEnum):
    """What is selected as a whole; the value is how often the mouse is clicked for it."""

    CHARACTER = 1
    WORD = 2
    LINE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A cell of an entry's rows."""

    key: EntryKey
    row: int
    column: int


RowsOf = Callable[[int], Sequence[Strip]]
"""The rows of the entry at a place."""

PlaceOf = Callable[[EntryKey], int | None]
"""The place of an entry among all; None when it is gone."""

_End = tuple[int, int, int]
"""Place of the entry, first row of the line, character of the line: what ends are compared by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What lies between two cells, both included.

    Attributes:
        fixed: Where the mouse went down.
        moving: Where it is, or went up.
    """

    fixed: Spot
    moving: Spot
    grain: Grain

    def spans(self, at: int, first: int, last: int, place: PlaceOf, rows_of: RowsOf) -> list[Span]:
        """Give the cells that are selected in some rows of an entry.

        Args:
            at: The entry's place.
            first: The first of the rows.
            last: The last one.
            place: Where entries are now.
            rows_of: Their rows now.
        """
        ends = self._ends(place, rows_of)
        if ends is None or not ends[0][0] <= at <= ends[1][0]:
            return []
        lines = lines_of(rows_of(at), first, last)
        return [span for line in lines for span in line.spans(*_part(line, at, *ends))]

    def text(self, place: PlaceOf, rows_of: RowsOf) -> str:
        """Give what is selected; empty when an entry at one end is gone."""
        ends = self._ends(place, rows_of)
        return "\n".join(_selected(*ends, rows_of)).strip("\n") if ends is not None else ""

    def _ends(self, place: PlaceOf, rows_of: RowsOf) -> tuple[_End, _End] | None:
        """Give the first character of the selection and the one behind its last."""
        found: list[tuple[_End, _End]] = []
        for spot in (self.fixed, self.moving):
            at = place(spot.key)
            rows = rows_of(at) if at is not None else ()
            if at is None or not rows:
                return None
            row = min(spot.row, len(rows) - 1)
            line = line_at(rows, row)
            start, end = self._grown(line, line.offset(row, spot.column))
            found.append(((at, line.first_row, start), (at, line.first_row, end)))
        return min(start for start, _ in found), max(end for _, end in found)

    def _grown(self, line: Line, at: int) -> tuple[int, int]:
        """Give the characters that are selected with one of them."""
        match self.grain:
            case Grain.CHARACTER:
                return at, min(at + 1, len(line.text))
            case Grain.WORD:
                return word_at(line.text, at)
            case Grain.LINE:
                return 0, len(line.text)


def word_at(text: str, at: int) -> tuple[int, int]:
    """Give start and end of the word a character is in; a path or an address is one. Blanks are one too."""
    for found in _WORDS.finditer(text):
        if found.start() <= at < found.end():
            return found.span()
    return len(text), len(text)


def _part(line: Line, at: int, start: _End, end: _End) -> tuple[int, int]:
    here = (at, line.first_row)
    low = 0 if here > start[:2] else start[2] if here == start[:2] else len(line.text)
    high = len(line.text) if here < end[:2] else end[2] if here == end[:2] else 0
    return low, high


def _selected(start: _End, end: _End, rows_of: RowsOf) -> Iterator[str]:
    for at in range(start[0], end[0] + 1):
        rows = rows_of(at)
        for line in lines_of(rows):
            if start[:2] <= (at, line.first_row) <= end[:2] and not is_ornament(rows[line.first_row]):
                low, high = _part(line, at, start, end)
                yield line.text[low:high].rstrip()


_WORDS: Final = re.compile(r"[\w./~@:+%#=?&$-]+|\s+|.")
