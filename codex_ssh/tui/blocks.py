"""Splits markdown that grows at its end into pieces that do not change any more.

Lives here: :class:`Blocks`, which takes line after line and says which pieces are finished. Not here: what a
piece looks like (:mod:`codex_ssh.tui.markdown`).

A piece is as small as it can be without asking the parser: a paragraph, a heading with what follows it, one
item of a top-level list with all that is in it, a table, and every single line of a top-level fence. So what
is parsed again while text streams in is the piece at the end and no more, and what is drawn of the pieces
before it stays as it is. A table is one piece, for its last line may change the width of its columns.

Link definitions are looked up by whoever draws the pieces. Source: CommonMark 0.31, sections 4 and 5.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable
from dataclasses import field, replace
from typing import Final

from codex_ssh.core.value import dataclass


class Kind(enum.Enum):
    """What a piece is."""

    BLOCK = enum.auto()
    """Markdown of any kind."""
    ITEM = enum.auto()
    """One item of a list."""
    CODE = enum.auto()
    """One line of a fence, as it is."""
    TABLE = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of markdown.

    Attributes:
        text: Markdown; for CODE the line.
        joined: It goes on with what the piece before began: the next item, the next line of code.
        number: For an ITEM of a numbered list the number it has there; None for other pieces.
        language: For CODE what stands behind the fence; may be empty.
    """

    text: str
    kind: Kind = Kind.BLOCK
    joined: bool = False
    number: int | None = None
    language: str = ""


@dataclasses.dataclass(slots=True, kw_only=True)
class Blocks:
    """The state between two lines."""

    _lines: list[str] = field(default_factory=list)
    _kind: Kind = Kind.BLOCK
    _after_blank: bool = False
    _list: tuple[str, int | None] | None = None
    _joined: bool = False
    _fence: str = ""
    _fence_indent: int = 0
    _language: str = ""
    _blanks: int = 0

    def take(self, lines: Iterable[str]) -> list[Piece]:
        """Take lines that are whole, and give the pieces they finished."""
        done: list[Piece] = []
        for line in lines:
            if self._fence:
                self._code(line, done)
            else:
                self._line(line, done)
        return done

    def rest(self, lines: Iterable[str]) -> list[Piece]:
        """Give what is not finished as pieces, as if these lines were the last; the state stays."""
        ahead = replace(self, _lines=list(self._lines))
        return [*ahead.take(lines), *ahead.finish()]

    def finish(self) -> list[Piece]:
        """Give what is left as pieces: no more lines come."""
        done: list[Piece] = []
        if not self._fence:
            self._end(done)
        elif not self._joined:
            done.append(Piece(text="", kind=Kind.CODE, language=self._language))
        return done

    # ---------------------------------------------------------------- lines

    def _line(self, line: str, done: list[Piece]) -> None:
        if not line.strip():
            if self._kind is Kind.TABLE:
                self._end(done)
            if self._lines:
                self._lines.append(line)
            self._after_blank = True
            return
        after_blank, self._after_blank = self._after_blank, False
        if fence := self._opening(line):
            self._end(done)
            self._fence, self._joined, self._blanks = fence[1], False, 0
            self._fence_indent, self._language = len(line) - len(line.lstrip()), fence[2].strip()
        elif (item := _ITEM.match(line)) and not _RULE.fullmatch(line) and self._begins_item(item):
            self._item(item, line, done)
        elif not line[0].isspace() and (after_blank or self._is_interrupted(line)):
            self._end(done)
            self._begin(Kind.BLOCK, line)
        elif self._is_delimiter(line):
            head = self._lines.pop()
            self._end(done)
            self._begin(Kind.TABLE, head, line)
        elif not self._lines:
            self._begin(Kind.BLOCK, line)
        else:
            self._lines.append(line)

    def _begin(self, kind: Kind, *lines: str) -> None:
        self._kind, self._lines = kind, list(lines)
        self._list, self._joined = None, False

    def _item(self, item: re.Match[str], line: str, done: list[Piece]) -> None:
        marker = item["bullet"] or item["end"]
        before = self._list if self._kind is Kind.ITEM and self._lines else None
        self._end(done)
        number = int(item["number"]) if item["number"] else None
        joined = before is not None and before[0] == marker
        if joined and before is not None and before[1] is not None:
            number = before[1] + 1
        self._kind, self._lines = Kind.ITEM, [line]
        self._list, self._joined = (marker, number), joined

    def _begins_item(self, item: re.Match[str]) -> bool:
        """Whether a line that looks like one begins an item: in a paragraph it may not (CommonMark 5.3)."""
        if not self._lines or self._kind is Kind.ITEM or not self._lines[-1].strip():
            return True
        if _HEADING.match(self._lines[-1]) and len(self._lines) == 1:
            return True
        return bool(item["text"]) and item["number"] in (None, "1")

    def _is_interrupted(self, line: str) -> bool:
        """Whether a line begins something new without a blank line before it."""
        if not self._lines or (len(self._lines) == 1 and _HEADING.match(self._lines[0])):
            return True
        if _RULE.fullmatch(line):
            return self._kind is Kind.ITEM or line[0] != "-"
        quotes = line.startswith(">") and not self._lines[-1].startswith(">")
        return quotes or _HEADING.match(line) is not None

    def _opening(self, line: str) -> re.Match[str] | None:
        """Whether a line opens a fence at the top level."""
        found = _FENCE.match(line)
        inside = self._kind is Kind.ITEM and self._lines and line[0] == " "
        return None if inside else found

    def _is_delimiter(self, line: str) -> bool:
        """Whether a line makes a table's heading of the line before it."""
        return (
            self._kind is Kind.BLOCK
            and bool(self._lines)
            and "|" in self._lines[-1]
            and "|" in line
            and not self._lines[-1][0].isspace()
            and _DELIMITER.fullmatch(line) is not None
        )

    def _code(self, line: str, done: list[Piece]) -> None:
        mark = line.strip()
        if mark.startswith(self._fence) and not mark.strip(self._fence[0]) and _indent(line) < 4:
            if not self._joined:
                done.append(Piece(text="", kind=Kind.CODE, language=self._language))
            self._fence, self._joined = "", False
            self._kind, self._after_blank = Kind.BLOCK, True
        elif not mark:
            self._blanks += 1
        else:
            # Blank lines count only when there is code behind them.
            for text in [*[""] * self._blanks, line[min(self._fence_indent, _indent(line)) :]]:
                piece = Piece(text=text, kind=Kind.CODE, joined=self._joined, language=self._language)
                done.append(piece)
                self._joined = True
            self._blanks = 0

    def _end(self, done: list[Piece]) -> None:
        """Finish the piece there is."""
        while self._lines and not self._lines[-1].strip():
            self._lines.pop()
        if self._lines:
            number = self._list[1] if self._list is not None and self._kind is Kind.ITEM else None
            text = "\n".join(self._lines)
            done.append(Piece(text=text, kind=self._kind, joined=self._joined, number=number))
        self._begin(Kind.BLOCK)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


_ITEM: Final = re.compile(r"(?:(?P<bullet>[-+*])|(?P<number>\d{1,9})(?P<end>[.)]))(?:[ ]+(?P<text>\S.*)?|$)")
_RULE: Final = re.compile(r"(?:\*[ ]*){3,}|(?:-[ ]*){3,}|(?:_[ ]*){3,}")
_HEADING: Final = re.compile(r"#{1,6}(?: |$)")
_FENCE: Final = re.compile(r" {0,3}(`{3,}(?!.*`)|~{3,})(.*)")
_DELIMITER: Final = re.compile(r" {0,3}\|?[ ]*:?-+:?[ ]*(?:\|[ ]*:?-+:?[ ]*)*\|?[ ]*")
