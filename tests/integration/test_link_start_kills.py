"""However many connects die, and whenever: one app server of ours at most, and the next connect works."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.errors import StageError
from codex_ssh.link.appserver import find_or_start_app_server
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.ssh_client import open_ssh
from tests.integration.test_link_dial import Nobody, dialler, logged_in, ours, speaks
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment
from tests.support.codex import require_codex
from tests.support.faults import Fault, open_faulty_relay
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

AT_ONCE = 34
ROUNDS = 5
WIRE_BYTES = 55_000
"""About what a connect that starts a server sends and gets."""


async def killed_after(seconds: float, sshd: Sshd, home: Path) -> None:
    """Run the program and kill it with SIGKILL, unless it ended before."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "server", "start", "devbox", "-F", str(sshd.ssh_config), "--no-input",
        env=client_environment(home),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def cut_after(count: int, sshd: Sshd) -> None:
    """Connect, and vanish when so many bytes have passed, as the devbox sees a client that was killed."""
    async with open_faulty_relay(sshd.port) as relay:
        relay.break_after(count, Fault.RESET)
        options = SshOptions(
            config_file=str(sshd.ssh_config),
            port=relay.port,
            set_options=("HostKeyAlias=x",),
            client=SshClient.ASYNCSSH,
        )
        with suppress(StageError):
            async with open_ssh(parse_host(sshd.alias), options, Nobody()) as ssh:
                await find_or_start_app_server(ssh, Wanted())


def one_at_most(sshd: Sshd) -> None:
    assert len(ours(sshd)) <= 1


async def finishes_well(sshd: Sshd) -> None:
    """The next connect has its server, and it is the only one."""
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, Wanted())
        assert await speaks(dialler(ssh, app))
    await until(lambda: len(ours(sshd)) == 1, "one server is left", show=lambda: str(ours(sshd)))


@pytest.mark.timeout(240)
async def test_two_hundred_connects_killed_at_any_moment_leave_one_server_at_most(
    sshd: Sshd, tmp_path: Path
) -> None:
    """Thirty programs killed by time, and a hundred and seventy connections cut by the byte.

    Before each round the server is killed too, so that each has one to start.
    """
    sshd.install(require_codex().path, "codex")
    chance = random.Random(4)
    # The relays' ports are not in known_hosts; an alias of the same key is.
    kind_and_key = " ".join(sshd.known_hosts.read_text().split()[1:3])
    with sshd.known_hosts.open("a") as known:
        known.write(f"x {kind_and_key}\n")
    for _ in range(6):
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(killed_after(chance.uniform(0.8, 3.5), sshd, tmp_path))
        one_at_most(sshd)
    cut = 0
    for _ in range(ROUNDS):
        processes.kill(ours(sshd))
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(cut_after(chance.randrange(1, WIRE_BYTES), sshd))
                cut += 1
        one_at_most(sshd)
    assert cut == AT_ONCE * ROUNDS
    await finishes_well(sshd)
