"""Ending a program we started, with real programs."""

from __future__ import annotations

import asyncio
import sys

import pytest

from codex_ssh.local import process as local_process
from codex_ssh.local.process import end_process

DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);print('up', flush=True); signal.pause()"


async def start(program: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)


async def test_a_program_that_listens_ends_by_sigterm() -> None:
    process = await start("import signal; print('up', flush=True); signal.pause()")
    assert process.stdout is not None
    await process.stdout.readline()
    await end_process(process)
    assert process.returncode == -15
    await end_process(process)


async def test_a_deaf_program_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_process, "STOP_SECONDS", 0.1)
    process = await start(DEAF)
    assert process.stdout is not None
    await process.stdout.readline()
    await end_process(process)
    assert process.returncode == -9


async def test_being_cancelled_meanwhile_leaves_no_program() -> None:
    process = await start(DEAF)
    assert process.stdout is not None
    await process.stdout.readline()
    async with asyncio.TaskGroup() as group:
        ending = group.create_task(end_process(process))
        await asyncio.sleep(0)
        ending.cancel()
    assert process.returncode == -9
