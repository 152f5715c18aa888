"""Edits of files as coloured, numbered rows, and how much they change.

Lives here: one file of an edit, its lines one below the other or old and new side by side. Not here: the
entry around it (:mod:`codex_ssh.tui.cells.change`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from rich.style import Style
from textual.strip import Strip

from codex_ssh.core.items import Change, ChangeKind
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.value import dataclass
from codex_ssh.tui import palette
from codex_ssh.tui.wrap import Span, padded, wrap

SIDE_BY_SIDE_CELLS: Final = 100
"""Narrower than that the lines stand one below the other, whatever was asked for."""

BOTH_NUMBERS_CELLS: Final = 60
"""Narrower than that a line has one number: the new one, or the old one where it is taken out."""

_HUNK: Final = re.compile(r"@@ -(\d{1,9})(?:,\d+)? \+(\d{1,9})(?:,\d+)? @@ ?(.*)")
_HEADERS: Final = ("--- ", "+++ ", "diff ", "index ", "Moved to: ")
_INDENT: Final = "  "
_MIDDLE: Final = " │ "
_MOST_ALIKE: Final = 0.5
"""The part of a changed line that must be as before for the rest to be set off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line of a diff.

    Attributes:
        sign: ``+``, ``-`` or a blank; ``@`` begins a hunk, and the text says in what it is.
        old, new: Its number before and after, from 1; 0 where it has none.
    """

    sign: str
    text: str
    old: int = 0
    new: int = 0


def diff_rows(change: Change, width: int, *, side_by_side: bool = False) -> list[Strip]:
    """Give the coloured diff of one file.

    Args:
        change: The file's change; its text is made harmless here.
        width: In cells.
        side_by_side: Old and new in two columns, if there is room for them.
    """
    return lines_rows(change, diff_lines(change), width, side_by_side=side_by_side)


def lines_rows(
    change: Change, lines: Sequence[DiffLine], width: int, *, side_by_side: bool = False
) -> list[Strip]:
    """Give some of the lines of a file's diff as rows; otherwise as :func:`diff_rows`."""
    digits = max((len(str(max(line.old, line.new))) for line in lines), default=1)
    one_sided = change.kind is not ChangeKind.UPDATE
    if side_by_side and not one_sided and width >= SIDE_BY_SIDE_CELLS:
        return _columns(lines, width, digits)
    both = width >= BOTH_NUMBERS_CELLS and not one_sided
    return [row for line, parts in _with_parts(lines) for row in _unified(line, parts, width, digits, both)]


def diff_lines(change: Change) -> list[DiffLine]:
    """Give the lines of a file's change; added and deleted files come as bare content."""
    text = plain_lines(change.diff).removesuffix("\n").split("\n") if change.diff else []
    if change.kind is ChangeKind.ADD:
        return [DiffLine(sign="+", text=line, new=at) for at, line in enumerate(text, 1)]
    if change.kind is ChangeKind.DELETE:
        return [DiffLine(sign="-", text=line, old=at) for at, line in enumerate(text, 1)]
    return list(_numbered(text))


def change_counts(change: Change) -> tuple[int, int]:
    """Give how many lines are added and removed."""
    return line_counts(diff_lines(change))


def line_counts(lines: Sequence[DiffLine]) -> tuple[int, int]:
    """Give how many of some lines are added and removed."""
    signs = [line.sign for line in lines]
    return signs.count("+"), signs.count("-")


def short_path(path: str, cwd: str) -> str:
    """Give a path relative to the thread's directory where it is below it; harmless."""
    inside = path.removeprefix(cwd.rstrip("/") + "/") if cwd else path
    return plain_line(inside)


def _numbered(text: Sequence[str]) -> Iterator[DiffLine]:
    old = new = 0
    in_hunk = False
    for line in text:
        if hunk := _HUNK.match(line):
            is_top = not in_hunk and int(hunk[1]) <= 1 and not hunk[3]
            old, new, in_hunk = int(hunk[1]), int(hunk[2]), True
            if not is_top:  # nothing is left out above it
                yield DiffLine(sign="@", text=hunk[3])
        elif line.startswith("@@"):  # codex writes hunks without numbers while a patch is still streamed
            old = new = 0
            in_hunk = True
            yield DiffLine(sign="@", text=line.removeprefix("@@").strip())
        elif not in_hunk and line.startswith(_HEADERS):
            continue
        elif line.startswith("+"):
            yield DiffLine(sign="+", text=line[1:], new=new)
            new += new > 0
        elif line.startswith("-"):
            yield DiffLine(sign="-", text=line[1:], old=old)
            old += old > 0
        elif line.startswith("\\"):
            yield DiffLine(sign="\\", text=line[1:].strip())
        else:
            yield DiffLine(sign=" ", text=line[1:], old=old, new=new)
            old += old > 0
            new += new > 0


# ---------------------------------------------------------------- one below the other


def _unified(line: DiffLine, parts: Sequence[Span], width: int, digits: int, both: bool) -> list[Strip]:  # noqa: FBT001
    if line.sign in "@\\":
        return _between(line, width)
    if both:
        numbers = f"{line.old or '':>{digits}} {line.new or '':>{digits}} "
    else:
        numbers = f"{line.new or line.old or '':>{digits}} "
    style = _STYLES[line.sign]
    first: list[Span] = [(_INDENT, palette.PLAIN), (numbers, palette.LINE_NUMBER), (f"{line.sign} ", style)]
    return wrap(parts, width, first=first, anywhere=True)


def _between(line: DiffLine, width: int) -> list[Strip]:
    mark = "⋮" if line.sign == "@" else "\\"
    return wrap([(line.text, palette.HUNK)], width, first=[(f"{_INDENT}{mark} ", palette.HUNK)])


# ---------------------------------------------------------------- side by side


def _columns(lines: Sequence[DiffLine], width: int, digits: int) -> list[Strip]:
    room = (width - len(_INDENT) - len(_MIDDLE)) // 2
    rows: list[Strip] = []
    for left, right in _paired(lines):
        if left is not None and left[0].sign in "@\\":
            rows += _between(left[0], width)
            continue
        columns = [
            _column(left, room, digits, old=True),
            _column(right, room, digits, old=False),
        ]
        for one, other in zip_longest(*columns):
            spaces = Strip([])
            pieces = [padded(spaces, len(_INDENT)), padded(one or spaces, room)]
            rows.append(Strip.join([*pieces, _BAR, other or spaces]))
    return rows


def _column(
    side: tuple[DiffLine, Sequence[Span]] | None, room: int, digits: int, *, old: bool
) -> list[Strip]:
    if side is None:
        return []
    line, parts = side
    number = line.old if old else line.new
    first: list[Span] = [(f"{number or '':>{digits}} ", palette.LINE_NUMBER)]
    first.append((f"{line.sign} ", _STYLES[line.sign]))
    return wrap(parts, room, first=first, anywhere=True)


_Side = tuple[DiffLine, Sequence[Span]] | None


def _paired(lines: Sequence[DiffLine]) -> Iterator[tuple[_Side, _Side]]:
    """Give what stands beside what: unchanged lines beside themselves, old beside new."""
    old: list[tuple[DiffLine, Sequence[Span]]] = []
    new: list[tuple[DiffLine, Sequence[Span]]] = []
    for line, parts in _with_parts(lines):
        if line.sign == "-":
            if new:
                yield from zip_longest(old, new)
                old, new = [], []
            old.append((line, parts))
        elif line.sign == "+":
            new.append((line, parts))
        else:
            yield from zip_longest(old, new)
            old, new = [], []
            yield (line, parts), (line, parts)
    yield from zip_longest(old, new)


# ---------------------------------------------------------------- what changed in a line


def _with_parts(lines: Sequence[DiffLine]) -> Iterator[tuple[DiffLine, Sequence[Span]]]:
    """Give each line with its spans: of lines that were only changed in part, the part is set off."""
    at = 0
    while at < len(lines):
        gone = _run(lines, at, "-")
        come = _run(lines, at + gone, "+")
        olds, news = lines[at : at + gone], lines[at + gone : at + gone + come]
        if gone and gone == come:
            pairs = [_set_off(old.text, new.text) for old, new in zip(olds, news, strict=True)]
            yield from zip(olds, (pair[0] for pair in pairs), strict=True)
            yield from zip(news, (pair[1] for pair in pairs), strict=True)
        else:
            for line in (*olds, *news):
                yield line, [(line.text, _STYLES[line.sign])]
        at += gone + come
        if not gone + come:
            yield lines[at], [(lines[at].text, _STYLES.get(lines[at].sign, palette.HUNK))]
            at += 1


def _run(lines: Sequence[DiffLine], start: int, sign: str) -> int:
    end = start
    while end < len(lines) and lines[end].sign == sign:
        end += 1
    return end - start


def _set_off(old: str, new: str) -> tuple[list[Span], list[Span]]:
    shorter = min(len(old), len(new))
    front = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    back = next((at for at in range(shorter - front) if old[-1 - at] != new[-1 - at]), shorter - front)
    alike = len((old[:front] + old[len(old) - back :]).replace(" ", ""))
    if alike < _MOST_ALIKE * max(len(old.replace(" ", "")), len(new.replace(" ", "")), 1):
        return [(old, palette.REMOVED)], [(new, palette.ADDED)]
    return (
        _three(old, front, back, palette.REMOVED, palette.REMOVED_PART),
        _three(new, front, back, palette.ADDED, palette.ADDED_PART),
    )


def _three(text: str, front: int, back: int, style: Style, part: Style) -> list[Span]:
    end = len(text) - back
    return [(text[:front], style), (text[front:end], part), (text[end:], style)]


_STYLES: Final = {"+": palette.ADDED, "-": palette.REMOVED, " ": palette.PLAIN}
_BAR: Final = wrap([(_MIDDLE, palette.DIM)], len(_MIDDLE))[0]
