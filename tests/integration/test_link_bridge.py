"""Hosts that forbid forwarding: a program there joins the channel and the app server."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ForwardError
from codex_ssh.link.appserver import find_or_start_app_server
from codex_ssh.link.bridge import open_bridge
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.dial import SshDial, Trust
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.websocket import open_websocket
from codex_ssh.local.terminal import SilentPrompter
from tests.conftest import StartCodex
from tests.support.codex import require_codex
from tests.support.require import require_program
from tests.support.serving import serving, serving_at
from tests.support.ssh_clients import open_ssh
from tests.support.sshd import Sshd, open_sshd

pytestmark = pytest.mark.usefixtures("ssh_client")

INITIALIZE = '{"id":1,"method":"initialize","params":{"clientInfo":{"name":"t","version":"1"}}}'


@asynccontextmanager
async def logged_in(
    directory: Path, *lines: str, programs: Sequence[str] | None = None
) -> AsyncGenerator[tuple[Sshd, Ssh], None]:
    """A login; with a list of programs, these are all it finds."""
    environment = {}
    if programs is not None:
        few = directory / "few"
        few.mkdir()
        for name in ("sh", "cat", *programs):
            program = require_program(name, f"{name}: apt-get install {name}")
            # Not somebody's wrapper of it.
            real = Path(sys.base_prefix, "bin", name) if name == "python3" else program.resolve()
            (few / name).symlink_to(real)
        environment["PATH"] = str(few)
    async with open_sshd(directory / "sshd", lines=lines, environment=environment) as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            yield sshd, ssh


@asynccontextmanager
async def upcasing(path: Path | None = None) -> AsyncGenerator[WsEndpoint | UnixEndpoint, None]:
    """A server that gives everything back in capitals, and ends when its client does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data.upper())
            await writer.drain()

    if path is not None:
        async with serving_at(path, serve):
            yield UnixEndpoint(path=str(path))
    else:
        async with serving(serve) as port:
            yield WsEndpoint(host="127.0.0.1", port=port)


async def streamed(ssh: Ssh, endpoint: WsEndpoint | UnixEndpoint) -> None:
    """Send and get back something large and something small over a bridge."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, protocol = await open_bridge(
        ssh, lambda: asyncio.StreamReaderProtocol(reader), endpoint, codex=""
    )
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    for size in (5, 1_000_000, 1):
        blob = os.urandom(size).replace(b"\xff", b"a").hex().encode()
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            writer.write(blob)
            group.create_task(writer.drain())
            back = await reader.readexactly(len(blob))
        assert back == blob.upper()
    transport.abort()


@pytest.mark.parametrize("program", ["bash", "socat", "python3", "nc"])
async def test_whatever_program_is_there_carries_bytes_both_ways(tmp_path: Path, program: str) -> None:
    async with logged_in(tmp_path, programs=[program]) as (_, ssh), upcasing() as endpoint:
        await streamed(ssh, endpoint)


@pytest.mark.parametrize("program", ["socat", "python3"])
async def test_a_socket_is_reached_without_codex_too(tmp_path: Path, short_path: Path, program: str) -> None:
    async with (
        logged_in(tmp_path, programs=[program]) as (_, ssh),
        upcasing(short_path / "s") as endpoint,
    ):
        await streamed(ssh, endpoint)


async def test_without_any_program_the_error_names_what_would_help(tmp_path: Path) -> None:
    async with logged_in(tmp_path, programs=[]) as (_, ssh):
        with pytest.raises(ForwardError, match="no program there") as caught:
            await open_bridge(ssh, asyncio.Protocol, WsEndpoint(host="127.0.0.1", port=1), codex="")
        assert "bash" in caught.value.hint


async def test_a_program_that_cannot_connect_is_an_error_with_its_words(tmp_path: Path) -> None:
    async with logged_in(tmp_path, programs=["python3"]) as (_, ssh):
        with pytest.raises(ForwardError) as caught:
            await open_bridge(ssh, asyncio.Protocol, WsEndpoint(host="127.0.0.1", port=1), codex="")
        assert "Connection refused" in caught.value.said


# ---------------------------------------------------------------- a real app server


async def initialized(dial: SshDial) -> bool:
    async with open_websocket(dial, "devbox") as websocket:
        await websocket.send(INITIALIZE)
        return "codexHome" in await websocket.receive()


@pytest.mark.codex
@pytest.mark.parametrize(
    "lines",
    [
        ["AllowTcpForwarding no"],
        ["PermitOpen 127.0.0.1:1"],
        ["DisableForwarding yes"],
    ],
    ids=lambda lines: lines[0].split()[0],
)
async def test_an_app_server_on_a_port_is_reached_though_forwarding_is_off(
    tmp_path: Path, start_codex: StartCodex, lines: list[str]
) -> None:
    async with logged_in(tmp_path, *lines) as (sshd, ssh):
        server = await start_codex(require_codex(), codex_home=sshd.home / ".codex")
        wanted = Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=server.port))
        app = await find_or_start_app_server(ssh, wanted)
        dial = SshDial(ssh, app, wanted=wanted, given=lambda: None, trust=Trust())
        for _ in range(2):
            assert await initialized(dial)
            assert dial.transport == "ssh exec"
        assert sshd.logins == 1


@pytest.mark.codex
async def test_an_app_server_on_a_socket_is_reached_by_codex_itself(
    tmp_path: Path, short_path: Path, start_codex: StartCodex
) -> None:
    async with logged_in(tmp_path, "AllowStreamLocalForwarding no", "AllowTcpForwarding no") as (sshd, ssh):
        binary = require_codex()
        sshd.install(binary.path, "codex")
        await start_codex(
            binary, codex_home=sshd.home / ".codex", listen=f"unix://{short_path}/s", auth=False
        )
        wanted = Wanted(endpoint=UnixEndpoint(path=f"{short_path}/s"))
        app = await find_or_start_app_server(ssh, wanted)
        dial = SshDial(ssh, app, wanted=wanted, given=lambda: None, trust=Trust())
        assert await initialized(dial)
        assert dial.transport == "ssh exec"
