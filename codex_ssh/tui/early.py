"""What comes for a thread before it is shown: whoever reads may be ahead of whoever takes the answer.

Lives here: which messages are kept, and until when. Not here: reading them (:mod:`codex_ssh.tui.chat`).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from codex_ssh.core.ask import Ask
from codex_ssh.core.events import Event
from codex_ssh.core.transcript import Transcript


class Early:
    """Keeps what is said of threads that are being opened."""

    def __init__(self) -> None:
        self._opening = 0
        self._kept: list[Event | Ask] = []
        self._is_shown = False

    @contextmanager
    def opening(self) -> Generator[None, None, None]:
        """Keep what comes, while a thread is being opened."""
        self._opening += 1
        try:
            yield
        finally:
            self._opening -= 1
            if not self._opening and self._is_shown:
                self._kept.clear()

    def keep(self, said: Event | Ask, thread_id: str, shown: Transcript | None) -> bool:
        """Keep a message if it may be about a thread that is not shown yet; tells whether it was kept."""
        if shown is not None and (not self._opening or thread_id == shown.thread_id):
            return False
        self._kept.append(said)
        return True

    def take(self) -> list[Event | Ask]:
        """Give what was kept, once: a thread is shown now."""
        self._is_shown = True
        kept, self._kept = self._kept, []
        return kept
