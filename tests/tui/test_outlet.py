"""A terminal that is gone takes what is written, and the thread that writes lives on."""

from __future__ import annotations

import errno
import io

from textual.drivers._writer_thread import WriterThread

from codex_ssh.tui.outlet import Outlet
from tests.support.waiting import until


class Gone(io.StringIO):
    """A terminal whose window was closed."""

    def write(self, text: str) -> int:
        raise OSError(errno.EIO, "Input/output error")

    def flush(self) -> None:
        raise OSError(errno.EIO, "Input/output error")


async def test_what_is_written_to_a_terminal_that_is_gone_ends_nothing() -> None:
    thread = WriterThread(Outlet(Gone()))  # type: ignore[arg-type]
    thread.daemon = True
    thread.start()
    for _ in range(20):
        thread.write("x")
    await until(thread._queue.empty, "all was taken")

    thread.stop()

    assert not thread.is_alive()


def test_what_is_written_to_a_terminal_reaches_it() -> None:
    file = io.StringIO()
    outlet = Outlet(file)

    assert outlet.write("hello") == 5
    outlet.flush()

    assert file.getvalue() == "hello"
    assert outlet.isatty() is False
