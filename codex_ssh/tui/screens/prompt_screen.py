"""A question of the SSH login while the screen is the TUI's: a password, a code, an unknown host key."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.question import Question
from codex_ssh.core.secret import Secret
from codex_ssh.tui import palette
from codex_ssh.tui.screens.dialog import Dialog, scrolling_frame


class PromptScreen(Dialog[Secret | None]):
    """Gives what was typed; None when the question was declined.

    Args:
        question: What is asked, and by which host.
        grace_seconds: So long after it appeared Enter does not send what was typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "decline", "decline", priority=True)]

    def __init__(self, question: Question, *, grace_seconds: float = 0.0) -> None:
        super().__init__(grace_seconds=grace_seconds)
        self._question = question

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        question = self._question
        about = Text(f"{plain_line(question.host)} asks\n", palette.BOLD)
        if question.lead:
            about.append(f"{plain_lines(question.lead)}\n", "not bold")
        about.append(plain_line(question.text), "not bold")
        with scrolling_frame(asks=True):
            yield Static(about, markup=False)
            yield Input(password=not question.echo)
            yield Static(Text("enter: answer   esc: decline, and stay without a link", palette.DIM))

    def on_mount(self) -> None:
        """Take the keyboard."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the answer, and keep none of it."""
        if not self.is_settled:
            return
        answer = Secret(event.value)
        self.query_one(Input).value = ""
        self.dismiss(answer)

    def action_decline(self) -> None:
        """Give none."""
        self.query_one(Input).value = ""
        self.dismiss(None)
