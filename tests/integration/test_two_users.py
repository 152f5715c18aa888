"""A host two people share: what one of them listens on or leaves in ``/tmp`` gets nothing of the other's."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from codex_ssh.core.endpoint import StdioEndpoint, WsEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import AppServerError, OwnerNotProved
from codex_ssh.link.appserver import find_or_start_app_server
from codex_ssh.link.choosing import AppServer, Wanted
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.upkeep import start_server
from codex_ssh.link.way import Profile, open_host
from tests.integration.test_link_dial import Nobody, dialler, speaks
from tests.support import processes
from tests.support.codex import require_codex
from tests.support.require import require_program
from tests.support.sshd import open_sshd
from tests.support.waiting import until

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.codex,
    pytest.mark.skipif(os.getuid() != 0, reason="making users needs root"),
    pytest.mark.xdist_group("users"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    name: str
    uid: int
    home: Path


@asynccontextmanager
async def a_user(where: Path, shell: str = "sh") -> AsyncGenerator[User, None]:
    """Make a user with a login shell; ``busybox`` is what Alpine has for one."""
    useradd = require_program("useradd", "useradd: apt-get install passwd")
    name = f"t{secrets.token_hex(4)}"
    home = where / name
    path = require_program(shell, f"{shell}: apt-get install {shell}")
    if shell == "busybox":
        where.chmod(0o755)
        path = where / "ash"  # it goes by its name
        path.symlink_to(require_program(shell, "busybox"))
    made = await processes.run([useradd, "--create-home", "--home-dir", home, "--shell", path, name])
    assert made.code == 0, made.err
    # An account without a password is locked, and sshd refuses a locked one even with a key.
    await processes.run(["usermod", "-p", "*", name])
    uid = pwd.getpwnam(name).pw_uid
    home.chmod(0o700)
    try:
        yield User(name=name, uid=uid, home=home)
    finally:
        processes.kill(pids_of(uid))
        await until(lambda: not pids_of(uid), f"nothing of {name} runs")
        await processes.run(["userdel", name])
        shutil.rmtree(f"/tmp/codex-daemon-{uid}", ignore_errors=True)


def pids_of(uid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == uid and processes.is_alive(int(entry.name)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@asynccontextmanager
async def logged_in(where: Path, user: User) -> AsyncGenerator[Ssh, None]:
    """One login of the user, who finds a codex on the PATH of the login shell only."""
    where.chmod(0o755)
    codex = where / "bin" / "codex"
    if not codex.exists():
        codex.parent.mkdir()
        shutil.copy(require_codex().path, codex)
        codex.chmod(0o755)
    shell = pwd.getpwnam(user.name).pw_shell
    variables = {"HOME": str(user.home), "PATH": f"{codex.parent}:/usr/bin:/bin", "SHELL": shell}
    async with open_sshd(where / f"sshd-{user.name}", environment=variables) as sshd:
        for path in (sshd.directory, sshd.directory / "authorized_keys"):
            path.chmod(0o755)
        profile = Profile(
            host=parse_host(sshd.alias),
            ssh=SshOptions(config_file=str(sshd.ssh_config), user=user.name),
        )
        async with open_host(profile, Nobody()) as ssh:
            yield ssh


@asynccontextmanager
async def hostile(user: User, port: int) -> AsyncGenerator[list[str], None]:
    """A listener of another user's that tells whether anybody came; its words are there at the end."""
    program = (
        f"import os,socket,sys; os.setgid({user.uid}); os.setuid({user.uid});"
        f"s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);"
        f"s.bind(('127.0.0.1',{port})); s.listen(); print('up',flush=True);"
        "c,_=s.accept(); print('touched',c.recv(4096),flush=True)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    heard: list[str] = []
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"up\n"
        yield heard
    finally:
        process.kill()
        heard.append((await process.stdout.read()).decode())
        await process.wait()


async def end(user: User) -> None:
    """Kill the user's app servers as a crash would."""
    servers = [pid for pid in pids_of(user.uid) if "app-server" in processes.command_line(pid)]
    processes.kill(servers, signal.SIGKILL)
    await until(lambda: not any(map(processes.is_alive, servers)), "the server is gone")


async def test_a_port_that_was_ours_and_is_anothers_now_gets_no_token(short_path: Path) -> None:
    wanted = Wanted(token_file="~/.codex/app-server-token")
    async with a_user(short_path) as alice, a_user(short_path) as bob, logged_in(short_path, alice) as ssh:
        app: AppServer = await find_or_start_app_server(ssh, wanted)
        assert isinstance(app.endpoint, WsEndpoint)
        dial = dialler(ssh, app, wanted=wanted)
        assert await speaks(dial)
        await end(alice)
        async with hostile(bob, app.endpoint.port) as heard:
            # The link heals itself: the same dial once more.
            with pytest.raises(OwnerNotProved, match=f"belongs to uid {bob.uid}"):
                await dial(asyncio.Protocol)
            again = await find_or_start_app_server(ssh, wanted)
            assert again.endpoint != app.endpoint
            assert await speaks(dialler(ssh, again, wanted=wanted))
        assert heard == [""]


async def test_what_another_user_made_beforehand_is_not_in_the_way(short_path: Path) -> None:
    async with a_user(short_path) as alice, a_user(short_path) as bob:
        taken = Path(f"/tmp/codex-daemon-{alice.uid}")
        taken.mkdir(mode=0o700)
        os.chown(taken, bob.uid, bob.uid)
        async with logged_in(short_path, alice) as ssh:
            app = await find_or_start_app_server(ssh, Wanted())
            assert isinstance(app.endpoint, WsEndpoint)
            assert "not yours alone" in app.probe.own_state["because"]
            assert app.secret is not None
            assert await speaks(dialler(ssh, app))


async def test_a_state_directory_of_another_users_is_refused(short_path: Path) -> None:
    async with a_user(short_path) as alice, a_user(short_path) as bob:
        state = alice.home / ".codex-ssh"
        place = state / os.uname().nodename
        place.mkdir(parents=True)
        os.chown(state, alice.uid, alice.uid)
        os.chown(place, bob.uid, bob.uid)
        async with logged_in(short_path, alice) as ssh:
            with pytest.raises(AppServerError, match="no directory for its state") as caught:
                await start_server(ssh, Profile(host=parse_host("devbox"), ssh=SshOptions()))
            # A connect is still possible, by one that does not stay.
            app = await find_or_start_app_server(ssh, Wanted())
            assert app.endpoint == StdioEndpoint()
            assert await speaks(dialler(ssh, app))
        assert str(place) in caught.value.said


@pytest.mark.parametrize("shell", ["fish", "tcsh", "busybox"])
async def test_any_login_shell_will_do(short_path: Path, shell: str) -> None:
    async with a_user(short_path, shell) as alice, logged_in(short_path, alice) as ssh:
        app = await find_or_start_app_server(ssh, Wanted())
        assert app.probe.user == alice.name
        assert await speaks(dialler(ssh, app))
