"""Never the slow client: fifty thousand notifications while nobody takes them, and a history of 100 MiB.

The real server cuts off a client whose 1024 outbound messages are full. Counted, not timed.
"""

from __future__ import annotations

import pytest

from codex_ssh.core.events import Delta, ItemCompleted, decode_event
from codex_ssh.core.items import AgentMessage
from codex_ssh.core.methods import thread_start, thread_turns_list, turn_start
from codex_ssh.core.rpc import Notification
from codex_ssh.core.thread import TurnStatus
from codex_ssh.errors import RpcFailed
from codex_ssh.link.connect import open_link
from tests.conftest import StartCodex
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.support.codex import require_codex
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
