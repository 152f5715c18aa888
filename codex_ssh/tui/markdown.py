"""Markdown as rows: what the model writes, parsed block by block and wrapped to a width.

Lives here: the renderer and :class:`MarkdownRows`, which parses a growing text only where it grew. Not here:
anything that interprets text from the devbox as more than markdown: HTML is shown as it is written, images by
their address, and link addresses are always shown, since a link's text may lie.

Source: CommonMark, with GitHub's tables and strike-through, parsed by markdown-it-py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.tui import palette
from codex_ssh.tui.wrap import Span, blank, wrap

_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

_BULLETS: Final = "•◦▪"


def markdown_rows(text: str, width: int) -> list[Strip]:
    """Give markdown as rows at most ``width`` wide. ``text`` must be harmless already."""
    writer = _Writer(width)
    writer.write(_PARSER.parse(text))
    return writer.rows


class MarkdownRows:
    """The rows of a text that grows at its end: blocks that are complete are parsed once.

    A block is complete when an unindented line that cannot continue it follows a blank line outside of
    a fence. Link definitions are seen only by the blocks they stand with.
    """

    def __init__(self) -> None:
        self._width = 0
        self._blocks: list[tuple[str, list[Strip]]] = []

    def rows(self, text: str, width: int) -> list[Strip]:
        """Give the rows of a text, which usually begins with the one given last time."""
        if width != self._width:
            self._blocks, self._width = [], width
        rows: list[Strip] = []
        blocks = split_blocks(plain_lines(text))
        for at, block in enumerate(blocks):
            if at >= len(self._blocks) or self._blocks[at][0] != block:
                del self._blocks[at:]
                self._blocks.append((block, markdown_rows(block, width)))
            found = self._blocks[at][1]
            if rows and found:
                rows.append(blank())
            rows += found
        del self._blocks[len(blocks) :]
        return rows


def split_blocks(text: str) -> list[str]:
    """Split markdown where a new top-level block begins for certain."""
    blocks: list[str] = []
    current: list[str] = []
    fence, was_blank = "", False
    for line in text.split("\n"):
        if fence:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        else:
            if was_blank and current and line and not line[0].isspace() and not _may_continue(line):
                blocks.append("\n".join(current))
                current = []
            opened = line.lstrip()
            if opened.startswith(("```", "~~~")) and not (opened[0] == "`" and "`" in opened.lstrip("`")):
                fence = opened[: len(opened) - len(opened.lstrip(opened[0]))]
        current.append(line)
        was_blank = not line.strip()
    blocks.append("\n".join(current))
    return blocks


def _may_continue(line: str) -> bool:
    """Whether a line after a blank one may belong to a list that began before it."""
    marker = line.split(" ", 1)[0]
    return marker in ("-", "*", "+") or (marker[-1:] in (".", ")") and marker[:-1].isdigit())


@dataclass(slots=True)
class _List:
    number: int | None
    bullet: str


@dataclass(slots=True)
class _Writer:
    """Turns a flat list of block tokens into rows; keeps what they are nested in."""

    width: int
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
                start = token.attrGet("start")
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
                    self._line([(text, palette.CODE)], inset="  ", anywhere=True)
            case "hr":
                self._gap()
                self._line([("─" * max(1, min(self.width, 40) - self._indent()), palette.DIM)])
            case _:
                self._gap()
                for text in token.content.rstrip("\n").split("\n"):
                    self._line([(text, palette.PLAIN)])

    def _indent(self) -> int:
        return sum(cell_len(text) for text, _ in self.indents)

    def _gap(self) -> None:
        """Leave a row free before a block, but not at the top and not behind a list's marker."""
        if self.rows and self.marker is None:
            self.rows += wrap([], self.width, first=[span for span in self.indents if span[0].strip()])

    def _line(self, spans: Sequence[Span], *, inset: str = "", anywhere: bool = False) -> None:
        rest = list(self.indents)
        first = list(rest)
        if self.marker is not None and not self.marker[0].startswith("#"):
            first[-1] = self.marker
            self.marker = None
        elif self.marker is not None:
            first.append(self.marker)
            rest.append((" " * len(self.marker[0]), palette.PLAIN))
        if inset:
            first.append((inset, palette.PLAIN))
            rest.append((inset, palette.PLAIN))
        self.rows += wrap(spans, self.width, first=first, rest=rest, anywhere=anywhere)

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
            if token.type == "link_open":
                self._links.append((plain_line(str(token.attrGet("href") or "")), len(self.lines[-1])))
            self._styles.append(self._styles[-1] + _INLINE_STYLES.get(token.type, palette.PLAIN))
        elif token.nesting < 0:
            self._styles.pop()
            if token.type == "link_close":
                self._address(*self._links.pop())
        else:
            style = palette.CODE if token.type == "code_inline" else palette.PLAIN
            self.lines[-1].append((token.content, self._styles[-1] + style))

    def _address(self, address: str, start: int) -> None:
        text = "".join(span[0] for span in self.lines[-1][start:])
        if address not in (text, f"mailto:{text}"):
            self.lines[-1].append((f" ({address})", palette.ADDRESS))

    def _image(self, token: Token) -> None:
        source = plain_line(str(token.attrGet("src") or ""))
        self.lines[-1].append((f"[image: {token.content or source}]", self._styles[-1]))
        if token.content:
            self.lines[-1].append((f" ({source})", palette.ADDRESS))


_INLINE_STYLES: Final = {
    "strong_open": palette.BOLD,
    "em_open": palette.ITALIC,
    "s_open": palette.STRIKE,
    "link_open": palette.LINK,
}
