"""The terminal as lines: what a front end for listeners writes to and reads from.

Lives here: stdin and stdout in the terminal's own line mode, and Ctrl-C. Not here: what is said
(:mod:`codex_ssh.tui.line_front`), and questions of a login, which go to ``/dev/tty``
(:mod:`codex_ssh.local.terminal`).

The terminal edits the line: whatever a screen reader does with that, it does here too. A pipe works as well.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from codex_ssh.local.signals import interrupts_mean

_READ_BYTES: Final = 64 * 1024


class StdioLines:
    """Lines of stdin and stdout; one reader at a time.

    Attributes:
        on_interrupt: Called at Ctrl-C.
    """

    def __init__(self) -> None:
        self.on_interrupt: Callable[[], None] = lambda: None
        self._source = sys.stdin.fileno()
        self._buffer = b""
        self._is_over = False

    def write(self, text: str) -> None:
        """Append text; a terminal that cannot show a character gets a mark for it."""
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))
        sys.stdout.flush()

    async def read(self) -> str | None:
        """Wait for a line; None at the end of input. Cancelling it loses nothing that was typed."""
        while b"\n" not in self._buffer and not self._is_over:
            await self._readable()
            # In line mode a terminal that is readable has a whole line, so this does not block.
            data = os.read(self._source, _READ_BYTES)
            self._buffer += data
            self._is_over = not data
        line, found, self._buffer = self._buffer.partition(b"\n")
        if not line and not found:
            return None
        return line.decode(errors="replace").removesuffix("\r")

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        try:
            loop.add_reader(self._source, wake)
        except PermissionError:  # a plain file is always readable, and epoll will not watch it
            return
        try:
            await ready
        finally:
            loop.remove_reader(self._source)


@asynccontextmanager
async def open_stdio_lines() -> AsyncGenerator[StdioLines, None]:
    """Give the terminal as lines; Ctrl-C goes to it until the end."""
    lines = StdioLines()

    def interrupted() -> None:
        lines.on_interrupt()  # whoever reads may have set another one meanwhile

    with interrupts_mean(interrupted):
        yield lines
