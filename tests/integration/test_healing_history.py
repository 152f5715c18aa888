"""A long history costs what is looked at: a thread of 100 MiB, opened by a process of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.support.long_history import ANSWER, answered, open_thread
from tests.support.processes import run

MIB = 2**20

PAGE_MIB = 200 * len(ANSWER) / MIB
"""What a page of 200 items has at most."""


async def test_memory_is_that_of_the_pages_and_not_of_the_history(tmp_path: Path) -> None:
    async with open_thread(tmp_path) as (port, thread):

        def grow(size: int) -> None:
            while sum(len(item.get("text", "")) for turn in thread.turns for item in turn.items) < size:
                first = len(thread.turns)
                thread.turns += map(answered, range(first, first + 100))

        async def look() -> dict[str, int]:
            ran = await run(
                [sys.executable, "-m", "tests.support.headless", port, thread.id],
                environment={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            )
            assert ran.code == 0, ran.err
            found: dict[str, int] = json.loads(ran.out)
            return found

        grow(20 * MIB)
        short = await look()
        grow(100 * MIB)
        long = await look()
    assert short["more"]
    assert long["more"]
    assert 600 < short["entries"] <= long["entries"] <= 1000
    # Three pages are in memory as often as they are decoded and kept; the other 90 MiB are not.
    assert long["peak"] - long["before"] < 8 * PAGE_MIB * 1024
    assert long["peak"] < short["peak"] + 2 * PAGE_MIB * 1024
