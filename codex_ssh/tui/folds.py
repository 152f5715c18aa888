"""How folds sit in the composer's text: a mark, then the rest of the label, handled as one piece.

Lives here: the marks, and the arithmetic of what an edit may touch. Not here: what a fold is
(:mod:`codex_ssh.core.draft`) and the composer. Nothing here imports Textual.

A fold's first character is a mark: a private character nobody can type, drawn as the label's first one. It
says which fold it is, so text, undo and what was cut can be moved about as plain text, and text that merely
looks like a fold is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from codex_ssh.core.draft import Draft, Fold

FIRST_MARK: Final = 0x100000
LAST_MARK: Final = 0x10FFFD
_MARK: Final = re.compile(f"[{chr(FIRST_MARK)}-{chr(LAST_MARK)}]")


class Folds:
    """The folds of one composer; none is forgotten, as what was deleted can come back."""

    def __init__(self) -> None:
        self._folds: list[Fold] = []

    def encode(self, draft: Draft) -> str:
        """Give a draft as the composer's text."""
        return "".join(piece if isinstance(piece, str) else self._encode(piece) for piece in draft.pieces)

    def decode(self, text: str) -> Draft:
        """Give the composer's text, or a part of it, as a draft."""
        pieces: list[str | Fold] = []
        at = 0
        for start, end, fold in self.spans(text):
            pieces += [text[at:start], fold]
            at = end
        pieces.append(text[at:])
        return Draft(pieces=tuple(piece for piece in pieces if piece != ""))

    def spans(self, line: str) -> Iterator[tuple[int, int, Fold]]:
        """Give the folds in a text: where each begins and ends."""
        for found in _MARK.finditer(line):
            fold = self._fold(found)
            if fold is not None:
                yield found.start(), found.start() + len(fold.label), fold

    def shown(self, line: str) -> str:
        """Give a text as it is seen."""
        if line.isascii():
            return line
        return _MARK.sub(lambda found: self._rest(found, slice(1)) or "�", line)

    def short(self, text: str) -> str:
        """Give a text with each fold as its mark alone: one character."""
        if text.isascii():
            return text
        parts, at = [], 0
        for start, end, _ in self.spans(text):
            parts += [text[at:start], text[start]]
            at = end
        return "".join([*parts, text[at:]])

    def long(self, text: str) -> str:
        """Give a text whose folds are marks alone with their labels again."""
        if text.isascii():
            return text
        return _MARK.sub(lambda found: found.group() + self._rest(found, slice(1, None)), text)

    def whole(self, line: str, column: int, *, to_end: bool) -> int:
        """Give the nearest column that is not inside a fold: its end, or its beginning."""
        for start, end, _ in self.spans(line):
            if start < column < end:
                return end if to_end else start
        return column

    def _fold(self, mark: re.Match[str]) -> Fold | None:
        """Give the fold of a mark; None for a character that is none of ours."""
        number = ord(mark.group()) - FIRST_MARK
        return self._folds[number] if number < len(self._folds) else None

    def _rest(self, mark: re.Match[str], part: slice) -> str:
        """Give a part of the label of a mark's fold; nothing for a character that is none of ours."""
        fold = self._fold(mark)
        return fold.label[part] if fold is not None else ""

    def _encode(self, fold: Fold) -> str:
        if fold in self._folds:
            number = self._folds.index(fold)
        else:
            number = len(self._folds)
            self._folds.append(fold)
        return chr(FIRST_MARK + number) + fold.label[1:]
