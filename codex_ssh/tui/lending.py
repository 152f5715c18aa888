"""An application that gives its terminal away for a while: to an editor.

Lives here: being quiet meanwhile, and taking the terminal back whatever happened. Not here: who gets it
(:meth:`codex_ssh.tui.desk.Desk.edit`).

The application goes on: it reads the link and keeps its screen up to date, and draws nothing. A write to the
terminal now would not only disturb the editor: Textual hands it to a thread that has ended, and the thirtieth
would wait for ever.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from codex_ssh.tui.driver import OutlivingDriver

R = TypeVar("R")


class LendingApp(App[R]):
    """An application whose terminal can be lent."""

    _is_lent = False

    def get_driver_class(self) -> type[Driver]:
        """Give a driver that outlives its terminal, where Textual's own does not."""
        found = super().get_driver_class()
        return OutlivingDriver if found is LinuxDriver else found

    @property
    def is_lent(self) -> bool:
        """Whether another program has the terminal."""
        return self._is_lent

    def write_terminal(self, sequence: str) -> None:
        """Write a control sequence between two frames; not at all while the terminal is lent."""
        if self._driver is not None and not self._is_lent:
            self._driver.write(sequence)

    def bell(self) -> None:
        """Ring the bell; not while the terminal is lent."""
        if not self._is_lent:
            super().bell()

    @contextmanager
    def lend_terminal(self) -> Generator[None, None, None]:
        """Give the terminal away until the block ends, and take it back however it ends."""
        failed: BaseException | None = None
        self._is_lent = True
        try:
            with self.batch_update(), self.suspend():
                try:
                    yield
                except BaseException as error:
                    if not self.is_running:
                        raise  # at the end of the application nobody would give it back again
                    failed = error  # raised here it would keep Textual from taking the terminal back
        finally:
            self._is_lent = False
        # What was there before is gone with the other program's screen.
        self.screen.refresh(layout=True)
        if failed is not None:
            raise failed
