"""A terminal that is closed is noticed without a signal, once, and nothing else is taken for one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Generator

import pytest

from codex_ssh.local import hangup
from codex_ssh.local.hangup import hangup_is_told
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hangup, "LOOK_SECONDS", 0.0)


async def looked() -> None:
    """Let it look a hundred times: at every turn of the loop."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture
def terminal() -> Generator[tuple[int, int], None, None]:
    """Both ends of a terminal; what is left of them is closed."""
    ends = os.openpty()
    yield ends
    for one in ends:
        try:
            os.close(one)
        except OSError:
            continue


async def test_a_closed_terminal_is_a_hangup(terminal: tuple[int, int]) -> None:
    front, back = terminal
    heard: list[int] = []
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, heard.append, 1)
    async with hangup_is_told(back):
        os.write(front, b"typed, and read by somebody else\n")
        await looked()
        assert heard == []
        os.close(front)
        await until(lambda: heard, "the hang-up")
        await looked()
    assert heard == [1]


async def test_a_block_that_is_ending_already_hears_nothing(terminal: tuple[int, int]) -> None:
    front, back = terminal
    heard: list[int] = []
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, heard.append, 1)

    async def held() -> None:
        async with hangup_is_told(back):
            try:
                await asyncio.Event().wait()
            finally:
                os.close(front)  # while it cleans up
                await looked()

    async with asyncio.TaskGroup() as tasks:
        holding = tasks.create_task(held())
        await looked()
        holding.cancel()
    assert heard == []


async def test_a_pipe_that_ends_is_no_terminal() -> None:
    there, here = os.pipe()
    heard: list[int] = []
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, heard.append, 1)
    try:
        async with hangup_is_told(there):
            os.close(here)
            await looked()
    finally:
        os.close(there)
    assert heard == []
