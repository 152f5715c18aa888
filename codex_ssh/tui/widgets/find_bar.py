"""Where one types what to find in the transcript, with what was found beside it.

Lives here: the line and its keys. Not here: finding (:mod:`codex_ssh.tui.find`) and showing what was found
(:mod:`codex_ssh.tui.widgets.reading_pane`).
"""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from codex_ssh.core.keymap import Keymap, Place
from codex_ssh.tui import palette


class FindInput(Input):
    """The text to find; keys that mean something else while finding are told."""

    class Key(Message):
        """A key that does something while finding; its action in the table of keys."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, keymap: Keymap) -> None:
        super().__init__(placeholder="text to find", select_on_focus=False)
        self._keymap = keymap

    async def _on_key(self, event: events.Key) -> None:
        if action := self._keymap.action(event.key, Place.FIND):
            event.stop()
            event.prevent_default()
            self.post_message(self.Key(action))
        else:
            await super()._on_key(event)


class FindBar(Horizontal):
    """One row: the text, and how much there is of it.

    Args:
        keymap: Which keys do what.

    Attributes:
        input: The text.
    """

    DEFAULT_CSS = """
    FindBar {
        height: 1; padding: 0 1; display: none;
        & > #label { width: auto; }
        & > #found { width: auto; max-width: 60%; }
        & > FindInput, & > FindInput:focus {
            border: none; height: 1; padding: 0; width: 1fr; background: ansi_default; color: ansi_default;
            & .input--cursor { text-style: reverse; background: ansi_default; color: ansi_default; }
            & .input--placeholder { text-style: dim; color: ansi_default; background: ansi_default; }
        }
    }
    """

    def __init__(self, keymap: Keymap) -> None:
        super().__init__()
        self.input = FindInput(keymap)
        self._found = Static(id="found", markup=False)
        self._told = ""

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Static(Text("find ", palette.KEY), id="label", markup=False)
        yield self.input
        yield self._found

    def tell(self, text: str) -> None:
        """Say what was found."""
        if text == self._told:
            return
        self._told = text
        self._found.update(Text(f" {text}", palette.DIM, no_wrap=True, overflow="ellipsis"))
