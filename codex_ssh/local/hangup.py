"""A terminal that goes away without a signal.

Lives here: noticing it. Not here: what a hang-up does (:mod:`codex_ssh.cli.run`).

The kernel sends SIGHUP to the leader of the session alone, and to the others when that one ends. A leader
that waits for its children, as make does, keeps it from them for ever.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0


@asynccontextmanager
async def hangup_is_told(fd: int = 0) -> AsyncGenerator[None, None]:
    """Send ourselves SIGHUP when the terminal is gone, while the block runs and is not ending already.

    Args:
        fd: An open terminal; nothing is done about anything else.
    """
    block = asyncio.current_task()
    assert block is not None
    async with open_tasks() as tasks:
        if os.isatty(fd):
            tasks.start(_watch(fd, block))
        yield


async def _watch(fd: int, block: asyncio.Task[object]) -> None:
    looking = select.poll()
    looking.register(fd, 0)  # a hang-up is told whatever is asked for
    while True:
        if any(mask & select.POLLHUP for _, mask in looking.poll(0)):
            break
        await asyncio.sleep(LOOK_SECONDS)
    if not block.cancelling():  # a second signal would cut its clean-up short
        log.info("the terminal is gone")
        os.kill(os.getpid(), signal.SIGHUP)
