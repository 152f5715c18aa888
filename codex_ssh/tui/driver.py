"""The terminal as Textual drives it, which may go away.

Lives here: a driver that outlives its terminal. Not here: lending the terminal to another program
(:mod:`codex_ssh.tui.lending`).

A terminal that is closed takes no more output. Textual 8.2 writes from a thread that ends with the first
error, and whoever writes or closes then waits for that thread for ever: the process would stay behind, with
its connection to the devbox and its drafts.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TextIO

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver


class Terminal:
    """A terminal's output, which is dropped once the terminal is gone.

    Args:
        file: The output.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write, as long as somebody takes it."""
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        """Flush, as long as somebody takes it."""
        with suppress(OSError):
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class OutlivingDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, on a terminal that may be closed.

    Args:
        app: What is driven.
        more: As Textual's own takes it.
    """

    def __init__(self, app: App[Any], **more: Any) -> None:
        super().__init__(app, **more)
        self._file: Any = Terminal(self._file)
