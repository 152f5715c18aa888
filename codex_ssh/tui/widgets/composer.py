"""Where the user writes: several lines, history, and the slash command menu's keys.

Lives here: keys and history. Not here: what becomes of a message (:mod:`codex_ssh.tui.app`).
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from codex_ssh.core.keymap import Keymap, Place
from codex_ssh.tui.widgets.command_menu import CommandMenu


class Composer(TextArea):
    """A text area in which Enter sends and Ctrl-J makes a new line.

    Args:
        menu: The command menu to drive.
        keymap: Which keys do what.
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

    def __init__(self, menu: CommandMenu, keymap: Keymap, history: Callable[[], list[str]]) -> None:
        super().__init__(
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            compact=False,
            highlight_cursor_line=False,
            placeholder="say what to do, or / for commands",
        )
        self._menu = menu
        self._keymap = keymap
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
        # Not by bindings: their actions would come after characters that were typed behind the key.
        if self._do(self._keymap.action(event.key, Place.COMPOSER)):
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)

    def _do(self, action: str) -> bool:
        """Do what a key stands for; False when there is nothing to do, and the key means something else."""
        match action:
            case "composer.newline":
                self._replace_via_keyboard("\n", *self.selection)
            case "composer.send":
                self._submit()
            case "composer.older" if self.cursor_location[0] == 0:
                return self._turn_back(1)
            case "composer.newer" if self._at_last_line():
                return self._turn_back(-1)
            case _:
                return False
        return True

    def _menu_key(self, key: str) -> bool:
        action, chosen = self._keymap.action(key, Place.POPUP), self._menu.chosen
        if action in ("popup.up", "popup.down"):
            self._menu.move(-1 if action == "popup.up" else 1)
            return True
        if chosen is None:
            return False
        match action:
            case "popup.complete":
                self.take(f"/{chosen.name} ")
            case "popup.take":
                self.take(f"/{chosen.name}")
                self._submit()
            case "popup.close":
                self.take("")
            case _:
                return False
        return True

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
