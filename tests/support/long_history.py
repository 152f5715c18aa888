"""A thread with a long history, which takes little room here: all its answers are the same text."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal import wire as shapes
from codex_ssh.server.rehearsal.engine import open_rehearsal
from codex_ssh.server.rehearsal.thread import Thread, Turn
from tests.support.wire import open_wire

ANSWER: Final = "a line of an answer\n" * 1600
"""About 32 KiB; all turns share it, so that only the client has it as often as it is told."""


@asynccontextmanager
async def open_thread(place: Path) -> AsyncGenerator[tuple[str, Thread], None]:
    """Give the port of a rehearsal app server, and a thread of one turn that somebody may look at."""
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    async with (
        open_rehearsal(codex_home=place, cwd=place) as engine,
        open_listener(config, engine) as listener,
        open_wire(listener.url) as wire,
    ):
        await wire.initialize()
        thread_id = await wire.start_thread()
        await wire.start_turn(thread_id, "say it began")
        await wire.finish_turn()
        yield listener.url.rpartition(":")[2], engine.registry.threads[thread_id]


def answered(number: int) -> Turn:
    """Give a turn that is over: a question, and the answer."""
    answer = shapes.agent_message(f"a-{number}", at_ms=number) | {"text": ANSWER}
    said = [{"type": "text", "text": f"question {number}"}]
    asked = shapes.user_message(f"u-{number}", said, client_id=None, at_ms=number)
    turn = Turn(id=f"t-{number}", started_ms=1, completed_ms=2, status="completed")
    turn.items = [asked, answer]
    return turn
