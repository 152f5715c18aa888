"""``codex-ssh app-server`` as a process, for the tests beside this file."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import processes
from tests.support.waiting import until


@dataclass(slots=True, kw_only=True)
class Command:
    """A running ``codex-ssh app-server``."""

    process: asyncio.subprocess.Process
    log: Path

    @property
    def said(self) -> str:
        """What it wrote so far."""
        return self.log.read_text()

    @property
    def endpoint(self) -> str:
        """The URL in its banner; empty before."""
        found = re.search(r"listening on: (\S+)", self.said)
        return found[1] if found else ""

    async def ended(self) -> int:
        """Wait for its end and give the exit code."""
        async with asyncio.timeout(10):
            return await self.process.wait()


@asynccontextmanager
async def open_command(
    *flags: str | Path,
    cwd: Path,
    tmp_path: Path,
    environment: Mapping[str, str] | None = None,
) -> AsyncGenerator[Command, None]:
    """Run it until the block ends.

    Args:
        flags: What stands behind ``app-server``.
        cwd: Where it runs.
        tmp_path: Where its log and its temporary files go.
        environment: More variables.
    """
    log = tmp_path / "app-server.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "codex_ssh",
            "app-server",
            *map(str, flags),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **(environment or {})},
        )
    command = Command(process=process, log=log)
    try:
        await until(lambda: command.endpoint, "the banner is there", show=lambda: command.said)
        yield command
    finally:
        await processes.end(process)
