"""One line on stderr that says how far a copy is, for a person at a terminal.

Lives here: drawing it. Not here: what is copied (:mod:`codex_ssh.link.copying`). Where stderr is no terminal
nothing is drawn, and words still are.
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import Final

from codex_ssh.cli.output import note
from codex_ssh.core.image import size_text
from codex_ssh.core.plain_text import plain_line

_EVERY_SECONDS: Final = 0.1
_RATE_SECONDS: Final = 5.0
"""The rate is that of the last so many seconds."""

_BAR_CELLS: Final = 20
_CLEAR: Final = "\r\033[K"


class ProgressLine:
    """How far it is.

    Args:
        shows: Draw; else only words are printed.
    """

    def __init__(self, *, shows: bool) -> None:
        self._shows = shows and sys.stderr.isatty()
        self._name = ""
        self._whole = 0
        self._done = 0
        self._files = 0
        self._drawn_at = 0.0
        self._seen: list[tuple[float, int]] = []

    def plan(self, files: int, size: int) -> None:
        """Say how much it is."""
        self._files, self._whole = files, size

    def at(self, name: str) -> None:
        """Say what is copied now."""
        self._name = plain_line(name)
        self._draw()

    def checks(self, name: str) -> None:
        """Say what is compared now."""
        self._name = f"{plain_line(name)}: comparing checksums"
        self._draw(now=True)

    def moved(self, size: int) -> None:
        """Say how much more is done."""
        self._done += size
        self._draw()

    def tell(self, text: str) -> None:
        """Print words above the line."""
        self.clear()
        note(plain_line(text))
        self._draw(now=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._shows and self._drawn_at:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    def _draw(self, *, now: bool = False) -> None:
        clock = time.monotonic()
        if not self._shows or not self._whole or (not now and clock - self._drawn_at < _EVERY_SECONDS):
            return
        self._drawn_at = clock
        self._seen = [one for one in self._seen if clock - one[0] < _RATE_SECONDS] or self._seen[-1:]
        self._seen.append((clock, self._done))
        columns = shutil.get_terminal_size().columns
        sys.stderr.write(_CLEAR + self._line(columns - 1))
        sys.stderr.flush()

    def _line(self, cells: int) -> str:
        share = min(max(self._done / self._whole, 0.0), 1.0)
        since, before = self._seen[0]
        seconds = self._seen[-1][0] - since
        rate = max(self._done - before, 0) / seconds if seconds > 0 else 0.0
        left = f" {_clock((self._whole - self._done) / rate)}" if rate else ""
        filled = int(share * _BAR_CELLS)
        bar = "█" * filled + "░" * (_BAR_CELLS - filled)
        numbers = f"{share:4.0%} {size_text(self._done)} of {size_text(self._whole)}  "
        numbers += f"{size_text(int(rate))}/s{left}"
        room = cells - len(numbers) - _BAR_CELLS - 2
        if room < 8:
            return numbers[:cells]
        name = self._name if len(self._name) <= room else f"…{self._name[-room + 1 :]}"
        return f"{bar} {numbers} {name}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
