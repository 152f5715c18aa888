"""Lines of stdin, from a pipe and in pieces; Ctrl-C for whoever reads them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_ssh.local.line_terminal import open_stdio_lines
from tests.support.waiting import until


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Give the end to write what stdin gives."""
    source, sink = os.pipe()
    with os.fdopen(source) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield sink


async def test_lines_come_whole_however_they_are_cut(pipe: int) -> None:
    async with open_stdio_lines() as lines:
        os.write(pipe, b"ein")
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(lines.read())
            os.write(pipe, "s ü\r\nzwei\ndr".encode())
        assert first.result() == "eins ü"
        assert await lines.read() == "zwei"
        os.close(pipe)
        assert await lines.read() == "dr"
        assert await lines.read() is None
        assert await lines.read() is None


async def test_a_file_works_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "said").write_text("one\n\ntwo")
    with (tmp_path / "said").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        async with open_stdio_lines() as lines:
            assert [await lines.read() for _ in range(4)] == ["one", "", "two", None]


async def test_what_the_terminal_cannot_show_gets_a_mark(
    pipe: int, capsys: pytest.CaptureFixture[str]
) -> None:
    os.close(pipe)
    async with open_stdio_lines() as lines:
        lines.write("lone \udcff surrogate\n")
    assert capsys.readouterr().out == "lone ? surrogate\n"


async def test_ctrl_c_goes_to_whoever_reads_and_afterwards_not(pipe: int) -> None:
    os.close(pipe)
    before = signal.getsignal(signal.SIGINT)
    heard: list[str] = []
    async with open_stdio_lines() as lines:
        lines.on_interrupt = lambda: heard.append("interrupt")
        os.kill(os.getpid(), signal.SIGINT)
        await until(lambda: heard, "the interrupt")
    assert signal.getsignal(signal.SIGINT) == before
