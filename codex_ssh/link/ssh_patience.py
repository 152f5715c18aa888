"""A time limit for the login that does not run while a person is being asked.

Lives here: the clock, and the prompter that stops it.
Not here: what the limits are (:mod:`codex_ssh.core.ssh_options`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager

from codex_ssh.core.question import Prompter, Question
from codex_ssh.core.secret import Secret


class Patience:
    """A time limit that does not run while a person is being asked.

    Args:
        seconds: For the first part.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: asyncio.Timeout | None = None
        self._open_questions = 0

    @asynccontextmanager
    async def limit(self) -> AsyncGenerator[None, None]:
        """Raise TimeoutError when the block takes longer, questions not counted."""
        async with asyncio.timeout(self._seconds) as timer:
            self._timer = timer
            try:
                yield
            finally:
                self._timer = None

    def start_over(self, seconds: float) -> None:
        """Give the next part its own limit."""
        self._seconds = seconds
        if self._timer is not None and not self._open_questions:
            self._timer.reschedule(asyncio.get_running_loop().time() + seconds)

    @contextmanager
    def question(self) -> Iterator[None]:
        """Stop the clock; whoever answered gets the whole limit for what follows."""
        self._open_questions += 1
        if self._timer is not None:
            self._timer.reschedule(None)
        try:
            yield
        finally:
            self._open_questions -= 1
            self.start_over(self._seconds)


class PatientPrompter:
    """Asks by another prompter, and stops the clock meanwhile."""

    def __init__(self, prompter: Prompter, patience: Patience) -> None:
        self._prompter = prompter
        self._patience = patience

    async def ask(self, question: Question) -> Secret | None:
        """Ask."""
        with self._patience.question():
            return await self._prompter.ask(question)

    def tell(self, host: str, text: str) -> None:
        """Show."""
        self._prompter.tell(host, text)
