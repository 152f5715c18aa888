"""A list to choose one thing from, with a filter: threads, models, efforts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.value import dataclass
from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.screens.dialog import Dialog, frame, move_highlight


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing to choose; remote text, made harmless here.

    Attributes:
        value: What is given back.
    """

    value: str
    label: str
    about: str = ""


class PickScreen(Dialog[str | None]):
    """Gives the chosen value, or None."""

    DEFAULT_CSS = """
    PickScreen OptionList { max-height: 20; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("list.close", "cancel"),
        bind("list.up", "move(-1)", priority=True),
        bind("list.down", "move(1)", priority=True),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        at: str = "",
        preview: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._at = at
        self._preview = preview

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame():
            yield Static(Text(self._title, palette.BOLD), markup=False)
            yield Input(placeholder="type to filter, enter to choose, esc to leave")
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill("")
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter the list."""
        self._fill(event.value)

    def on_input_submitted(self) -> None:
        """Take the highlighted one."""
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            self.dismiss(options.get_option_at_index(options.highlighted).id)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show how it would be."""
        if self._preview is not None and event.option_id is not None:
            self._preview(event.option_id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the clicked one."""
        self.dismiss(event.option_id)

    def action_move(self, step: int) -> None:
        """Move the highlight; the filter keeps the keyboard."""
        move_highlight(self.query_one(OptionList), step)

    def action_cancel(self) -> None:
        """Choose nothing."""
        self.dismiss(None)

    def _fill(self, wanted: str) -> None:
        words = wanted.lower().split()
        options = self.query_one(OptionList)
        options.clear_options()
        for choice in self._choices:
            text = f"{choice.label} {choice.about}".lower()
            if all(word in text for word in words):
                line = Text(plain_line(choice.label), no_wrap=True, overflow="ellipsis")
                if choice.about:
                    line.append(f"  {plain_line(choice.about)}", palette.DIM)
                options.add_option(Option(line, id=choice.value))
        if options.option_count:
            values = [option.id for option in options.options]
            options.highlighted = values.index(self._at) if self._at in values else 0
