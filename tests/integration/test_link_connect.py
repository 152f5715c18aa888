"""The whole link: one login, an app server, a session, and what is told when it breaks."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.methods import account_read, thread_list
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.upgrade import UpgradeReader, UpgradeRequest, accept_bytes
from codex_ssh.errors import LinkLost, RpcFailed
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import open_link
from codex_ssh.link.way import Profile
from tests.conftest import StartCodex
from tests.integration.test_link_dial import Nobody
from tests.support import processes
from tests.support.codex import CodexAppServer, CodexBinary, open_codex
from tests.support.listening import exposed, listening
from tests.support.serving import serving
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


def profile(sshd: Sshd, server: CodexAppServer, *, door: bool = False) -> Profile:
    return Profile(
        host=parse_host(sshd.alias),
        ssh=SshOptions(config_file=str(sshd.ssh_config)),
        wanted=Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=server.port)),
        door=door,
    )


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex")


async def test_a_session_knows_where_it_is_and_listens_nowhere(sshd: Sshd, server: CodexAppServer) -> None:
    before = listening([os.getpid()])  # the scripted model
    async with open_link(profile(sshd, server), Nobody()) as link:
        assert link.facts.host == "devbox"
        assert link.facts.transport == "ssh"
        assert link.facts.server_version == server.binary.version()
        assert link.facts.codex_home == str(server.codex_home)
        assert link.facts.warnings == ()
        assert not (await link.call(account_read())).login_required
        assert (await link.call(thread_list(limit=5))).data == ()
        assert 0 < await link.ping() < 20
        assert listening([os.getpid()]) == before
    assert (sshd.logins, sshd.connections) == (1, 1)


async def test_nobody_signed_in_is_said_with_the_command_that_helps(
    sshd: Sshd, server: CodexAppServer, codex_binary: CodexBinary, tmp_path: Path
) -> None:
    home = tmp_path / "nobody"
    home.mkdir(mode=0o700)
    async with (
        open_codex(codex_binary, home, cwd=tmp_path) as bare,
        open_link(profile(sshd, bare), Nobody()) as link,
    ):
        assert link.facts.warnings == (
            "nobody is signed in to codex there: ssh -t devbox codex login --device-auth",
        )


async def test_the_door_can_stand_in_between(sshd: Sshd, server: CodexAppServer) -> None:
    before = listening([os.getpid()])
    async with open_link(profile(sshd, server, door=True), Nobody()) as link:
        assert link.facts.transport == "ssh+door"
        assert len(listening([os.getpid()])) == len(before) + 1
        assert exposed([os.getpid()]) == []
        assert (await link.call(thread_list())).data == ()
    assert listening([os.getpid()]) == before


async def test_an_error_answer_keeps_the_servers_words(sshd: Sshd, server: CodexAppServer) -> None:
    async with open_link(profile(sshd, server), Nobody()) as link:
        with pytest.raises(RpcFailed) as caught:
            await link.request("thread/read", {})
        assert caught.value.method == "thread/read"
        assert caught.value.code == -32600
        assert caught.value.said == "Invalid request: missing field `threadId`"


async def test_a_lost_ssh_connection_is_what_a_waiting_call_hears(sshd: Sshd, server: CodexAppServer) -> None:
    async with open_link(profile(sshd, server), Nobody()) as link, asyncio.TaskGroup() as group:
        await processes.freeze(server.pid)
        waiting = group.create_task(refused(link.call(thread_list())))
        listening_in = group.create_task(refused(drained(link)))
        await asyncio.sleep(0)
        sshd.cut()
        assert (await waiting).stage.value == "ssh"
        assert (await listening_in).stage.value == "ssh"
        assert (await refused(link.call(thread_list()))).stage.value == "ssh"
        os.kill(server.pid, signal.SIGCONT)


async def test_an_app_server_that_ends_is_told_from_a_lost_ssh(sshd: Sshd, server: CodexAppServer) -> None:
    async with open_link(profile(sshd, server), Nobody()) as link:
        os.kill(server.pid, signal.SIGKILL)
        lost = await refused(drained(link))
        assert lost.stage.value == "websocket"
        assert lost.said == "no close frame"


async def drained(link: object) -> None:
    async for _ in link.incoming():  # type: ignore[attr-defined]
        pass


async def refused(awaitable: object) -> LinkLost:
    with pytest.raises(LinkLost) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value


async def test_a_server_that_drops_us_before_initialize_is_a_lost_link(sshd: Sshd) -> None:
    async def upgrade_and_drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = UpgradeReader().feed(await reader.readuntil(b"\r\n\r\n"))
        assert isinstance(request, UpgradeRequest)
        writer.write(accept_bytes(request))
        await reader.read(1)
        writer.transport.abort()

    async with serving(upgrade_and_drop) as port:
        to_it = Profile(
            host=parse_host(sshd.alias),
            ssh=SshOptions(config_file=str(sshd.ssh_config)),
            wanted=Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=port)),
        )
        with pytest.raises(LinkLost, match="dropped the connection"):
            async with open_link(to_it, Nobody()):
                pytest.fail("it must not open")
