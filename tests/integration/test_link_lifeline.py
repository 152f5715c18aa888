"""A session that comes back: real sshd, real codex, and everything that can go between them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.methods import thread_list
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.wake import Clocks
from codex_ssh.errors import LinkLost
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import Link
from codex_ssh.link.lifeline import Lifeline, open_lifeline, read_clocks
from codex_ssh.link.way import Profile
from tests.conftest import StartCodex
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


@dataclass
class Watched:
    """A lifeline and every session it gave."""

    line: Lifeline
    sessions: list[Link] = field(default_factory=list)
    states: list[LinkState] = field(default_factory=list)

    async def read(self) -> None:
        async for link in self.line.sessions():
            self.sessions.append(link)
            try:
                async for _ in link.incoming():
                    pass
            except LinkLost:
                pass

    def note(self) -> None:
        if not self.states or self.states[-1] is not self.line.status.state:
            self.states.append(self.line.status.state)

    async def wait_session(self, count: int) -> Link:
        def there() -> bool:
            return len(self.sessions) >= count and self.line.status.state is LinkState.UP

        await until(there, f"session {count}")
        return self.sessions[-1]

    async def wait_state(self, state: LinkState) -> None:
        await until(lambda: self.line.status.state is state, f"the link is {state.value}")


@asynccontextmanager
async def watched(
    sshd: Sshd,
    server: CodexAppServer | None,
    *,
    passive: bool = False,
    door: bool = False,
    clocks: Callable[[], Clocks] = read_clocks,
) -> AsyncGenerator[Watched, None]:
    if server is None:
        wanted = Profile(host=parse_host(sshd.alias), ssh=SshOptions(config_file=str(sshd.ssh_config)))
    else:
        wanted = profile(sshd, server, door=door)
    async with open_lifeline(wanted, Nobody(), Nobody, passive=passive, clocks=clocks) as line:
        found = Watched(line)
        line.on_change = found.note
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(found.read())
            try:
                await found.wait_session(1)
                yield found
            finally:
                reading.cancel()


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex")


@pytest.mark.parametrize("door", [False, True], ids=["channel", "door"])
async def test_a_cut_connection_comes_back_by_itself(sshd: Sshd, server: CodexAppServer, door: bool) -> None:
    async with watched(sshd, server, door=door) as link:
        sshd.cut()
        again = await link.wait_session(2)
        assert (await again.call(thread_list())).data == ()
        assert again.facts.generation == link.sessions[0].facts.generation != ""
        assert LinkState.LOST in link.states
    assert sshd.logins == 2


async def test_what_is_given_up_comes_back_and_no_more_than_that(sshd: Sshd, server: CodexAppServer) -> None:
    async with watched(sshd, server) as link:
        link.sessions[0].abort()
        await link.wait_session(2)
        link.line.give_up_session("a test wants it")
        await link.wait_session(3)
        assert link.line.connections == 1
        link.line.give_up_connection("a test wants it")
        await link.wait_session(4)
        assert link.line.connections == 2
        assert not any(one.facts.is_new_server for one in link.sessions)
    assert sshd.logins == 2


async def test_a_session_nothing_is_read_from_is_said_to_be_silent(
    sshd: Sshd, server: CodexAppServer
) -> None:
    async with watched(sshd, server) as link:
        link.sessions[0].pause_reading()
        await link.wait_state(LinkState.SILENT)


async def test_a_frozen_connection_is_left_for_another(sshd: Sshd, server: CodexAppServer) -> None:
    async with watched(sshd, server) as link:
        await sshd.freeze()
        again = await link.wait_session(2)
        assert (await again.call(thread_list())).data == ()
        assert LinkState.SILENT in link.states or LinkState.LOST in link.states
        sshd.thaw()


async def test_a_frozen_app_server_is_said_to_be_silent_and_kept(sshd: Sshd, server: CodexAppServer) -> None:
    async with watched(sshd, server) as link:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            await link.wait_state(LinkState.SILENT)
            assert link.line.silent_for > 2.0
        finally:
            os.kill(server.pid, signal.SIGCONT)
        await link.wait_state(LinkState.UP)
        assert len(link.sessions) == 1
        assert (await link.sessions[0].call(thread_list())).data == ()


async def test_a_server_that_was_killed_is_started_again_without_a_login(
    sshd: Sshd, codex_binary: CodexBinary
) -> None:
    sshd.install(codex_binary.path, "codex")
    async with watched(sshd, None) as link:
        first = link.sessions[0].facts
        os.kill(int(first.generation.split()[-1]), signal.SIGKILL)
        again = await link.wait_session(2)
        assert again.facts.generation != first.generation
        assert (await again.call(thread_list())).data == ()
        os.kill(int(again.facts.generation.split()[-1]), signal.SIGTERM)
        await until(lambda: link.line.status.state is not LinkState.UP or len(link.sessions) > 2, "noticed")
    assert sshd.logins == 1


async def test_a_passive_host_waits_for_the_user(sshd: Sshd, server: CodexAppServer) -> None:
    async with watched(sshd, server, passive=True) as link:
        sshd.cut()
        await link.wait_state(LinkState.PAUSED)
        assert sshd.connections == 1
        link.line.try_now()
        await link.wait_session(2)
    assert sshd.connections == 2


async def test_a_refused_login_is_not_tried_again_until_the_user_wants_it(
    sshd: Sshd, server: CodexAppServer
) -> None:
    async with watched(sshd, server) as link:
        keys = sshd.directory / "authorized_keys"
        kept = keys.read_text()
        keys.write_text("")
        before = sshd.connections
        sshd.cut()
        await link.wait_state(LinkState.PAUSED)
        assert "login" in link.line.status.reason or "refused" in link.line.status.reason
        # By what the last visit taught, and plainly.
        assert sshd.connections == before + 2
        keys.write_text(kept)
        link.line.try_now()
        await link.wait_session(2)
        assert sshd.connections == before + 3


async def test_a_dead_host_is_tried_until_it_is_back(sshd: Sshd, server: CodexAppServer) -> None:
    async with watched(sshd, server) as link:
        await sshd.stop()
        await until(lambda: link.line.status.attempt > 3, "several attempts")
        assert link.line.status.next_try is None or link.line.status.state is LinkState.LOST
        await sshd.start()
        await link.wait_session(2)


async def test_a_first_connection_that_fails_is_an_error_at_once(sshd: Sshd, server: CodexAppServer) -> None:
    wrong = replace(profile(sshd, server), wanted=Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=1)))
    with pytest.raises(Exception, match="listen"):
        async with open_lifeline(wrong, Nobody(), Nobody):
            pass
    assert sshd.connections == 1


async def test_a_link_that_did_not_survive_a_sleep_is_given_up_at_once(
    sshd: Sshd, server: CodexAppServer
) -> None:
    asleep = 0.0

    def clocks() -> Clocks:
        return replace(read_clocks(), wall=read_clocks().wall + asleep)

    async with watched(sshd, server, clocks=clocks) as link:
        reasons: list[str] = []
        link.line.on_change = lambda: reasons.append(link.line.status.reason)
        asleep = 3600.0
        await until(lambda: link.line.round_trip, "it answers")
        assert len(link.sessions) == 1, "a link that answers survived it"
        await sshd.freeze()
        asleep = 7200.0
        await link.wait_session(2)
        assert any("slept" in reason for reason in reasons)


async def test_a_server_that_ends_as_the_machine_wakes_costs_no_login(
    sshd: Sshd, codex_binary: CodexBinary
) -> None:
    asleep, woke = 0.0, False

    def clocks() -> Clocks:
        nonlocal woke
        woke = asleep > 0
        return replace(read_clocks(), wall=read_clocks().wall + asleep)

    sshd.install(codex_binary.path, "codex")
    async with watched(sshd, None, clocks=clocks) as link:
        pid = int(link.sessions[0].facts.generation.split()[-1])
        os.kill(pid, signal.SIGSTOP)  # so that it is asked, and does not answer, when it ends
        asleep = 3600.0
        await until(lambda: woke, "it is noticed")
        os.kill(pid, signal.SIGKILL)
        again = await link.wait_session(2)
        assert (await again.call(thread_list())).data == ()
    assert sshd.logins == 1
