"""Ending a program we started: asked first, then made to."""

from __future__ import annotations

import asyncio
from typing import Final

STOP_SECONDS: Final = 5.0
"""How long a program may take to end after SIGTERM."""


async def end_process(process: asyncio.subprocess.Process) -> None:
    """End a child and wait for it; harmless when it has ended already.

    It gets SIGTERM, and SIGKILL after :data:`STOP_SECONDS`, also when we are cancelled meanwhile.
    """
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
