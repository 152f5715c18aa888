"""An app server for one connection, where none can stay or none can be reached: real sshd, real codex."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import websockets.asyncio.client as websockets

from codex_ssh.core.endpoint import StdioEndpoint, WsEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import AppServerError, LinkLost
from codex_ssh.link.appserver import find_or_start_app_server
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import Link, open_link
from codex_ssh.link.forward import open_door
from codex_ssh.link.way import Profile, open_way
from codex_ssh.link.websocket import open_websocket
from tests.conftest import StartSshd
from tests.integration.test_link_dial import INITIALIZE, Nobody, dialler, logged_in, ours, speaks
from tests.support import processes
from tests.support.cli import codex_ssh
from tests.support.codex import CodexBinary
from tests.support.model import Model
from tests.support.require import require_program
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

CLOSED = ("DisableForwarding yes", "AllowTcpForwarding no", "AllowStreamLocalForwarding no")
STDIO = Wanted(endpoint=StdioEndpoint())


@pytest.fixture
async def devbox(start_sshd: StartSshd, model: Model, codex_binary: CodexBinary) -> Sshd:
    """A host with all forwarding off, and each codex in turn."""
    sshd = await start_sshd(lines=CLOSED)
    model.write_config(sshd.home / ".codex")
    sshd.install(codex_binary.path, "codex")
    return sshd


def profile(sshd: Sshd, wanted: Wanted = STDIO) -> Profile:
    options = SshOptions(config_file=str(sshd.ssh_config))
    return Profile(host=parse_host(sshd.alias), ssh=options, wanted=wanted)


@asynccontextmanager
async def linked(sshd: Sshd) -> AsyncGenerator[Link, None]:
    async with open_link(profile(sshd), Nobody()) as link:
        yield link


async def test_a_turn_runs_over_an_exec_channel_and_nothing_stays(
    devbox: Sshd, tmp_path: Path, workspace: Path
) -> None:
    done = await codex_ssh(
        "exec", "-F", devbox.ssh_config, "--endpoint", "stdio", "--no-input", "devbox", "--cd", workspace,
        "run: echo made > there\nsay hi there",
        home=tmp_path / "laptop",
    )  # fmt: skip
    assert (done.code, done.out) == (0, "hi there\n"), done.err
    assert " by ssh stdio, " in done.err
    assert "the app server ends with this connection, and running turns with it" in done.err
    assert (workspace / "there").read_text() == "made\n"
    assert devbox.logins == 1
    await until(lambda: ours(devbox) == [], "the app server ended with its connection")


async def test_large_messages_pass_whole_both_ways(devbox: Sshd, model: Model) -> None:
    text = "é" * 3_000_000
    async with linked(devbox) as link:
        assert link.facts.transport == "ssh stdio"
        assert await link.ping() < 5
        started = await link.request("thread/start", {"cwd": str(devbox.home)})
        thread = started["thread"]["id"]
        echoed = await link.request("thread/inject_items", {"threadId": thread, "items": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        ]})  # fmt: skip
        assert echoed is not None
        # A client may write its JSON over several lines.
    async with logged_in(devbox) as ssh:
        app = await find_or_start_app_server(ssh, STDIO)
        async with open_websocket(dialler(ssh, app, wanted=STDIO), "devbox") as websocket:
            await websocket.send(json.dumps(json.loads(INITIALIZE), indent=2))
            assert "codexHome" in await websocket.receive()


async def test_the_end_of_codex_is_told_with_its_words(start_sshd: StartSshd) -> None:
    sshd = await start_sshd(lines=CLOSED)
    codex = sshd.home / "bin" / "codex"
    codex.write_text("#!/bin/sh\necho 'no room for another codex' >&2\nexit 3\n")
    codex.chmod(0o755)
    with pytest.raises(LinkLost) as caught:
        async with linked(sshd):
            pass
    assert "no room for another codex" in caught.value.said


async def test_a_devbox_without_codex_says_so(start_sshd: StartSshd) -> None:
    sshd = await start_sshd(lines=CLOSED)
    with pytest.raises(AppServerError, match="no codex was found"):
        async with linked(sshd):
            pass


@pytest.mark.parametrize("codex_binary", ["pypi"], indirect=True)
async def test_a_killed_connection_takes_the_app_server_with_it(devbox: Sshd) -> None:
    async with linked(devbox) as link:
        assert len(ours(devbox)) == 1
        devbox.cut()
        with pytest.raises(LinkLost) as caught:
            await link.request("thread/loaded/list", {})
        assert caught.value.stage.value == "ssh"
    await until(lambda: ours(devbox) == [], "the app server ended with its connection")


@pytest.mark.parametrize("codex_binary", ["pypi"], indirect=True)
async def test_every_client_of_a_door_has_one_of_its_own(devbox: Sshd) -> None:
    token = Secret("t" * 32)
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    async with (
        open_way(profile(devbox), Nobody()) as way,
        open_door(way.dial, at=WsEndpoint(host="127.0.0.1", port=0), token=token) as door,
    ):
        # One after the other: of two codex that make a new CODEX_HOME's databases at once, one may give up.
        async with websockets.connect(str(door.endpoint), additional_headers=headers, proxy=None) as one:
            await one.send(INITIALIZE)
            assert "codexHome" in str(await one.recv())
            async with websockets.connect(
                str(door.endpoint), additional_headers=headers, proxy=None
            ) as other:
                await other.send(INITIALIZE)
                assert "codexHome" in str(await other.recv())
                assert len(ours(devbox)) == 2
        await until(lambda: ours(devbox) == [], "they ended with their clients")


# ------------------------------------------------------------------ as the last resort


@pytest.mark.parametrize("codex_binary", ["pypi"], indirect=True)
async def test_a_port_no_program_there_can_reach_is_given_up_for_it(
    start_sshd: StartSshd, model: Model, codex_binary: CodexBinary, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for name in ("sh", "cat", "ls", "od", "tr", "dd", "grep", "id", "uname", "cksum", "env", "sed", "ln",
                 "readlink", "mkdir", "rm", "mv", "sleep", "setsid", "tail", "date", "cut"):  # fmt: skip
        (few / name).symlink_to(require_program(name, name))
    sshd = await start_sshd(lines=CLOSED, environment={"PATH": str(few), "SHELL": "/bin/sh"})
    model.write_config(sshd.home / ".codex")
    path = str(codex_binary.path)
    wanted = Wanted(codex_path=path, token_file="~/.codex/app-server-token")
    async with open_link(profile(sshd, wanted), Nobody()) as link:
        assert link.facts.transport == "ssh stdio"
        assert any("no program there could connect to ws://" in text for text in link.facts.warnings)
        assert await link.request("thread/loaded/list", {}) == {"data": [], "nextCursor": None}
    await until(lambda: len(ours(sshd)) == 1, "the one on the port stays", show=lambda: ours(sshd))


@pytest.mark.skipif(os.getuid() != 0, reason="mounts need root")
@pytest.mark.parametrize("codex_binary", ["pypi"], indirect=True)
async def test_without_a_place_for_its_state_the_server_lives_for_the_connection(devbox: Sshd) -> None:
    state = devbox.home / ".codex-ssh"
    state.mkdir()
    done = await processes.run(["mount", "-t", "tmpfs", "-o", "ro,mode=700", "tmpfs", state])
    if done.code != 0:
        pytest.skip(f"cannot mount here: {done.err.strip()}")
    try:
        async with logged_in(devbox) as ssh:
            app = await find_or_start_app_server(ssh, Wanted())
            assert app.endpoint == StdioEndpoint()
            assert "no directory for its state" in app.short_lived
            assert await speaks(dialler(ssh, app))
        await until(lambda: ours(devbox) == [], "it ended with its connection")
    finally:
        await processes.run(["umount", "-l", state])
