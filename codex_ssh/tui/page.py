"""What a full-screen view shows: pieces of text, each drawn for a width when it is needed.

Lives here: the values, and making them of text and of changes. Not here: scrolling and searching
(:mod:`codex_ssh.tui.screens.page_screen`). Nothing here needs an application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import Final

from textual.strip import Strip

from codex_ssh.core.items import Change, ChangeKind
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.value import dataclass
from codex_ssh.tui import palette
from codex_ssh.tui.diff import change_counts, diff_rows
from codex_ssh.tui.syntax import LANGUAGES, code_spans
from codex_ssh.tui.wrap import blank, wrap

Draw = Callable[[int, bool], list[Strip]]
"""Gives the rows for a width in cells, and whether old and new shall stand side by side."""

PIECE_LINES: Final = 100
"""A long text is drawn in pieces of so many lines, and keys are heard in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a page.

    Attributes:
        draw: Makes its rows.
        title: What it is, when one can go to it; empty when it belongs to the one before.
    """

    draw: Draw = field(repr=False)
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page: what it is, and what is on it.

    Attributes:
        title: Harmless text, one line.
        begin_at: The piece that is at the top at first.
        text: All of it as it came, for an editor and the clipboard; not for a terminal.
        has_sides: It can be drawn with old and new side by side.
    """

    title: str
    pieces: Sequence[Piece]
    text: str = field(repr=False)
    begin_at: int = 0
    has_sides: bool = False


def text_page(title: str, text: str, *, line: int = 0, language: str = "") -> Page:
    """Give a page of a text with numbered lines.

    Args:
        title: What it is; remote text is made harmless here.
        text: The same.
        line: The line to begin at, from 1; 0 is the start.
        language: What it is written in; empty for no colours.
    """
    lines = plain_lines(text).removesuffix("\n").split("\n")
    target = min(line, len(lines)) if line > 1 else 0
    starts = sorted({*range(0, len(lines), PIECE_LINES), *([target - 1] if target else [])})
    ends = [*starts[1:], len(lines)]
    digits = len(str(len(lines)))
    pieces = [
        Piece(draw=_numbered(lines[start:end], start + 1, digits, target, language))
        for start, end in zip(starts, ends, strict=True)
    ]
    begin_at = starts.index(target - 1) if target else 0
    return Page(title=plain_line(title), pieces=pieces, text=text, begin_at=begin_at)


def language_of(path: str) -> str:
    """Give the language of a file by its name; empty where it has no colours."""
    # What has no ending is its own: Makefile, Dockerfile.
    ending = path.rpartition("/")[2].rpartition(".")[2].lower()
    return ending if ending in LANGUAGES else ""


def rows_page(title: str, rows: Sequence[tuple[str, str]]) -> Page:
    """Give a page of keys and what they stand for, a heading where the second is empty."""
    text = "\n".join(f"  {name:<24}{about}" if about else name for name, about in rows)
    pieces = [Piece(draw=_row(name, about), title="" if about else plain_line(name)) for name, about in rows]
    return Page(title=plain_line(title), pieces=pieces, text=text)


def diff_page(title: str, changes: Sequence[Change], *, text: str, notes: Sequence[str] = ()) -> Page:
    """Give a page of changed files, one can go from one to the next.

    Args:
        title: What it is.
        changes: The files.
        text: All of it as git has it.
        notes: What to know beside it, in our words; stands in front.
    """
    pieces = [Piece(draw=_note(note)) for note in notes]
    pieces += [Piece(draw=_file(change), title=plain_line(change.path)) for change in changes]
    return Page(title=plain_line(title), pieces=pieces, text=text, has_sides=True)


def _numbered(lines: Sequence[str], first: int, digits: int, target: int, language: str) -> Draw:
    def draw(width: int, _sides: bool) -> list[Strip]:  # noqa: FBT001
        return list(rows(width))

    def rows(width: int) -> Iterator[Strip]:
        for number, line in enumerate(lines, first):
            style = palette.KEY if number == target else palette.DIM
            front = [(f"{number:>{digits}} ", style)]
            spans = code_spans(line, language) if language else [(line, palette.PLAIN)]
            yield from wrap(spans, width, first=front, anywhere=True)

    return draw


def _row(name: str, about: str) -> Draw:
    def draw(width: int, _sides: bool) -> list[Strip]:  # noqa: FBT001
        if not about:
            return [blank(), *wrap([(plain_line(name), palette.HEADING)], width)]
        column = 26 if width >= 60 else 0
        if not column:
            return [
                *wrap([(plain_line(name), palette.KEY)], width),
                *wrap([(plain_line(about), palette.PLAIN)], width, first=[("  ", palette.PLAIN)]),
            ]
        front = f"{plain_line(name):<{column - 1}} "
        if len(front) > column:
            return [
                *wrap([(plain_line(name), palette.KEY)], width),
                *wrap([(plain_line(about), palette.PLAIN)], width, first=[(" " * column, palette.PLAIN)]),
            ]
        return wrap([(plain_line(about), palette.PLAIN)], width, first=[(front, palette.KEY)])

    return draw


def _note(note: str) -> Draw:
    def draw(width: int, _sides: bool) -> list[Strip]:  # noqa: FBT001
        return wrap([(plain_line(note), palette.WARN)], width)

    return draw


_WORDS: Final = {ChangeKind.ADD: "new", ChangeKind.DELETE: "deleted", ChangeKind.UPDATE: "changed"}


def _file(change: Change) -> Draw:
    def draw(width: int, sides: bool) -> list[Strip]:  # noqa: FBT001
        added, removed = change_counts(change)
        moved = f" → {plain_line(change.moved_to)}" if change.moved_to else ""
        head = [
            (plain_line(change.path) + moved, palette.HEADING),
            (f"  {_WORDS[change.kind]} ", palette.DIM),
            (f"+{added} ", palette.ADDED),
            (f"-{removed}", palette.REMOVED),
        ]
        rows = diff_rows(change, width, side_by_side=sides)
        return [*wrap(head, width, anywhere=True), *rows, blank()]

    return draw
