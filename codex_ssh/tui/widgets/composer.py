"""Where the user writes: several lines, history, and the slash command menu's keys.

Lives here: keys and history. Not here: what becomes of a message (:mod:`codex_ssh.tui.app`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from codex_ssh.tui.widgets.command_menu import CommandMenu

NEW_LINE_KEYS: Final = ("ctrl+j", "shift+enter", "alt+enter")
"""The latter two only where the terminal tells them from Enter."""


class Composer(TextArea):
    """A text area in which Enter sends and Ctrl-J makes a new line.

    Args:
        menu: The command menu to drive.
        history: Gives what was said before, the oldest first.
    """

    DEFAULT_CSS = """
    Composer, Composer:focus {
        height: auto;
        max-height: 12;
        min-height: 3;
        border: round ansi_bright_black;
        padding: 0 1;
        background: ansi_default;
        color: ansi_default;
        scrollbar-size-vertical: 1;
        & .text-area--cursor-line { background: ansi_default; }
        & .text-area--cursor { text-style: reverse; color: ansi_default; background: ansi_default; }
        & .text-area--placeholder { color: ansi_default; text-style: dim; }
        & .text-area--selection { text-style: reverse; background: ansi_default; }
    }
    Composer:focus { border: round ansi_cyan; }
    """

    class Submitted(Message):
        """The user wants this to be sent or done."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, menu: CommandMenu, history: Callable[[], list[str]]) -> None:
        super().__init__(
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            compact=False,
            highlight_cursor_line=False,
            placeholder="say what to do, or / for commands",
        )
        self._menu = menu
        self._history = history
        self._back = 0
        self._unsent = ""

    def take(self, text: str) -> None:
        """Put a text in, the cursor at its end."""
        self.text = text
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        if self._menu.display:
            # What was typed last may not have reached the menu yet, and enter would take another command.
            self._menu.match(self.text)
        if self._menu.display and self._menu_key(event.key):
            event.stop()
            event.prevent_default()
            return
        if event.key in NEW_LINE_KEYS:
            # Not by a binding: its action would come after characters that were typed behind it.
            event.stop()
            event.prevent_default()
            self._replace_via_keyboard("\n", *self.selection)
            return
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self._submit()
            return
        if event.key == "up" and self.cursor_location[0] == 0 and self._turn_back(1):
            event.stop()
            event.prevent_default()
            return
        if event.key == "down" and self._at_last_line() and self._turn_back(-1):
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)

    def _menu_key(self, key: str) -> bool:
        if key in ("up", "down"):
            self._menu.move(-1 if key == "up" else 1)
            return True
        chosen = self._menu.chosen
        if chosen is None:
            return False
        if key == "tab":
            self.take(f"/{chosen.name.value} ")
            return True
        if key == "enter":
            self.take(f"/{chosen.name.value}")
            self._submit()
            return True
        if key == "escape":
            self.take("")
            return True
        return False

    def _submit(self) -> None:
        text = self.text.strip("\n")
        if not text.strip():
            return
        self._back, self._unsent = 0, ""
        self.take("")
        self.post_message(self.Submitted(text))

    def _at_last_line(self) -> bool:
        return self.cursor_location[0] == self.document.line_count - 1

    def _turn_back(self, step: int) -> bool:
        """Show an older or newer message; False when there is none that way."""
        history = self._history()
        back = self._back + step
        if not 0 <= back <= len(history):
            return False
        if self._back == 0:
            self._unsent = self.text
        self._back = back
        self.take(history[-back] if back else self._unsent)
        return True

    def on_text_area_changed(self) -> None:
        """Offer commands while one is typed."""
        self._menu.match(self.text)
