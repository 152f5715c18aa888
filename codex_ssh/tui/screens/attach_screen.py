"""How to join the thread from another device: the command, and the same as a QR code."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from codex_ssh.core.keymap import Keymap, key_hint
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.qr_code import qr_rows
from codex_ssh.errors import DeskFailed
from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.screens.dialog import Dialog

_INK: Final = Style(color="black", bgcolor="bright_white")
"""Dark on light whatever the theme: many readers do not read it the other way round."""


class AttachScreen(Dialog[None]):
    """Shows the command; Enter copies it.

    Args:
        host: Whose thread it is.
        command: What joins it.
        keymap: For the keys shown.
        desk: The clipboard.
    """

    DEFAULT_CSS = """
    AttachScreen { background: ansi_default; }
    AttachScreen > Horizontal { width: 100%; height: 100%; align: center middle; }
    AttachScreen #words { width: 1fr; max-width: 60; height: auto; max-height: 100%; padding: 0 2; }
    AttachScreen #code { width: auto; height: auto; }
    AttachScreen.-narrow > Horizontal { layout: vertical; }
    AttachScreen.-narrow #words { width: 100%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("list.close", "close", priority=True),
        bind("list.take", "copy", priority=True),
    ]

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (76, "-wide")]  # noqa: RUF012 - typed by Textual

    def __init__(self, host: str, command: str, keymap: Keymap, desk: Desk) -> None:
        super().__init__()
        self._host = host
        self._command = command
        self._keymap = keymap
        self._desk = desk
        self._rows = qr_rows(command)
        self._said = Static(id="said", markup=False)

    def compose(self) -> ComposeResult:
        """Build the screen."""
        host = plain_line(self._host)
        text = Text("this thread from another device\n\n", palette.BOLD)
        text.append(f"{plain_line(self._command)}\n\n", palette.KEY)
        text.append("It looks on and answers what codex asks, and can do nothing else; without ", palette.DIM)
        text.append("--approve-only", palette.PLAIN)
        text.append(" it can do all this one can. ", palette.DIM)
        text.append(
            f"It wants a codex-ssh whose ssh knows {host}. What you began this one with, ", palette.DIM
        )
        text.append("-F or --exec, belongs there too.\n", palette.DIM)
        keys = [
            key_hint(self._keymap, "list.take", "copy the command"),
            key_hint(self._keymap, "list.close", "back"),
        ]
        with Horizontal():
            yield Static(Text("\n".join(self._rows), _INK, no_wrap=True), id="code", markup=False)
            with VerticalScroll(id="words", can_focus=False):
                yield Static(text, markup=False)
                yield self._said
                yield Static(Text(", ".join(filter(None, keys)), palette.DIM), markup=False)

    def on_resize(self) -> None:
        """Leave out a code that is cut off: nothing reads it."""
        code = self.query_one("#code", Static)
        columns, rows = len(self._rows[0]), len(self._rows)
        is_wide = self.size.width >= columns + 36
        code.display = self.size.width >= columns and self.size.height >= rows + (0 if is_wide else 12)
        if not code.display:
            needed = f"the QR code needs {columns + 36} columns and {rows} lines"
            self._said.update(Text(needed, palette.WARN))
        else:
            self._said.update("")

    @work
    async def action_copy(self) -> None:
        """Copy the command."""
        try:
            said = Text(f"copied to the {await self._desk.copy(self._command)}", palette.GOOD)
        except DeskFailed as failed:
            said = Text(plain_line(str(failed)), palette.BAD)
        self._said.update(said)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)
