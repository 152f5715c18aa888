"""Links in one process, each over an SSH connection of its own: ``links_child CONFIG ALIAS PORT COUNT …``.

For each count it opens links until there are so many, and prints a line of JSON: memory, what opening one
took of the processor, and what all of them take while nothing happens.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from contextlib import AsyncExitStack
from typing import Final

from codex_ssh.link.connect import open_link
from codex_ssh.local.terminal import SilentPrompter
from tests.bench.paths_child import Target
from tests.support import processes

IDLE_SECONDS: Final = 10.0
"""An idle link sends a keepalive every second and a half: in one second some do, and some do not."""


async def main(target: Target, counts: list[int]) -> None:
    """Open, look, and open more."""
    async with AsyncExitStack() as stack:
        there = 0
        for count in counts:
            cpu = time.process_time()
            for _ in range(there, count):
                await stack.enter_async_context(open_link(target.profile, SilentPrompter(shows=False)))
            opening = time.process_time() - cpu
            gc.collect()
            cpu = time.process_time()
            await asyncio.sleep(IDLE_SECONDS)
            idle = time.process_time() - cpu
            rss, pss = processes.memory_mib(os.getpid())
            row = {
                "links": count,
                "rss_mib": rss,
                "pss_mib": pss,
                "opening_ms": 1000 * opening / max(1, count - there),
                "idle_ms": 1000 * idle / IDLE_SECONDS,
            }
            print(json.dumps(row), flush=True)
            there = count


if __name__ == "__main__":
    config, alias, port, *wanted = sys.argv[1:]
    asyncio.run(
        main(
            Target(config=config, alias=alias, port=int(port), round_trip=0), [int(count) for count in wanted]
        )
    )
