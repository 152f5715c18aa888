"""A part of the screen that copies text and opens links, and says in the status line what became of it.

Lives here: the way to the clipboard and the browser. Not here: what is copied or opened
(:mod:`codex_ssh.tui.widgets.reading_pane`), and what may be opened (:mod:`codex_ssh.core.links`).
"""

from __future__ import annotations

import time
from typing import Final

from textual import work
from textual.containers import Vertical
from textual.message import Message

from codex_ssh.core.links import read_link
from codex_ssh.core.plain_text import plain_line
from codex_ssh.errors import DeskFailed
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.links import Target
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen

SAID_SECONDS: Final = 5.0
"""What was done is said for so long."""

_WHERE: Final = {
    "clipboard": "the clipboard",
    "tmux": "tmux, and the terminal's clipboard",
    "terminal": "the terminal, for its clipboard",
}


class DeskPane(Vertical):
    """Copies and opens.

    Args:
        desk: The machine in front of the user.
        confirm_links: Ask before a link is opened.
    """

    class HintChanged(Message):
        """The status line should say something else."""

    class FileWanted(Message):
        """A file on the devbox should be shown."""

        def __init__(self, path: str, line: int) -> None:
            super().__init__()
            self.path = path
            self.line = line

    class SaveWanted(Message):
        """A file or folder of the devbox should be saved here."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def __init__(self, desk: Desk, *, confirm_links: bool) -> None:
        super().__init__()
        self._desk = desk
        self._confirm_links = confirm_links
        self._said = ""
        self._said_at = 0.0

    @property
    def said(self) -> str:
        """What was said just now; empty after a while."""
        return self._said if time.monotonic() - self._said_at < SAID_SECONDS else ""

    def say(self, text: str) -> None:
        """Say something in the status line for a while."""
        self._said, self._said_at = text, time.monotonic()
        self.post_message(self.HintChanged())

    def copy_lines(self, text: str, what: str) -> None:
        """Copy a text; several lines are said by their number."""
        lines = text.count("\n") + 1
        self.copy(text, f"{lines} lines" if lines > 1 else what)

    @work
    async def copy(self, text: str, what: str) -> None:
        """Copy a text, and say where it is."""
        if not text:
            self.say("there is nothing to copy")
            return
        try:
            where = await self._desk.copy(text)
        except DeskFailed as failed:
            self.say(f"not copied: {failed}")
        else:
            self.say(f"{what} copied to {_WHERE.get(where, where)}")

    @work
    async def open(self, target: Target) -> None:
        """Open a web page here after a question, or a file of the devbox; anything else is refused."""
        if target.path:
            self.post_message(self.FileWanted(plain_line(target.path), target.line))
            return
        link = read_link(target.address) if target.is_web else None
        if link is None:
            self.say(f"not opened, only http and https are: {plain_line(target.address)}")
            return
        if self._confirm_links or link.warnings:
            details = "\n".join([f"host: {link.shown}", "", link.url, *(f"⚠ {one}" for one in link.warnings)])
            if not await self.app.push_screen_wait(ConfirmScreen("open this in the browser here?", details)):
                return
        try:
            await self._desk.open_url(link.url)
        except DeskFailed as failed:
            self.say(f"not opened: {failed}")
        else:
            self.say(f"{link.shown} opened in the browser")
