"""The status line: one line about where we are and what goes on, in the user's own order."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.text import Text
from textual.widgets import Static

from codex_ssh.core.tui_settings import StatusItem
from codex_ssh.tui import palette
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.status_items import Moment, Part, fitted, status_parts


class StatusBar(Static, can_focus=False):
    """A hint about keys, the state of the link when it is not well, and what the user wants to see.

    Attributes:
        hint: What a key does now; empty mostly.
    """

    DEFAULT_CSS = """
    StatusBar { height: 1; padding: 0 1; }
    """

    def __init__(self, chat: Chat) -> None:
        super().__init__(markup=False)
        self._chat = chat
        self.hint = ""
        self._line = Text()
        self._shown: tuple[float | None, Sequence[StatusItem]] = (None, ())

    def on_resize(self) -> None:
        """Use the room there is."""
        self.show(*self._shown)

    def show(self, running_seconds: float | None, items: Sequence[StatusItem]) -> None:
        """Draw the line anew.

        Args:
            running_seconds: How long the turn runs; None when none does.
            items: The pieces, from left to right.
        """
        self._shown = (running_seconds, items)
        width = self.content_size.width
        moment = Moment(now=time.monotonic(), running=running_seconds, width=width)
        parts = [Part(text=self.hint, rank=0, style=palette.WARN)] if self.hint else []
        parts += status_parts(self._chat, items, moment)
        line = fitted(parts, width)
        if line != self._line:
            self._line = line
            self.update(line, layout=False)
