"""Markdown as rows: what the model writes, parsed block by block and wrapped to a width.

Lives here: the renderer and :class:`MarkdownRows`, which draws a growing text only where it grew. Not here:
where a piece of it ends (:mod:`codex_ssh.tui.blocks`), and
anything that interprets text from the devbox as more than markdown: HTML is shown as it is written, images by
their address, and link addresses are always shown, since a link's text may lie.

Source: CommonMark, with GitHub's tables and strike-through, parsed by markdown-it-py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.tui import palette
from codex_ssh.tui.blocks import Blocks, Kind, Piece
from codex_ssh.tui.links import link_style, linked, mark_links, markdown_address
from codex_ssh.tui.palette import PLAIN
from codex_ssh.tui.syntax import code_spans
from codex_ssh.tui.wrap import Span, blank, rows_of, styled, wrap

_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

_BULLETS: Final = "•◦▪"

_CODE_INSET: Final = "  "

_DEFINITION: Final = re.compile(r" {0,3}\[[^\]]+\]: *\S")
"""The beginning of a link definition; CommonMark 4.7, those that fit in a line."""


def markdown_rows(text: str, width: int, *, number: int | None = None, definitions: str = "") -> list[Strip]:
    """Give markdown as rows at most ``width`` wide. ``text`` must be harmless already.

    Args:
        text: The markdown.
        width: In cells.
        number: What a numbered list at its beginning starts with, whatever it says itself.
        definitions: Link definitions that stand elsewhere, harmless already.
    """
    writer = _Writer(width, number=number)
    writer.write(_PARSER.parse(text, {"references": dict(_references(definitions))}))
    return writer.rows


@lru_cache(8)
def _references(definitions: str) -> Mapping[str, Any]:
    environment: dict[str, Any] = {}
    if definitions:
        _PARSER.parse(definitions, environment)
    found: dict[str, Any] = environment.get("references", {})
    return found


class MarkdownRows:
    """The rows of a text that grows at its end: only the piece that grows is parsed and drawn again.

    Rows of the pieces before it never change while text is added at the end (:mod:`codex_ssh.tui.blocks`).
    A table that is still growing is held back, for its columns are as wide as its widest cell.

    Args:
        front: What stands in front of the first row.
        rest: What stands in front of the others.
        base: The look below all other looks.
    """

    def __init__(self, front: Span = ("", PLAIN), rest: Span = ("", PLAIN), base: Style = PLAIN) -> None:
        self._front, self._rest, self._base = front, rest, base
        self._width = 0
        self._text = ""
        self._taken = 0
        self._definitions = ""
        self._blocks = Blocks()
        self._rows: list[Strip] = []

    def rows(self, text: str, width: int, *, growing: bool = False) -> list[Strip]:
        """Give the rows of a text, which usually begins with the one given last time.

        Args:
            text: All of it.
            width: Of the rows without what stands in front.
            growing: More of it will come.
        """
        # Definitions mostly stand at the end: what they are for is known when all of it is there.
        definitions = self._definitions if growing else _definitions_in(text)
        if width != self._width or definitions != self._definitions or not text.startswith(self._text):
            self._width, self._taken, self._definitions = width, 0, definitions
            self._blocks, self._rows = Blocks(), []
        self._text = text
        whole = text.rfind("\n") + 1
        if whole > self._taken:
            lines = plain_lines(text[self._taken : whole]).split("\n")[:-1]
            self._taken = whole
            for piece in self._blocks.take(lines):
                self._rows += self._drawn(piece, self._rows)
        rows = list(self._rows)
        for piece in self._blocks.rest([plain_lines(text[whole:])]):
            if growing and (piece.kind is Kind.TABLE or _may_be_table(piece)):
                rows += self._put(_held_back(piece, width), rows, joined=False)
            else:
                rows += self._drawn(piece, rows)
        return rows

    def _drawn(self, piece: Piece, above: Sequence[Strip]) -> list[Strip]:
        if piece.kind is Kind.CODE:
            made = code_rows(piece.text, self._width, language=piece.language)
        else:
            made = markdown_rows(piece.text, self._width, number=piece.number, definitions=self._definitions)
        return self._put(made, above, joined=piece.joined)

    def _put(self, made: list[Strip], above: Sequence[Strip], *, joined: bool) -> list[Strip]:
        if not made:
            return []
        if above and not joined:
            made = [blank(), *made]
        if self._base:
            made = [styled(strip, self._base) for strip in made]
        if not (self._front[0] or self._rest[0]):
            return made
        return rows_of(made, [self._rest if above else self._front], [self._rest])


def code_rows(line: str, width: int, *, language: str = "") -> list[Strip]:
    """Give one line of a fence as rows. ``line`` must be harmless already."""
    inset: Span = (_CODE_INSET, palette.PLAIN)
    spans = mark_links(code_spans(line, language))
    return wrap(spans, width, first=[inset], rest=[inset], anywhere=True)


def _definitions_in(text: str) -> str:
    if "]:" not in text:
        return ""
    return "\n".join(line for line in plain_lines(text).split("\n") if _DEFINITION.match(line))


def _may_be_table(piece: Piece) -> bool:
    """Whether all there is of a piece looks like the heading of a table."""
    return piece.kind is Kind.BLOCK and piece.text.startswith("|") and "\n" not in piece.text


def _held_back(piece: Piece, width: int) -> list[Strip]:
    rows = max(0, piece.text.count("\n") - 1)
    so_far = f", {rows} rows so far" if rows > 1 else ""
    return wrap([(f"… a table{so_far}", palette.DIM)], width)


@dataclass(slots=True)
class _List:
    number: int | None
    bullet: str


@dataclass(slots=True)
class _Writer:
    """Turns a flat list of block tokens into rows; keeps what they are nested in."""

    width: int
    number: int | None = None
    rows: list[Strip] = field(default_factory=list)
    indents: list[Span] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    marker: Span | None = None
    tight: bool = False

    def write(self, tokens: Sequence[Token]) -> None:
        table: list[Token] | None = None
        for token in tokens:
            if table is not None:
                table.append(token)
                if token.type == "table_close":
                    self._table(table)
                    table = None
            elif token.type == "table_open":
                table = []
            elif token.nesting > 0:
                self._open(token)
            elif token.nesting < 0:
                self._close(token)
            else:
                self._leaf(token)

    def _open(self, token: Token) -> None:
        if not self.lists and token.type in ("bullet_list_open", "ordered_list_open"):
            self._gap()
        match token.type:
            case "bullet_list_open":
                self.lists.append(_List(None, _BULLETS[min(len(self.lists), len(_BULLETS) - 1)]))
            case "ordered_list_open":
                start = token.attrGet("start") if self.number is None else self.number
                self.number = None
                self.lists.append(_List(int(start) if start is not None else 1, ""))
            case "list_item_open":
                self._begin_item()
            case "blockquote_open":
                self._gap()
                self.indents.append(("▌ ", palette.DIM))
            case "heading_open":
                self._gap()
                self.marker = ("#" * int(token.tag[1:]) + " ", palette.DIM)
            case "paragraph_open":
                self.tight = token.hidden
                if not token.hidden:
                    self._gap()

    def _begin_item(self) -> None:
        inside = self.lists[-1]
        if inside.number is None:
            mark = f"{inside.bullet} "
        else:
            mark = f"{inside.number}. "
            inside.number += 1
        self.marker = (mark, palette.DIM)
        self.indents.append((" " * len(mark), palette.PLAIN))

    def _close(self, token: Token) -> None:
        match token.type:
            case "list_item_close":
                if self.marker is not None:
                    self._line([])
                self.indents.pop()
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "blockquote_close":
                self.indents.pop()
            case "heading_close":
                self.marker = None

    def _leaf(self, token: Token) -> None:
        match token.type:
            case "inline":
                heading = self.marker is not None and self.marker[0].startswith("#")
                base = palette.HEADING if heading else palette.PLAIN
                for line in inline_lines(token.children or [], base):
                    self._line(line)
            case "fence" | "code_block":
                self._gap()
                for text in token.content.rstrip("\n").split("\n"):
                    spans = mark_links(code_spans(text, token.info))
                    self._line(spans, inset=_CODE_INSET, anywhere=True)
            case "hr":
                self._gap()
                self._line([("─" * max(1, min(self.width, 40) - self._indent()), palette.DIM)])
            case _:
                self._gap()
                for text in token.content.rstrip("\n").split("\n"):
                    self._line(linked(text, palette.PLAIN))

    def _indent(self) -> int:
        return sum(cell_len(text) for text, _ in self.indents)

    def _gap(self) -> None:
        """Leave a row free before a block, but not at the top and not behind a list's marker."""
        if self.rows and self.marker is None:
            self.rows += wrap([], self.width, first=[span for span in self.indents if span[0].strip()])

    def _line(self, spans: Sequence[Span], *, inset: str = "", anywhere: bool = False) -> None:
        rest = list(self.indents)
        first = list(rest)
        copied = self.marker is not None
        if self.marker is not None and not self.marker[0].startswith("#"):
            first[-1] = self.marker
            self.marker = None
        elif self.marker is not None:
            first.append(self.marker)
            rest.append((" " * len(self.marker[0]), palette.PLAIN))
        if inset:
            first.append((inset, palette.PLAIN))
            rest.append((inset, palette.PLAIN))
        self.rows += wrap(spans, self.width, first=first, rest=rest, anywhere=anywhere, copied=copied)

    def _table(self, tokens: Sequence[Token]) -> None:
        self._gap()
        lines: list[list[list[Span]]] = []
        for token in tokens:
            if token.type == "tr_open":
                lines.append([])
            elif token.type == "inline":
                base = palette.BOLD if len(lines) == 1 else palette.PLAIN
                spans = [span for line in inline_lines(token.children or [], base) for span in line]
                lines[-1].append(spans)
        widths = [
            max(sum(cell_len(text) for text, _ in line[at]) if at < len(line) else 0 for line in lines)
            for at in range(max(map(len, lines), default=0))
        ]
        if sum(widths) + 3 * len(widths) <= self.width - self._indent():
            self._wide_table(lines, widths)
        else:
            self._narrow_table(lines)

    def _wide_table(self, lines: list[list[list[Span]]], widths: list[int]) -> None:
        for at, line in enumerate(lines):
            spans: list[Span] = []
            for cell, width in zip(line, widths, strict=False):
                if spans:
                    spans.append((" │ ", palette.DIM))
                used = sum(cell_len(text) for text, _ in cell)
                spans += [*cell, (" " * (width - used), palette.PLAIN)]
            self._line(spans, anywhere=True)
            if at == 0:
                self._line([("─┼─".join("─" * width for width in widths), palette.DIM)], anywhere=True)

    def _narrow_table(self, lines: list[list[list[Span]]]) -> None:
        """Write a table that is too wide as one `heading: cell` line each."""
        heads = lines[0] if lines else []
        for line in lines[1:]:
            for head, cell in zip(heads, line, strict=False):
                self._line([*head, (": ", palette.DIM), *cell])
            if line is not lines[-1]:
                self.rows.append(blank())


def inline_lines(tokens: Sequence[Token], base: Style) -> list[list[Span]]:
    """Give inline markdown as lines of spans.

    A soft line end is kept as a line end, not a blank: models use them for what they mean to be lines.
    """
    writer = _InlineWriter(base)
    for token in tokens:
        writer.write(token)
    return writer.lines


class _InlineWriter:
    def __init__(self, base: Style) -> None:
        self.lines: list[list[Span]] = [[]]
        self._styles = [base]
        self._links: list[tuple[str, int]] = []

    def write(self, token: Token) -> None:
        if token.type in ("softbreak", "hardbreak"):
            self.lines.append([])
        elif token.type == "image":
            self._image(token)
        elif token.nesting > 0:
            style = _INLINE_STYLES.get(token.type, palette.PLAIN)
            if token.type == "link_open":
                href = plain_line(str(token.attrGet("href") or ""))
                self._links.append((href, len(self.lines[-1])))
                style += link_style(markdown_address(href))
            self._styles.append(self._styles[-1] + style)
        elif token.nesting < 0:
            self._styles.pop()
            if token.type == "link_close":
                self._address(*self._links.pop())
        elif token.type == "code_inline":
            style = self._styles[-1] + palette.CODE
            is_file = not self._links and _FILE_NAME.fullmatch(token.content) is not None
            self._text(token.content, style + link_style(f"file:{token.content}") if is_file else style)
        else:
            self._text(token.content, self._styles[-1])

    def _text(self, text: str, style: Style) -> None:
        if self._links or style.meta:
            self.lines[-1].append((text, style))
        else:
            self.lines[-1] += linked(text, style, web=palette.LINK)

    def _address(self, address: str, start: int) -> None:
        text = "".join(span[0] for span in self.lines[-1][start:])
        if address not in (text, f"mailto:{text}"):
            style = palette.ADDRESS + link_style(markdown_address(address))
            self.lines[-1].append((f" ({address})", style))

    def _image(self, token: Token) -> None:
        source = plain_line(str(token.attrGet("src") or ""))
        link = link_style(markdown_address(source))
        self.lines[-1].append((f"[image: {token.content or source}]", self._styles[-1] + link))
        if token.content:
            self.lines[-1].append((f" ({source})", palette.ADDRESS + link))


_FILE_NAME: Final = re.compile(r"[\w@+~-][\w.@+~-]*\.[A-Za-z]\w{0,7}")
"""What a code span must be to be taken for a file without any directory: ``calc.py``."""

_INLINE_STYLES: Final = {
    "strong_open": palette.BOLD,
    "em_open": palette.ITALIC,
    "s_open": palette.STRIKE,
    "link_open": palette.LINK,
}
