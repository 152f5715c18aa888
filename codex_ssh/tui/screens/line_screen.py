"""A dialog that asks for one line, with something to begin with: a place for a file."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.tui import palette
from codex_ssh.tui.screens.dialog import Dialog, frame


class LineScreen(Dialog[str | None]):
    """Gives what was typed; None when the user left.

    Args:
        question: What is asked; remote text is made harmless here.
        about: A line below it.
        begin: What stands there at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+c", "leave", "leave", priority=True)]

    def __init__(self, question: str, about: str, *, begin: str = "") -> None:
        super().__init__()
        self._question = question
        self._about = about
        self._begin = begin

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame():
            yield Static(Text(plain_line(self._question), palette.BOLD), markup=False)
            yield Input(self._begin, select_on_focus=False)
            yield Static(Text(plain_lines(self._about), palette.DIM), markup=False)

    def on_mount(self) -> None:
        """Take the keyboard."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the line, if there is one."""
        if event.value.strip():
            self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Give none."""
        self.dismiss(None)
