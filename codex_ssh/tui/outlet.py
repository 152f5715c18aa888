"""Where the screen is written to, and what happens when that goes away.

Lives here: the file Textual's driver writes to. Not here: what is written.

Textual writes in a thread, which a write that fails ends; the application then waits for that thread for ever
as it ends itself. So a terminal window that is closed, or a multiplexer that is killed, would leave the
process behind, with its SSH connection.
"""

from __future__ import annotations

from typing import TextIO, cast

from textual.driver import Driver


class Outlet:
    """A file that takes everything, also when nobody is there any more.

    Args:
        file: The terminal.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write as far as that goes."""
        try:
            return self._file.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Hand it on as far as that goes."""
        try:
            self._file.flush()
        except OSError:
            return

    def fileno(self) -> int:
        """Give the terminal's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._file.isatty()


def survive_hangup(driver: Driver) -> None:
    """Have a driver go on, until it is told to end, when its terminal is gone; one without a terminal may."""
    file = getattr(driver, "_file", None)
    if file is not None:
        vars(driver)["_file"] = cast("TextIO", Outlet(file))
