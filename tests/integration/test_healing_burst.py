"""Never the slow client: fifty thousand notifications while nobody takes them, or the client stands still.

The real server cuts off a client whose 1024 outbound messages are full. Counted, not timed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.events import Delta, ItemCompleted, decode_event
from codex_ssh.core.items import AgentMessage
from codex_ssh.core.methods import thread_start, thread_turns_list, turn_start
from codex_ssh.core.rpc import Notification
from codex_ssh.core.thread import TurnStatus
from codex_ssh.errors import RpcFailed
from codex_ssh.link.connect import open_link
from tests.conftest import StartCodex
from tests.integration.test_healing import judge
from tests.integration.test_healing_kills import scene
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.support import processes
from tests.support.codex import open_codex, require_codex
from tests.support.model import Model
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

WORDS = 50_000


async def test_fifty_thousand_notifications_nobody_takes_are_all_there_in_the_end(
    sshd: Sshd, start_codex: StartCodex
) -> None:
    server = await start_codex(require_codex("npm"), codex_home=sshd.home / ".codex")
    async with open_link(profile(sshd, server), Nobody()) as link:
        thread = (await link.call(thread_start())).thread.id
        await link.call(turn_start(thread, f"slow {WORDS} 0"))

        async def over() -> bool:
            try:
                turns = (await link.call(thread_turns_list(thread))).data
            except RpcFailed:  # nothing of it is stored yet
                return False
            return bool(turns) and turns[0].status is TurnStatus.COMPLETED

        await until(over, "the turn is over, by a session that still lives", seconds=60)
        streamed, whole = [], ""
        async for message in link.incoming():
            assert isinstance(message, Notification)
            event = decode_event(message)
            if isinstance(event, Delta):
                streamed.append(event.text)
            elif isinstance(event, ItemCompleted) and isinstance(event.item, AgentMessage):
                whole = event.item.text
                break
        assert len(streamed) == WORDS
        assert "".join(streamed) == whole
    assert sshd.logins == 1


async def test_a_client_that_stands_still_meanwhile_is_told_all_of_it_afterwards(
    sshd: Sshd, workspace: Path
) -> None:
    home = sshd.home / ".codex"
    async with (
        a_model_elsewhere(home),
        open_codex(require_codex("npm"), home, cwd=workspace) as server,
        scene(profile(sshd, server)) as one,
    ):
        await one.say("say the first turn")
        one.chat.send(f"slow {WORDS // 2} 0")
        await until(lambda: "word10 " in str(one.transcript[-1]), "it streams")
        # Nothing of us runs, as on a laptop that was closed: whether the server drops us meanwhile or not.
        time.sleep(3)  # noqa: ASYNC251 - that is the fault
        await until(lambda: one.is_idle, "all of it is there", seconds=60)
        await judge(one)
        assert f"word{WORDS // 2 - 1}" in str(one.transcript)
        assert one.ends == [TurnStatus.COMPLETED] * 2


@asynccontextmanager
async def a_model_elsewhere(codex_home: Path) -> AsyncGenerator[None, None]:
    """Run the scripted model in a process of its own: it goes on while we stand still."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.model"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            line = (await process.stdout.readline()).decode()
        Model(port=int(line.rpartition(":")[2].split("/")[0])).write_config(codex_home)
        yield
    finally:
        await processes.end(process)
