"""Asks by a dialog what a login wants to know while the screen is the TUI's.

Lives here: the prompter for reconnects. Not here: the dialog itself
(:mod:`codex_ssh.tui.screens.prompt_screen`), and questions before the TUI starts
(:mod:`codex_ssh.local.terminal`). Importing this costs no Textual.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.question import Prompter, Question
from codex_ssh.core.secret import Secret

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp

log = logging.getLogger(__name__)


class DialogPrompter:
    """Asks in the TUI while there is one.

    Args:
        otherwise: Asks while there is none.

    Attributes:
        app: The TUI that runs.
    """

    def __init__(self, otherwise: Prompter) -> None:
        self.app: CodexApp | None = None
        self._otherwise = otherwise

    async def ask(self, question: Question) -> Secret | None:
        """See :meth:`codex_ssh.core.question.Prompter.ask`."""
        if self.app is None:
            return await self._otherwise.ask(question)
        answer: asyncio.Future[Secret | None] = asyncio.get_running_loop().create_future()
        withdraw = self.app.open_prompt(question, answer)
        try:
            return await answer
        finally:
            withdraw()

    def tell(self, host: str, text: str) -> None:
        """Log it: the screen is not ours to write on, and nobody has to answer."""
        for line in text.splitlines():
            log.info("%s: %s", host, plain_line(line))
