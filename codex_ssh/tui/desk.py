"""What the TUI wants from the machine it runs on: clipboard, images, editor, notifications, history, browser.

Lives here: the Protocol, and a desk with nothing on it. Not here: how it is done
(:mod:`codex_ssh.local.desk`). Nothing here imports Textual.

None of it ever keeps the screen waiting: what takes long is awaited, has an end within seconds, and what
cannot be done raises an error to be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from codex_ssh.core.image import Image
from codex_ssh.core.ssh_hosts import Alias
from codex_ssh.errors import DeskFailed, ImageRefused


class Desk(Protocol):
    """The machine in front of the user.

    Attributes:
        write_terminal: Set by the TUI while it has the screen: writes control sequences, which are harmless
            text with a beginning and an end, between two frames. Does nothing until then.
    """

    write_terminal: Callable[[str], None]

    async def copy(self, text: str) -> str:
        """Put a text on the clipboard, within two seconds, and say where it is now.

        Returns:
            ``clipboard``, or ``tmux``, or ``terminal`` when the terminal was asked and nobody knows whether
            it did.

        Raises:
            DeskFailed: It is too long for a terminal, and there is no other way.
        """

    async def pasted_image(self) -> Image | None:
        """Give the image on the clipboard, within seconds; None when there is none.

        Raises:
            ImageRefused: There is one, which cannot be sent.
        """

    async def read_image(self, path: str) -> Image:
        """Read an image file of this machine.

        Args:
            path: As it was typed, or as a terminal writes it when a file is dropped on it.

        Raises:
            ImageRefused: It is not there, cannot be read, is no image, or is too large.
        """

    async def edit(self, text: str) -> str:
        """Let the user write in an editor, and give what it says then.

        The editor has the terminal: the TUI is suspended around this and writes nothing meanwhile.

        Raises:
            DeskFailed: There is no editor, or it failed; the text is as it was.
        """

    def notify(self, title: str, body: str) -> None:
        """Draw the user's attention to something; both texts are made harmless. Never waits."""

    async def tells_focus(self) -> bool:
        """Whether what the terminal says about its focus is so, found out within a second."""

    def history(self) -> Sequence[str]:
        """Give what was said to this host before, and here, the newest last."""

    def remember(self, text: str) -> None:
        """Add to the history what was said just now. Never waits."""

    def keep(self, key: str, value: str | Sequence[str]) -> str:
        """Keep a setting of the ``[tui]`` table for the next time. Never waits.

        Returns:
            Why it will not hold then, when something stronger says otherwise; else nothing.

        Raises:
            DeskFailed: It could not be kept.
        """

    def save(self, path: str, text: str) -> str:
        """Write a new file, which only the user may read, and give its absolute path.

        Raises:
            DeskFailed: There is a file of that name already, or it cannot be written.
        """

    def hosts(self) -> Sequence[Alias]:
        """Give the hosts the user's config files name, each once."""

    async def open_url(self, url: str) -> None:
        """Show a web page in the user's browser. Whoever calls this has asked the user.

        Raises:
            DeskFailed: It is no ``http`` or ``https`` URL, or there is no browser.
        """


def write_nothing(sequence: str) -> None:
    """Write nothing: there is no screen."""


class NoDesk:
    """A machine with nothing on it: what a TUI has that was given no other."""

    def __init__(self) -> None:
        self.write_terminal: Callable[[str], None] = write_nothing
        self._said: list[str] = []

    async def copy(self, text: str) -> str:
        """Refuse."""
        raise DeskFailed("there is no clipboard here")

    async def pasted_image(self) -> Image | None:
        """Give nothing."""
        return None

    async def read_image(self, path: str) -> Image:
        """Refuse."""
        raise ImageRefused("files of this machine cannot be read here", path=path)

    async def edit(self, text: str) -> str:
        """Refuse."""
        raise DeskFailed("there is no editor here")

    def notify(self, title: str, body: str) -> None:
        """Do nothing."""

    async def tells_focus(self) -> bool:
        """Believe it."""
        return True

    def history(self) -> Sequence[str]:
        """Give what was said here."""
        return tuple(self._said)

    def remember(self, text: str) -> None:
        """Keep it for as long as this lasts."""
        self._said.append(text)

    def keep(self, key: str, value: str | Sequence[str]) -> str:
        """Keep nothing."""
        return ""

    def save(self, path: str, text: str) -> str:
        """Refuse."""
        raise DeskFailed("nothing can be written here")

    def hosts(self) -> Sequence[Alias]:
        """Give none."""
        return ()

    async def open_url(self, url: str) -> None:
        """Refuse."""
        raise DeskFailed("there is no browser here")
