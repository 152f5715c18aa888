"""The door: any client of this machine, nobody else's, in front of a real sshd and a real codex."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ForwardError
from codex_ssh.link.appserver import find_or_start_app_server
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.dial import DoorDial, SshDial, Trust
from codex_ssh.link.forward import Door, open_door
from codex_ssh.link.ssh_client import open_ssh
from codex_ssh.link.websocket import open_websocket
from tests.conftest import StartCodex
from tests.integration.test_link_dial import INITIALIZE, Nobody
from tests.support.codex import CodexAppServer
from tests.support.listening import exposed
from tests.support.sshd import Sshd
from tests.support.waiting import until
from tests.support.wire import open_wire

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

TOKEN = "door-token"
ANYWHERE = WsEndpoint(host="127.0.0.1", port=0)


@asynccontextmanager
async def a_door(
    sshd: Sshd, server: CodexAppServer, at: WsEndpoint | UnixEndpoint = ANYWHERE
) -> AsyncGenerator[Door, None]:
    options = SshOptions(config_file=str(sshd.ssh_config))
    wanted = Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=server.port))
    async with open_ssh(parse_host(sshd.alias), options, Nobody()) as ssh:
        app = await find_or_start_app_server(ssh, wanted)
        dial = SshDial(ssh, app, wanted=wanted, given=lambda: None, trust=Trust())
        async with open_door(dial, at=at, token=Secret(TOKEN)) as door:
            yield door


async def ask(door: Door, *lines: str, host: str = "", bearer: str = TOKEN) -> bytes:
    """Send one request by hand and give the head of the answer."""
    assert isinstance(door.endpoint, WsEndpoint)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.endpoint.port)
    head = [
        lines[0] if lines and " HTTP/" in lines[0] else "GET / HTTP/1.1",
        f"Host: {host or f'127.0.0.1:{door.endpoint.port}'}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *([f"Authorization: Bearer {bearer}"] if bearer else []),
        *[line for line in lines if " HTTP/" not in line],
    ]
    writer.write("\r\n".join([*head, "", ""]).encode())
    try:
        async with asyncio.timeout(15):
            answer = await reader.readuntil(b"\r\n\r\n")
            if b"content-length" in answer:
                answer += await reader.read()
            return answer
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex) -> CodexAppServer:
    return await start_codex(codex_home=sshd.home / ".codex")


async def test_clients_come_and_go_each_with_a_connection_of_its_own(
    sshd: Sshd, server: CodexAppServer
) -> None:
    async with a_door(sshd, server) as door:
        assert exposed([os.getpid()]) == []
        for _ in range(2):
            async with (
                open_wire(str(door.endpoint), TOKEN) as one,
                open_wire(str(door.endpoint), TOKEN) as two,
            ):
                assert (await one.initialize())["codexHome"] == str(server.codex_home)
                assert (await two.initialize())["codexHome"] == str(server.codex_home)
    assert sshd.logins == 1


async def test_our_own_client_takes_the_door_like_any_other(sshd: Sshd, server: CodexAppServer) -> None:
    async with a_door(sshd, server) as door:
        assert isinstance(door.endpoint, WsEndpoint)
        dial = DoorDial(door.endpoint, token=door.token, transport="ssh")
        assert dial.transport == "ssh+door"
        async with open_websocket(dial, "devbox") as websocket:
            await websocket.send(INITIALIZE)
            assert "codexHome" in str(await websocket.receive())


async def test_a_page_a_stranger_and_a_foreign_name_get_nothing(sshd: Sshd, server: CodexAppServer) -> None:
    async with a_door(sshd, server) as door:
        assert isinstance(door.endpoint, WsEndpoint)
        page = await ask(door, "Origin: http://evil.example")
        assert page.startswith(b"HTTP/1.1 403")
        rebound = await ask(door, host=f"evil.example:{door.endpoint.port}")
        assert rebound.startswith(b"HTTP/1.1 403")
        stranger = await ask(door, bearer="")
        assert stranger.startswith(b"HTTP/1.1 401")
        assert b"missing websocket bearer token" in stranger
        wrong = await ask(door, bearer="door-tokeN")
        assert wrong.startswith(b"HTTP/1.1 401")
        servers_own = await ask(door, bearer=server.token)
        assert servers_own.startswith(b"HTTP/1.1 401")
        assert (await ask(door, "POST / HTTP/1.1")).startswith(b"HTTP/1.1 405")
        assert (await ask(door)).startswith(b"HTTP/1.1 101")


async def test_the_words_of_a_failed_dial_reach_the_client(sshd: Sshd, server: CodexAppServer) -> None:
    async with a_door(sshd, server) as door:
        # The first dial rests on the probe of the connect; from the second on the door looks again.
        assert (await ask(door)).startswith(b"HTTP/1.1 101")
        (server.codex_home / "app-server-token").chmod(0o644)
        answer = await ask(door)
    assert answer.startswith(b"HTTP/1.1 502")
    assert b"open to others" in answer
    assert server.token.encode() not in answer


async def test_a_large_message_passes_both_ways_whole(sshd: Sshd, server: CodexAppServer) -> None:
    async with a_door(sshd, server) as door, open_wire(str(door.endpoint), TOKEN) as wire:
        await wire.initialize()
        text = "x" * (3 * 1024 * 1024)
        # The server names an unknown method in its answer: what comes back is what went up.
        answer = await wire.ask(text)
        assert text in answer["error"]["message"]


async def test_a_private_socket_is_a_door_without_a_token(
    sshd: Sshd, server: CodexAppServer, short_path: Path
) -> None:
    short_path.chmod(0o700)
    path = short_path / "door"
    async with a_door(sshd, server, UnixEndpoint(path=str(path))) as door:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert exposed([os.getpid()]) == []
        async with open_wire(str(door.endpoint)) as wire:
            assert (await wire.initialize())["codexHome"] == str(server.codex_home)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o755, 0o770])
async def test_a_socket_in_an_open_directory_is_refused(
    sshd: Sshd, server: CodexAppServer, short_path: Path, mode: int
) -> None:
    short_path.chmod(mode)
    with pytest.raises(ForwardError, match="not yours alone"):
        async with a_door(sshd, server, UnixEndpoint(path=str(short_path / "door"))):
            pytest.fail("it must not open")
    assert list(short_path.iterdir()) == []


async def test_a_taken_port_and_a_wide_address_are_refused(sshd: Sshd, server: CodexAppServer) -> None:
    async with a_door(sshd, server) as door:
        assert isinstance(door.endpoint, WsEndpoint)
        with pytest.raises(ForwardError, match="cannot listen") as caught:
            async with a_door(sshd, server, door.endpoint):
                pytest.fail("it must not open")
        assert caught.value.said == "Address already in use"
    with pytest.raises(ForwardError, match="on loopback only"):
        async with a_door(sshd, server, WsEndpoint(host="0.0.0.0", port=0)):
            pytest.fail("it must not open")


async def test_when_the_app_server_ends_its_clients_end(sshd: Sshd, server: CodexAppServer) -> None:
    async with a_door(sshd, server) as door, open_wire(str(door.endpoint), TOKEN) as wire:
        await wire.initialize()
        os.kill(server.pid, 15)
        with pytest.raises(ConnectionClosedError):
            await wire.hear_until(lambda message: False)


async def test_when_ssh_is_lost_clients_end_and_the_door_stays(sshd: Sshd, server: CodexAppServer) -> None:
    async with a_door(sshd, server) as door:
        async with open_wire(str(door.endpoint), TOKEN) as wire:
            await wire.initialize()
            sshd.cut()
            with pytest.raises(ConnectionClosedError):
                await wire.hear_until(lambda message: False)
        answer = await ask(door)
        assert answer.startswith(b"HTTP/1.1 502")
        await until(lambda: not sshd.connection_pids(), "the login is gone")
