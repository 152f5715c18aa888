"""A long history costs what is looked at: a thread of 100 MiB, opened by a process of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal import wire as shapes
from codex_ssh.server.rehearsal.engine import open_rehearsal
from codex_ssh.server.rehearsal.thread import Turn
from tests.support.processes import run
from tests.support.wire import open_wire

MIB = 2**20

ANSWER = "a line of an answer\n" * 1600
"""About 32 KiB; all turns share it, so that only the client has it as often as it is told."""

PAGE_MIB = 200 * len(ANSWER) / MIB
"""What a page of 200 items has at most."""


async def test_memory_is_that_of_the_pages_and_not_of_the_history(tmp_path: Path) -> None:
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    async with (
        open_rehearsal(codex_home=tmp_path, cwd=tmp_path) as engine,
        open_listener(config, engine) as listener,
        open_wire(listener.url) as wire,
    ):
        await wire.initialize()
        thread_id = await wire.start_thread()
        await wire.start_turn(thread_id, "say it began")
        await wire.finish_turn()
        thread = engine.registry.threads[thread_id]

        def grow(size: int) -> None:
            while sum(len(item.get("text", "")) for turn in thread.turns for item in turn.items) < size:
                for number in range(len(thread.turns), len(thread.turns) + 100):
                    answer = shapes.agent_message(f"a-{number}", at_ms=number) | {"text": ANSWER}
                    said = [{"type": "text", "text": f"question {number}"}]
                    asked = shapes.user_message(f"u-{number}", said, client_id=None, at_ms=number)
                    turn = Turn(id=f"t-{number}", started_ms=1, completed_ms=2, status="completed")
                    turn.items = [asked, answer]
                    thread.turns.append(turn)

        async def look() -> dict[str, int]:
            ran = await run(
                [sys.executable, "-m", "tests.support.headless", listener.url.rpartition(":")[2], thread_id],
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
