"""Rows put together to the lines they were wrapped from, and places in them.

Lives here: going from a cell of a row to a character of its line and back, and drawing part of a row in
another look. Not here: breaking lines (:mod:`codex_ssh.tui.wrap`), and who wants to know
(:mod:`codex_ssh.tui.selection`, :mod:`codex_ssh.tui.find`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size
from rich.style import Style
from textual.strip import Strip

from codex_ssh.core.value import dataclass
from codex_ssh.tui.wrap import inset_of, joint_of


class Span(NamedTuple):
    """Some cells of a row: from ``start`` up to ``end``, which is not part of it."""

    row: int
    start: int
    end: int


class _Piece(NamedTuple):
    row: int
    inset: int
    start: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of text as it was before it was wrapped; marks and gutters in front are no part of it.

    Attributes:
        text: Without blanks at its end.
        pieces: What of it is in which row.
    """

    text: str
    pieces: tuple[_Piece, ...]

    @property
    def first_row(self) -> int:
        """Its first row."""
        return self.pieces[0].row

    @property
    def last_row(self) -> int:
        """Its last row."""
        return self.pieces[-1].row

    def offset(self, row: int, column: int) -> int:
        """Give the character at a cell, or the end of the row's text when the cell is behind it."""
        piece = self.pieces[min(max(0, row - self.first_row), len(self.pieces) - 1)]
        left = column - piece.inset
        for at, character in enumerate(piece.text):
            left -= get_character_cell_size(character)
            if left < 0:
                return min(piece.start + at, len(self.text))
        return min(piece.start + len(piece.text), len(self.text))

    def spans(self, start: int, end: int) -> Iterator[Span]:
        """Give the cells some characters stand in; what fell out where a row was broken is in none."""
        for piece in self.pieces:
            low, high = max(start - piece.start, 0), min(end - piece.start, len(piece.text))
            if low < high:
                left = piece.inset + cell_len(piece.text[:low])
                yield Span(piece.row, left, left + cell_len(piece.text[low:high]))


def lines_of(rows: Sequence[Strip], first: int = 0, last: int | None = None) -> Iterator[Line]:
    """Give the lines of an entry's rows, or those only that have a part between two rows."""
    row = _beginning(rows, first)
    last = len(rows) - 1 if last is None else last
    while row <= last:
        line = _line(rows, row)
        yield line
        row = line.last_row + 1


def line_at(rows: Sequence[Strip], row: int) -> Line:
    """Give the line a row belongs to."""
    return _line(rows, _beginning(rows, row))


def drawn(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """Give a row with some of its cells in another look."""
    width = strip.cell_length
    end = min(end, width)
    if start >= end:
        return strip
    return Strip.join(
        [strip.crop(0, start), strip.crop(start, end).apply_style(style), strip.crop(end, width)]
    )


def _beginning(rows: Sequence[Strip], row: int) -> int:
    while row > 0 and joint_of(rows[row]) is not None:
        row -= 1
    return row


def _line(rows: Sequence[Strip], row: int) -> Line:
    pieces = []
    text = ""
    first = row
    while row < len(rows) and (row == first or joint_of(rows[row]) is not None):
        text += (joint_of(rows[row]) or "") if row > first else ""
        inset, inside = _text_of(rows[row])
        pieces.append(_Piece(row, inset, len(text), inside))
        text += inside
        row += 1
    return Line(text=text.rstrip(), pieces=tuple(pieces))


def _text_of(strip: Strip) -> tuple[int, str]:
    """Give where the text of a row begins, in cells, and the text."""
    inset, text = inset_of(strip), strip.text
    if not inset:
        return 0, text
    width = 0
    for at, character in enumerate(text):
        if width >= inset:
            return width, text[at:]
        width += get_character_cell_size(character)
    return width, ""
