"""A dialog that asks before something is done that cannot be taken back, or that opens a door."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.tui import palette
from codex_ssh.tui.screens.dialog import Dialog, scrolling_frame


class ConfirmScreen(Dialog[bool]):
    """Gives whether the user wants it; "no" is chosen at first.

    Args:
        question: What is asked.
        details: What comes of it; remote text is made harmless here.
        word: What has to be typed for a yes; empty where choosing it is enough.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "leave", "no", priority=True),
    ]

    def __init__(self, question: str, details: str = "", *, word: str = "") -> None:
        super().__init__()
        self._question = question
        self._details = details
        self._word = word

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        about = Text(f"{plain_line(self._question)}\n", palette.BOLD)
        if self._details:
            about.append(f"{plain_lines(self._details)}\n", "not bold")
        with scrolling_frame(asks=True):
            yield Static(about, markup=False)
            if self._word:
                yield Static(
                    Text(f"type {self._word} and enter to do it, esc: no", palette.WARN), markup=False
                )
                yield Input()
                yield Static(id="fault", markup=False)
            else:
                yield OptionList(Option("no", id="no"), Option("yes", id="yes"), markup=False)

    def on_mount(self) -> None:
        """Take the keyboard."""
        self.query_one(Input if self._word else OptionList).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the word, if it is the word."""
        if event.value.strip() == self._word:
            self.dismiss(result=True)
        else:
            self.query_one("#fault", Static).update(Text("that is not the word", palette.BAD))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the choice."""
        self.dismiss(event.option_id == "yes")

    def key_y(self) -> None:
        """Say yes, where no word is wanted."""
        if not self._word:
            self.dismiss(result=True)

    def key_n(self) -> None:
        """Say no, where no word is wanted."""
        if not self._word:
            self.dismiss(result=False)

    def action_leave(self) -> None:
        """Say no."""
        self.dismiss(result=False)
