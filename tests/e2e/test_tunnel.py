"""``codex-ssh tunnel``: the door for any client, and what it does not give away."""

from __future__ import annotations

import asyncio
import signal
import stat
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from codex_ssh.cli.tunnel import tell_use
from tests.conftest import StartCodex
from tests.support import processes
from tests.support.cli import announcing, codex_ssh
from tests.support.codex import CodexAppServer
from tests.support.listening import exposed, listening_in_tree
from tests.support.sshd import Sshd
from tests.support.wire import open_wire

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


def tunnel(
    sshd: Sshd, server: CodexAppServer, home: Path, *words: str
) -> AbstractAsyncContextManager[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    return announcing(
        "tunnel", "-F", sshd.ssh_config, "--endpoint", server.endpoint, "--json", *words, "devbox", home=home
    )


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex) -> CodexAppServer:
    return await start_codex(codex_home=sshd.home / ".codex")


async def test_any_client_gets_in_with_the_doors_token_only(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    async with tunnel(sshd, server, tmp_path / "laptop") as (process, said):
        assert "token" not in said
        token_file = Path(said["tokenFile"])
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(token_file.parent.stat().st_mode) == 0o700
        async with open_wire(said["url"], token_file.read_text().strip()) as wire:
            assert (await wire.initialize())["codexHome"] == str(server.codex_home)
        listeners = listening_in_tree(process.pid)
        assert [one.port for one in listeners if one.kind != "unix"] == [int(said["url"].rpartition(":")[2])]
        assert exposed(processes.tree(process.pid)) == []
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await process.wait() == 143
        assert not token_file.exists()
        assert not token_file.parent.exists()


async def test_the_token_is_shown_when_it_is_asked_for(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    async with tunnel(sshd, server, tmp_path / "laptop", "--show-token") as (_, said):
        assert said["token"] == Path(said["tokenFile"]).read_text().strip()
        assert said["token"] != server.token


async def test_a_socket_in_a_private_directory_needs_no_token(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path, short_path: Path
) -> None:
    short_path.chmod(0o700)
    async with tunnel(sshd, server, tmp_path / "laptop", "--listen", f"unix://{short_path}/d") as (
        process,
        said,
    ):
        assert said == {"url": f"unix://{short_path}/d", "host": "devbox", "transport": "ssh"}
        async with open_wire(said["url"]) as wire:
            assert (await wire.initialize())["codexHome"] == str(server.codex_home)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            assert await process.wait() == 130
    assert list(short_path.iterdir()) == []


def test_what_is_said_can_be_copied_into_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    tell_use("devbox", "ws://127.0.0.1:4500", Path("/tmp/door/token"))

    said = capsys.readouterr().err
    assert 'export DOOR_TOKEN="$(cat /tmp/door/token)"\n' in said
    assert "codex --remote ws://127.0.0.1:4500 --remote-auth-token-env DOOR_TOKEN\n" in said


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:0", "10.1.2.3:80", "[::]:0", "example.com:1", "unix://", "4500", ":1"]
)
async def test_a_wider_address_is_a_usage_error(tmp_path: Path, listen: str) -> None:
    done = await codex_ssh("tunnel", "--listen", listen, "devbox", home=tmp_path)
    assert done.code == 2, done.err
    assert "hint" in done.err


async def test_the_address_outlives_the_connection_under_it(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    async with tunnel(sshd, server, tmp_path / "laptop") as (process, said):
        token = Path(said["tokenFile"]).read_text().strip()
        async with open_wire(said["url"], token) as wire:
            await wire.initialize()
            sshd.cut()
            with pytest.raises(ConnectionClosedError):
                await wire.hear_until(lambda message: False)
        # At once: the connection is held until the way is back.
        async with open_wire(said["url"], token) as wire:
            assert (await wire.initialize())["codexHome"] == str(server.codex_home)
        assert sshd.logins == 2
        await sshd.stop()
        await sshd.start()
        async with open_wire(said["url"], token) as wire:
            assert (await wire.initialize())["codexHome"] == str(server.codex_home)
        assert process.returncode is None


async def test_a_login_refused_on_the_way_back_ends_it_with_one_attempt_each_way(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    async with tunnel(sshd, server, tmp_path / "laptop", "--no-input") as (process, _):
        (sshd.directory / "authorized_keys").write_text("")
        before = sshd.connections
        sshd.cut()
        async with asyncio.timeout(30):
            assert await process.wait() == 5
        # By what the last visit taught, and plainly.
        assert sshd.connections == before + 2
        assert process.stderr is not None
        assert b"error: devbox: ssh: " in await process.stderr.read()
