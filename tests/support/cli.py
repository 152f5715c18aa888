"""Runs the program as a person does: another process, a home of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import processes
from tests.support.processes import Finished, run

PROGRAM = (sys.executable, "-W", "error", "-m", "codex_ssh")
"""The program with every warning an error: leaks show."""


def client_environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a laptop with an empty home and nothing of this machine's own settings."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONDEVMODE": "1",
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        **more,
    }


async def codex_ssh(
    *words: str | Path, home: Path, stdin: str = "", environment: Mapping[str, str] | None = None
) -> Finished:
    """Run ``codex-ssh WORDS`` to its end, without a terminal."""
    return await run(
        [*PROGRAM, *words], stdin=stdin, environment=client_environment(home, **(environment or {}))
    )


@asynccontextmanager
async def announcing(
    *words: str | Path, home: Path, before: Sequence[str] = ()
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, dict[str, Any]], None]:
    """Run ``codex-ssh WORDS`` while the block lasts, and give what it announced in its first line, as JSON.

    Args:
        *words: Its arguments.
        home: Of the laptop.
        before: A program it is started by.
    """
    process = await asyncio.create_subprocess_exec(
        *before, *PROGRAM, *map(str, words), env=client_environment(home),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            line = await process.stdout.readline()
        if not line:
            _, err = await process.communicate()
            pytest.fail(err.decode())
        yield process, json.loads(line)
    finally:
        await processes.end(process)
        await process.communicate()
