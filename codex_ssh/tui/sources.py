"""Where the composer finds what it offers: the server's commands, files and skills, and what was said before.

Lives here: the one place that knows them all. Not here: how each is found. Nothing here imports Textual.
"""

from __future__ import annotations

from collections.abc import Sequence

from codex_ssh.tui.chat import Chat
from codex_ssh.tui.commands.registry import matching
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.file_search import FileSearch


class ChatSources:
    """What one chat has to offer.

    Args:
        chat: The conversation.
        desk: Keeps what was said to this host.
    """

    def __init__(self, chat: Chat, desk: Desk) -> None:
        self._chat = chat
        self._desk = desk

    @property
    def search(self) -> FileSearch:
        """Files and skills of the devbox."""
        return self._chat.search

    @property
    def cwd(self) -> str:
        """The directory of the thread; empty while there is none."""
        return self._chat.transcript.cwd if self._chat.transcript is not None else ""

    @property
    def is_running(self) -> bool:
        """Whether a turn runs."""
        return self._chat.transcript is not None and self._chat.transcript.state.is_running

    @property
    def has_waiting(self) -> bool:
        """Whether messages wait for its end."""
        return bool(self._chat.queue.waiting)

    def commands(self, typed: str) -> Sequence[SlashCommand]:
        """Give the slash commands a half-typed line may become."""
        return matching(typed, self._chat.knows)

    def said(self) -> Sequence[str]:
        """Give what was said before, the oldest first: in this thread from elsewhere, then from here."""
        here = self._desk.history()
        known = set(here)
        return (*(text for text in self._chat.said() if text not in known), *here)
