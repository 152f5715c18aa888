"""How often a server is knocked at: counted by a relay that takes every connection and drops it."""

from __future__ import annotations

import pytest

from codex_ssh.core.lifecycle import LinkState
from tests.conftest import StartCodex
from tests.integration.test_healing import away, judge
from tests.support.codex import require_codex
from tests.support.faults import Fault
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


async def test_a_server_that_takes_connections_and_drops_them_is_left_alone_longer_and_longer(
    sshd: Sshd, start_codex: StartCodex
) -> None:
    server = await start_codex(require_codex("npm"), codex_home=sshd.home / ".codex")
    async with away(sshd, server) as one:
        one.chat.send("say before")
        await until(lambda: one.is_idle, "a turn")
        assert one.relay.connections == 1
        one.relay.is_open = False
        one.relay.break_now(Fault.CLOSE)
        for attempt in (1, 2, 3):

            def failed(attempt: int = attempt) -> bool:
                status = one.line.status
                return status.attempt == attempt and status.next_try is not None

            await until(failed, f"attempt {attempt} has failed", show=lambda: one.line.status)
            status = one.line.status
            # Each by what the last visit taught, and plainly: what is dropped may be dropped for that.
            assert one.relay.connections == 1 + 2 * attempt
            assert status.state is LinkState.LOST
            assert status.next_try is not None
            # How long it will wait, by its own word: a second, doubled every time.
            longest = 2 ** (attempt - 1)
            assert 0.8 * longest <= status.next_try - status.since < longest + 0.2
        one.chat.send("say typed meanwhile")
        one.relay.is_open = True
        one.chat.try_now()
        await until(lambda: one.is_idle and one.relay.connections == 8, "it heals at the key")
        await judge(one)
        assert sshd.logins == 3  # ours, ours again, and the judge's
