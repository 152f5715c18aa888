"""A login shell that is not where its sshd is: what it sees is proved only for what it connects to itself."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.ownership import Owner
from codex_ssh.core.ports import read_remote_wish, read_wish
from codex_ssh.errors import AppServerError, ForwardError, OwnerNotProved
from codex_ssh.link.appserver import find_or_start_app_server
from codex_ssh.link.bridge import open_bridge
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.forwards import open_forwards
from codex_ssh.link.ssh import Ssh
from tests.conftest import StartSshd
from tests.integration.test_link_dial import dialler, logged_in, speaks
from tests.support.codex import require_codex
from tests.support.container import Container, needs_root, open_container
from tests.support.dev_server import OK, THERE, free_port, open_dev_server, page
from tests.support.sink import Sink
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex, needs_root]

TOKEN = Wanted(token_file="~/.codex/app-server-token")


@pytest.fixture
async def container(tmp_path: Path) -> AsyncGenerator[Container, None]:
    """A container with a codex; everything in it ends with it."""
    async with open_container(tmp_path / "container") as box:
        box.install(require_codex().path, "codex")
        yield box


@asynccontextmanager
async def inside(start_sshd: StartSshd, box: Container, *, told: bool) -> AsyncGenerator[tuple[Sshd, Ssh]]:
    """A login that lands in the container; told by what connection it came, or not."""
    words = f'exec {box.command} env SSH_CONNECTION="$SSH_CONNECTION"' if told else f"exec {box.command}"
    sshd = await start_sshd(lines=[f'ForceCommand {words} /bin/sh -c "$SSH_ORIGINAL_COMMAND"'])
    async with logged_in(sshd) as ssh:
        yield sshd, ssh


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
@pytest.mark.parametrize("wanted", [Wanted(), TOKEN], ids=["socket", "port"])
async def test_a_server_is_proved_and_dialled_from_inside_that_shell(
    start_sshd: StartSshd, container: Container, wanted: Wanted, told: bool
) -> None:
    async with inside(start_sshd, container, told=told) as (sshd, ssh):
        app = await find_or_start_app_server(ssh, wanted)
        assert (app.probe.hostname, app.probe.elsewhere) == ("box", True)
        assert app.verdict.owner is Owner.PROVED
        dial = dialler(ssh, app, wanted=wanted)
        for _ in range(2):
            assert await speaks(dial)
        assert dial.transport == "ssh exec"
        assert sshd.logins == 1


async def test_who_listens_on_that_port_beside_sshd_is_not_even_touched(
    start_sshd: StartSshd, container: Container
) -> None:
    async with inside(start_sshd, container, told=False) as (_, ssh):
        app = await find_or_start_app_server(ssh, TOKEN)
        assert isinstance(app.endpoint, WsEndpoint)
        with socket.create_server(("127.0.0.1", app.endpoint.port)) as beside:
            beside.setblocking(False)
            assert await speaks(dialler(ssh, app, wanted=TOKEN))
            with pytest.raises(BlockingIOError):
                beside.accept()


async def test_a_port_only_sshd_sees_is_not_taken(
    start_sshd: StartSshd, container: Container, sink: Sink
) -> None:
    async with inside(start_sshd, container, told=True) as (_, ssh):
        named = Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=sink.port))
        with pytest.raises(AppServerError, match="nothing listens on port"):
            await find_or_start_app_server(ssh, named)


async def test_a_shell_beside_sshd_is_told_from_one_elsewhere(sshd: Sshd) -> None:
    sshd.install(require_codex().path, "codex")
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, Wanted())
        assert not app.probe.elsewhere
        dial = dialler(ssh, app)
        assert await speaks(dial)
        assert dial.transport == "ssh unix"


# ------------------------------------------------------------------ the owner once more, where it is dialled


@asynccontextmanager
async def somebody_elses(where: str) -> AsyncGenerator[WsEndpoint | UnixEndpoint, None]:
    """A listener of the user nobody's, on a port or at a path."""
    make = (
        f"s=socket.socket(socket.AF_UNIX); s.bind({where!r}); os.chmod({where!r}, 0o777)"
        if where
        else "s=socket.socket(); s.bind(('127.0.0.1',0))"
    )
    program = (
        f"import os,socket; {make}; s.listen(); "
        f"{f'os.chown({where!r},65534,65534); ' if where else ''}"
        "print(s.getsockname()[1] if s.family==socket.AF_INET else 0, flush=True); c,_=s.accept(); "
        "print('touched', c.recv(100), flush=True)"
    )
    words = ["setpriv", "--reuid=65534", "--clear-groups"] if not where else []
    process = await asyncio.create_subprocess_exec(
        *words, sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        yield UnixEndpoint(path=where) if where else WsEndpoint(host="127.0.0.1", port=port)
    finally:
        process.kill()
        rest = await process.stdout.read()
        await process.wait()
    assert rest == b""


@pytest.mark.parametrize("kind", ["port", "socket"])
async def test_a_program_there_does_not_connect_to_what_is_anothers(
    sshd: Sshd, short_path: Path, kind: str
) -> None:
    where = str(short_path / "s") if kind == "socket" else ""
    async with logged_in(sshd) as ssh, somebody_elses(where) as endpoint:
        with pytest.raises(OwnerNotProved, match="the listener is another user's") as caught:
            await open_bridge(ssh, asyncio.Protocol, endpoint, codex="")
        assert "nothing was sent" in caught.value.hint


async def test_a_port_there_is_reached_by_a_program_of_that_shell(
    start_sshd: StartSshd, container: Container
) -> None:
    port = free_port()
    serve = f"exec python3 -m http.server {port} --bind 127.0.0.1"
    async with inside(start_sshd, container, told=False) as (_, ssh), open_dev_server(port, address=THERE):

        async def current() -> Ssh:
            return ssh

        async with open_forwards(current, "devbox") as forwards:
            # Beside sshd somebody listens on that port too, and on another address of the loopback.
            one = await forwards.open(read_wish(f"0:{port}"))
            assert await page(one.local) == ""
            await ssh.run(f"({serve}) </dev/null >/dev/null 2>&1 &", timeout=10)

            async def answers() -> bool:
                return await page(one.local) == OK

            await until(answers, "the server in the container answers")
            found = (await forwards.listening()).at(port)
            assert found is not None
            assert found.hosts == ("127.0.0.1",)
            with pytest.raises(ForwardError, match="in another network"):
                await forwards.open(read_remote_wish("9000"))
