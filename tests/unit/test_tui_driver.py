"""Output for a terminal that is gone is dropped, and whoever writes it is never stuck."""

import os

from textual.drivers._writer_thread import WriterThread

from codex_ssh.tui.driver import Terminal


def test_a_writer_ends_though_its_terminal_is_gone() -> None:
    reader, writer = os.pipe()
    file = os.fdopen(writer, "w", encoding="utf-8")
    terminal = Terminal(file)
    thread = WriterThread(terminal)  # type: ignore[arg-type]
    thread.start()
    thread.write("seen")
    assert os.read(reader, 10) == b"seen"
    os.close(reader)
    for _ in range(100):  # more than it has waiting at most
        thread.write("not seen" * 100)
    thread.stop()
    assert not thread.is_alive()
    assert terminal.fileno() == file.fileno()
    os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())  # so that closing it is no error either
    file.close()
