"""The transcript and all a reader does with it.

Lives here: what becomes of text that was selected or a link that was clicked, and what is said about it in
the status line. Not here: drawing (:mod:`codex_ssh.tui.widgets.transcript_view`).
"""

from __future__ import annotations

import time
from typing import Final

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from codex_ssh.errors import DeskFailed
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.widgets.transcript_view import TranscriptView

SAID_SECONDS: Final = 5.0
"""What was done is said for so long."""

_WHERE: Final = {
    "clipboard": "the clipboard",
    "tmux": "tmux, and the terminal's clipboard",
    "terminal": "the terminal, for its clipboard",
}


class ReadingPane(Vertical):
    """Holds the transcript.

    Args:
        desk: The machine in front of the user.

    Attributes:
        view: The transcript.
    """

    DEFAULT_CSS = """
    ReadingPane { height: 1fr; }
    """

    class HintChanged(Message):
        """The status line should say something else."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.view = TranscriptView()
        self._desk = desk
        self._said = ""
        self._said_at = 0.0

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self.view

    @property
    def hint(self) -> str:
        """What the status line says about reading; may be empty."""
        if self._said and time.monotonic() - self._said_at < SAID_SECONDS:
            return self._said
        window = self.view.window
        if window.following:
            return ""
        if window.unread:
            return f"↓ {window.unread} new below"
        return "↓ more below" if window.grew else ""

    def say(self, text: str) -> None:
        """Say something in the status line for a while."""
        self._said, self._said_at = text, time.monotonic()
        self.post_message(self.HintChanged())

    def on_transcript_view_selected(self, message: TranscriptView.Selected) -> None:
        """Copy what was selected."""
        self._copy_selected(message.text)

    def copy_selection(self) -> bool:
        """Copy what is selected once more, and let go of it; whether anything was."""
        text = self.view.take_selection()
        if text:
            self._copy_selected(text)
        return bool(text)

    def _copy_selected(self, text: str) -> None:
        lines = text.count("\n") + 1
        self.copy(text, f"{lines} lines" if lines > 1 else "the selection")

    @work
    async def copy(self, text: str, what: str) -> None:
        """Copy a text, and say where it is."""
        try:
            where = await self._desk.copy(text)
        except DeskFailed as failed:
            self.say(f"not copied: {failed}")
        else:
            self.say(f"{what} copied to {_WHERE.get(where, where)}")
