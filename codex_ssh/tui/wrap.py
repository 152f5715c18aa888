"""Breaks styled text into rows of a width: the one place that measures text.

Lives here: spans, and wrapping them into strips. Not here: what the spans say. All text given here must be
harmless already (:mod:`codex_ssh.core.plain_text`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Span = tuple[str, Style]
"""Text without line ends, and how it looks."""


def wrap(
    spans: Sequence[Span],
    width: int,
    *,
    first: Sequence[Span] = (),
    rest: Sequence[Span] | None = None,
    anywhere: bool = False,
) -> list[Strip]:
    """Break one line of spans into rows that are at most ``width`` cells wide; at least one row.

    ``first`` stands in front of the first row, ``rest`` in front of the others; without it, blanks as wide as
    ``first``. ``anywhere`` breaks inside words too, and keeps every blank: for code.
    """
    text = "".join(span[0] for span in spans)
    indent = sum(cell_len(span[0]) for span in first)
    if rest is None:
        rest = [(" " * indent, Style.null())] if indent else []
    room = max(1, width - max(indent, sum(cell_len(span[0]) for span in rest)))
    rows = []
    for at, (start, end) in enumerate(_slices(text, room, anywhere=anywhere)):
        front = first if at == 0 else rest
        rows.append(_strip([*front, *_cut(spans, start, end)]))
    return rows


def rows_of(
    strips: Iterable[Strip], front: Sequence[Span], rest: Sequence[Span] | None = None
) -> list[Strip]:
    """Put spans in front of wrapped rows: ``front`` before the first, ``rest`` before the others."""
    before, after = _strip(front), _strip(front if rest is None else rest)
    return [Strip.join([before if at == 0 else after, strip]) for at, strip in enumerate(strips)]


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
    return Strip([Segment(text, style) for text, style in spans if text])


def _cut(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    found: list[Span] = []
    at = 0
    for text, style in spans:
        if at >= end:
            break
        low, high = max(start - at, 0), min(end - at, len(text))
        if low < high:
            found.append((text[low:high], style))
        at += len(text)
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
