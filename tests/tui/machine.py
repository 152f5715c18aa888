"""A machine in front of the user that writes down what was copied and opened."""

from __future__ import annotations

from codex_ssh.errors import DeskFailed
from codex_ssh.tui.desk import NoDesk


class Machine(NoDesk):
    """Has a clipboard and a browser.

    Attributes:
        copied, opened: What was put on the clipboard, and shown in the browser.
        failure: What either says instead.
    """

    def __init__(self) -> None:
        super().__init__()
        self.copied: list[str] = []
        self.opened: list[str] = []
        self.failure: DeskFailed | None = None

    async def copy(self, text: str) -> str:
        if self.failure is not None:
            raise self.failure
        self.copied.append(text)
        return "clipboard"

    async def open_url(self, url: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.opened.append(url)
