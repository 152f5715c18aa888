"""``ForwardAgent``: what runs on the devbox finds the agent of whoever connected last, and none unasked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

import codex_ssh as codex_ssh_api
from codex_ssh.core.call import Call
from codex_ssh.core.remote_command import Ran, command_exec
from codex_ssh.errors import LinkLost
from tests.conftest import StartSshd
from tests.support import processes
from tests.support.cli import codex_ssh
from tests.support.codex import require_codex
from tests.support.model import Model
from tests.support.processes import Finished
from tests.support.require import require_program
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


@pytest.fixture
async def devbox(start_sshd: StartSshd, model: Model, short_path: Path) -> AsyncGenerator[Sshd, None]:
    """Its home has a short name: a socket below it is found by a path of at most 107 bytes."""
    model.write_config(short_path / "home" / ".codex")
    sshd = await start_sshd(environment={"HOME": str(short_path / "home")})
    sshd.install(require_codex().path, "codex")
    yield sshd
    left = processes.with_variable("HOME", str(short_path / "home"))
    processes.kill(left)
    await until(lambda: not any(map(processes.is_alive, left)), "what logins started ends")


@asynccontextmanager
async def open_agent(directory: Path, name: str) -> AsyncGenerator[Path, None]:
    """Run an agent that holds one key, whose comment is the name; gives its socket."""
    sock, key = directory / name, directory / f"{name}.key"
    program = require_program("ssh-agent", "apt-get install openssh-client")
    done = await processes.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key])
    assert done.code == 0, done.err
    agent = await asyncio.create_subprocess_exec(
        program, "-D", "-a", str(sock), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await until(sock.exists, "the agent listens")
        added = await processes.run(
            ["ssh-add", "-q", key], environment={**os.environ, "SSH_AUTH_SOCK": str(sock)}
        )
        assert added.code == 0, added.err
        yield sock
    finally:
        await processes.end(agent)


async def keys_there(devbox: Sshd, home: Path, client: str, agent: Path | None, *flags: str) -> Finished:
    """Let a turn list the keys it can use."""
    environment = {"SSH_AUTH_SOCK": str(agent)} if agent is not None else {}
    done = await codex_ssh(
        "exec", "-F", devbox.ssh_config, "--ssh", client, *flags, "--cd", devbox.home, "--approve", "all",
        "devbox", "run: ssh-add -l",
        home=home, environment=environment,
    )  # fmt: skip
    assert done.code == 0, done.err
    return done


@pytest.mark.parametrize("client", ["asyncssh", "openssh"])
async def test_a_turn_uses_the_agent_of_the_last_connect(
    devbox: Sshd, short_path: Path, tmp_path: Path, client: str
) -> None:
    forward = ("-o", "ForwardAgent=yes", "-o", "IdentityAgent=SSH_AUTH_SOCK")
    async with open_agent(short_path, "first-key") as first, open_agent(short_path, "second-key") as second:
        # The server is started by somebody who lends nothing, though there is an agent.
        none = await keys_there(devbox, tmp_path, client, first)
        assert "first-key" not in none.err
        assert "agent" in none.err
        lent = await keys_there(devbox, tmp_path, client, first, *forward)
        assert "first-key" in lent.err
        again = await keys_there(devbox, tmp_path, client, second, *forward)
        assert "second-key" in again.err
        assert "first-key" not in again.err
        (directory,) = (short_path / "home" / ".codex-ssh").iterdir()
        link = directory / "agent"
        lent_by = link.readlink()
        looked = await codex_ssh(
            "server", "status", "-F", devbox.ssh_config, "--ssh", client, *forward, "devbox",
            home=tmp_path / "laptop", environment={"SSH_AUTH_SOCK": str(first)},
        )  # fmt: skip
        assert looked.code == 0, looked.err
        assert link.readlink() == lent_by, "who only looks lends nothing"
    processes.kill(processes.with_variable("HOME", str(short_path / "home")))
    # The connection is over, and its agent with it.
    assert link.is_symlink()
    assert not link.exists()


@pytest.mark.parametrize("client", ["asyncssh", "openssh"])
async def test_the_agent_is_there_after_every_drop(
    devbox: Sshd, short_path: Path, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_agent(short_path, "my-key") as agent:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
        config = devbox.client_config("ForwardAgent yes", "IdentityAgent SSH_AUTH_SOCK", name="lending")
        list_keys = command_exec(["ssh-add", "-l"], cwd=str(devbox.home))
        async with codex_ssh_api.connect("devbox", ssh_config=str(config), ssh=client) as link:
            for drops in range(6):
                await until(partial(_has_logged_in, devbox, drops), f"login {drops + 1}", seconds=40)
                listed = await until(partial(_keys, link, list_keys), "a command runs")
                assert listed is not None
                assert "my-key" in listed.out, listed.err
                devbox.cut()


def _has_logged_in(devbox: Sshd, drops: int) -> bool:
    return devbox.logins > drops


async def _keys(link: codex_ssh_api.Link, list_keys: Call[Ran]) -> Ran | None:
    try:
        return await link.call(list_keys)
    except LinkLost:  # the drop was not known yet
        return None
