"""What was cut in the composer, to be put back: the ring of readline and Emacs.

Lives here: the ring. Not here: which key cuts what (:mod:`codex_ssh.tui.widgets.composer`).
"""

from __future__ import annotations

from typing import Final

MOST: Final = 60
"""So many are kept, as in Emacs."""


class KillRing:
    """Texts that were cut, the last one first; cuts one right behind the other grow into one."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._is_growing = False
        self._at = 0

    def cut(self, text: str, *, before: bool) -> None:
        """Keep a text that was cut.

        Args:
            text: The text; nothing is kept of an empty one.
            before: It stood before what was cut last, when that was just now.
        """
        if not text:
            return
        if self._is_growing and self._texts:
            self._texts[0] = text + self._texts[0] if before else self._texts[0] + text
        else:
            self._texts = [text, *self._texts[: MOST - 1]]
        self._is_growing, self._at = True, 0

    def other_key(self) -> None:
        """Note that something else was done: the next cut begins anew."""
        self._is_growing = False

    def last(self) -> str:
        """Give what was cut last; empty when nothing was."""
        self._at = 0
        return self._texts[0] if self._texts else ""

    def one_before(self) -> str:
        """Give what was cut before the text given last; behind the oldest comes the last again."""
        if not self._texts:
            return ""
        self._at = (self._at + 1) % len(self._texts)
        return self._texts[self._at]
