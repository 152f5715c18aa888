"""A dialog that says what is waited for, until it is there or the user gives it up."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.screens.dialog import Dialog, frame


class WaitingScreen(Dialog[None]):
    """Closes when it is dismissed, or by the user.

    Args:
        words: What is waited for.
    """

    DEFAULT_CSS = """
    WaitingScreen > .frame { width: auto; max-width: 90%; }
    WaitingScreen .frame Static { width: auto; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [bind("list.close", "close", priority=True)]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame():
            yield Static(Text(f"{self._words} …", palette.BUSY), markup=False)
            yield Static(Text("Esc: leave it", palette.DIM), markup=False)

    def action_close(self) -> None:
        """Give it up."""
        self.dismiss(None)
