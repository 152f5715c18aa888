"""Breaks styled text into rows of a width: the one place that measures text.

Lives here: spans, wrapping them into rows, and what of a row is text to be copied. Not here: what the spans
say. All text given here must be harmless already (:mod:`codex_ssh.core.plain_text`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Span = tuple[str, Style]
"""Text without line ends, and how it looks."""


class Row(Strip):
    """A row that knows what of it is text: for copying and finding it as it was before it was broken.

    A strip that is no row counts as a line of text of its own.

    Attributes:
        inset: So many cells at its beginning are no text: marks, gutters, indents.
        joint: What stood between it and the row above, when both are one line; None when it begins a line.
        is_ornament: It is no line of text at all: a note about the rows around it.
    """

    __slots__ = ["inset", "is_ornament", "joint"]

    def __init__(
        self,
        segments: Iterable[Segment],
        cell_length: int | None = None,
        *,
        inset: int = 0,
        joint: str | None = None,
        is_ornament: bool = False,
    ) -> None:
        super().__init__(segments, cell_length)
        self.inset = inset
        self.joint = joint
        self.is_ornament = is_ornament


def ornament(spans: Sequence[Span], width: int) -> Strip:
    """Give one row none of which is text, cut off where it is too long: a note about the rows around it."""
    row = clipped(spans, width)
    return Row(row, row.cell_length, inset=row.cell_length, is_ornament=True)


def inset_of(strip: Strip) -> int:
    """Give how many cells at the beginning of a row are no text."""
    return strip.inset if isinstance(strip, Row) else 0


def joint_of(strip: Strip) -> str | None:
    """Give what stood between a row and the one above when both are one line; None when it begins one."""
    return strip.joint if isinstance(strip, Row) else None


def is_ornament(strip: Strip) -> bool:
    """Whether a row is no line of text at all."""
    return isinstance(strip, Row) and strip.is_ornament


def styled(strip: Strip, style: Style) -> Strip:
    """Give a row with a style below all others."""
    return _like(strip, strip.apply_style(style), inset_of(strip))


def wrap(
    spans: Sequence[Span],
    width: int,
    *,
    first: Sequence[Span] = (),
    rest: Sequence[Span] | None = None,
    anywhere: bool = False,
    copied: bool = False,
) -> list[Strip]:
    """Break one line of spans into rows that are at most ``width`` cells wide; at least one row.

    ``first`` stands in front of the first row, ``rest`` in front of the others; without it, blanks as wide as
    ``first``. ``anywhere`` breaks inside words too, and keeps every blank: for code. With ``copied``, what
    stands in front of the first row is text too.
    """
    text = "".join(span[0] for span in spans)
    indent = sum(cell_len(span[0]) for span in first)
    if rest is None:
        rest = [(" " * indent, Style.null())] if indent else []
    room = max(1, width - max(indent, sum(cell_len(span[0]) for span in rest)))
    rows: list[Strip] = []
    starts = list(accumulate((len(span[0]) for span in spans), initial=0))
    ended = 0
    for at, (start, end) in enumerate(_slices(text, room, anywhere=anywhere)):
        front = first if at == 0 else rest
        inset = 0 if at == 0 and copied else sum(cell_len(span[0]) for span in front)
        joint = text[ended:start] if at else None
        rows.append(Row(_segments([*front, *_cut(spans, starts, start, end)]), inset=inset, joint=joint))
        ended = end
    return rows


def rows_of(
    strips: Iterable[Strip], front: Sequence[Span], rest: Sequence[Span] | None = None
) -> list[Strip]:
    """Put spans in front of wrapped rows: ``front`` before the first, ``rest`` before the others."""
    rows: list[Strip] = []
    for at, strip in enumerate(strips):
        before = _segments(front if at == 0 or rest is None else rest)
        inset = sum(segment.cell_length for segment in before) + inset_of(strip)
        rows.append(_like(strip, [*before, *strip], inset))
    return rows


def _like(strip: Strip, segments: Iterable[Segment], inset: int) -> Row:
    return Row(segments, inset=inset, joint=joint_of(strip), is_ornament=is_ornament(strip))


def blank() -> Strip:
    """Give an empty row."""
    return Strip([], 0)


def padded(strip: Strip, width: int) -> Strip:
    """Give a row with blanks behind it, as wide as asked."""
    missing = width - strip.cell_length
    return Strip.join([strip, Strip([Segment(" " * missing)], missing)]) if missing > 0 else strip


def clipped(spans: Sequence[Span], width: int) -> Strip:
    """Give one row, cut off with ``…`` where it is too long."""
    strip = _strip(spans)
    if strip.cell_length <= width:
        return strip
    return Strip.join([strip.crop(0, max(0, width - 1)), Strip([Segment("…")], 1)])


def _strip(spans: Iterable[Span]) -> Strip:
    return Strip(_segments(spans))


def _segments(spans: Iterable[Span]) -> list[Segment]:
    return [Segment(text, style) for text, style in spans if text]


def _cut(spans: Sequence[Span], starts: Sequence[int], start: int, end: int) -> list[Span]:
    found: list[Span] = []
    for at in range(max(0, bisect_right(starts, start) - 1), len(spans)):
        if starts[at] >= end:
            break
        text, style = spans[at]
        low, high = max(start - starts[at], 0), min(end - starts[at], len(text))
        if low < high:
            found.append((text[low:high], style))
    return found


def _slices(text: str, room: int, *, anywhere: bool) -> list[tuple[int, int]]:
    """Give where rows start and end."""
    plain = text.isascii()
    if (plain and len(text) <= room) or cell_len(text) <= room:
        return [(0, len(text))]
    slices: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = min(start + room, len(text)) if plain else _fitting(text, start, room)
        following = end
        if end < len(text) and not anywhere:
            space = text.rfind(" ", start, end + 1)
            if space > start and text[start:space].strip():
                end = space
            following = end
            while following < len(text) and text[following] == " ":
                following += 1
        slices.append((start, end))
        start = following
    return slices or [(0, 0)]


def _fitting(text: str, start: int, room: int) -> int:
    used, end = 0, start
    while end < len(text):
        used += get_character_cell_size(text[end])
        if used > room:
            break
        end += 1
    return max(end, start + 1)
