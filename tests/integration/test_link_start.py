"""Starting an app server where hosts are awkward: shells, rc files, places, disks, users, kills."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.errors import AppServerError
from codex_ssh.link.appserver import find_or_start_app_server, look
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import open_link
from codex_ssh.link.shell import compose
from codex_ssh.link.upkeep import start_server
from tests.conftest import StartCodex, StartSshd
from tests.e2e.test_server import profile
from tests.integration.test_link_dial import Nobody, dialler, logged_in, ours, speaks
from tests.support import processes
from tests.support.cli import codex_ssh
from tests.support.codex import require_codex
from tests.support.model import Model
from tests.support.require import require_program
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

SHELLS = {"bash": ".profile", "dash": ".profile", "fish": ".config/fish/config.fish", "tcsh": ".tcshrc"}
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="mounts and other users need root")


@asynccontextmanager
async def with_shell(start_sshd: StartSshd, shell: str) -> AsyncGenerator[Sshd, None]:
    path = require_program(shell, f"{shell}: apt-get install {shell}")
    yield await start_sshd(environment={"SHELL": str(path)})


def nvm(sshd: Sshd) -> Path:
    """Put codex where only a PATH set by an rc file leads to, and give that directory."""
    place = sshd.home / "versions" / "v22" / "bin"
    place.mkdir(parents=True)
    (place / "codex").symlink_to(require_codex().path)
    return place


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_codex_only_the_login_shell_knows_is_found_past_a_noisy_rc_file(
    start_sshd: StartSshd, shell: str
) -> None:
    async with with_shell(start_sshd, shell) as sshd:
        place = nvm(sshd)
        noise = sshd.home / "noise"
        noise.write_bytes(b"\x1b[31mwelcome\x07 " * 5000)
        csh = shell == "tcsh"
        rc = sshd.home / SHELLS[shell]
        rc.parent.mkdir(parents=True, exist_ok=True)
        path = f"setenv PATH {place}:$PATH" if csh else f"export PATH={place}:$PATH"
        rc.write_text(f"cat {noise}\n{path}\ncat {noise}\n")
        async with logged_in(sshd) as ssh:
            probe = await look(ssh, Wanted())
        assert (probe.codex, probe.codex_from) == (str(place / "codex"), "login shell")
        assert probe.codex_version == require_codex().version()


async def test_a_codex_only_an_interactive_shell_knows_is_found_and_started(start_sshd: StartSshd) -> None:
    async with with_shell(start_sshd, "bash") as sshd:
        place = nvm(sshd)
        (sshd.home / ".profile").write_text(f"case $- in *i*) PATH=$PATH:{place} ;; esac\n")
        async with logged_in(sshd) as ssh:
            app = await find_or_start_app_server(ssh, Wanted())
            assert app.probe.codex == str(place / "codex")
            assert app.probe.codex_from == "earlier start"
            assert await speaks(dialler(ssh, app))


async def test_a_login_shell_that_hangs_costs_seconds_and_not_the_connect(start_sshd: StartSshd) -> None:
    async with with_shell(start_sshd, "bash") as sshd:
        place = sshd.home / ".nvm" / "versions" / "node" / "v22" / "bin"
        place.mkdir(parents=True)
        (place / "codex").symlink_to(require_codex().path)
        (sshd.home / ".profile").write_text("sleep 600\n")
        async with logged_in(sshd) as ssh:
            probe = await look(ssh, Wanted())
        assert (probe.codex, probe.codex_from) == (str(place / "codex"), "known place")
        assert "sleep 600" not in [
            " ".join(processes.command_line(pid)) for pid in processes.with_variable("HOME", str(sshd.home))
        ]


async def test_the_time_a_login_shell_may_take_is_not_waited_for(start_sshd: StartSshd) -> None:
    async with with_shell(start_sshd, "bash") as sshd:
        sshd.install(require_codex().path, "codex")
        longer = sshd.home / "bin" / "sleep"
        longer.write_text("#!/bin/sh\nexec /bin/sleep 600\n")
        longer.chmod(0o755)
        try:
            async with logged_in(sshd) as ssh:
                # With the timer running out only after ten minutes, waiting for it would be a time-out.
                assert (await look(ssh, Wanted())).around.path
        finally:
            processes.kill(processes.with_variable("HOME", str(sshd.home)))


@pytest.mark.parametrize("shell", ["bash", "dash", "busybox"])
async def test_the_scripts_run_in_every_posix_shell(sshd: Sshd, shell: str) -> None:
    path = require_program(shell, f"{shell}: apt-get install {shell}")
    sshd.install(require_codex().path, "codex")
    argv: list[str | Path] = [path, "sh", "-s"] if shell == "busybox" else [path, "-s"]
    environment = {"HOME": str(sshd.home), "PATH": f"{sshd.home / 'bin'}:{os.environ['PATH']}"}
    common = {"CODEX": "", "TOKEN_FILE": "", "FORCE": "", "LINES": "1"}
    probe = compose(
        *("form.sh", "codex.sh", "inventory.sh", "probe.sh"),
        PORT="4500",
        UNIX="",
        OWN="1",
        SKIP="",
        ALL="1",
        **common,
    )
    start = compose(
        *("form.sh", "environment.sh", "start.sh"),
        functions="declared() { :; }\n",
        ACTION="start", TOKEN="t", UMASK="", SERVER_PATH="", KEEPER="", ENDS="",
        **{**common, "CODEX": str(sshd.home / "bin" / "codex")},
    )  # fmt: skip
    for text in (probe.text, start.text, probe.text):
        ran = await processes.run(argv, stdin=text, environment=environment)
        assert (ran.code, ran.err) == (0, "")
        assert f"{(probe if text is probe.text else start).marker} end" in ran.out
    assert "own.lives p yes" in ran.out
    assert "own.live p yes" in ran.out
    assert "home_fs p " in ran.out


# ------------------------------------------------------------------ what a started server gets


@pytest.mark.parametrize("umask", ["002", "077"])
async def test_a_file_a_turn_makes_has_the_mode_touch_gives_in_a_login_shell(
    start_sshd: StartSshd, model: Model, tmp_path: Path, umask: str
) -> None:
    async with with_shell(start_sshd, "bash") as sshd:
        (sshd.home / ".profile").write_text(f"umask {umask}\n")
        sshd.install(require_codex().path, "codex")
        model.write_config(sshd.home / ".codex")
        done = await codex_ssh(
            "exec", "-F", sshd.ssh_config, "--no-input", "--approve", "all", "--cd", sshd.home,
            "devbox", "run: touch by-turn; mkdir dir-by-turn\npatch patched",
            home=tmp_path / "laptop",
        )  # fmt: skip
        assert done.code == 0, done.err
        environment = {**os.environ, "HOME": str(sshd.home)}
        argv = ["bash", "-lc", "cd && touch by-hand && mkdir dir-by-hand"]
        assert (await processes.run(argv, environment=environment)).code == 0
        modes = {
            name: (sshd.home / name).stat().st_mode & 0o777
            for name in ("by-turn", "by-hand", "patched", "dir-by-turn", "dir-by-hand")
        }
        assert modes["by-turn"] == modes["patched"] == modes["by-hand"] == 0o666 & ~int(umask, 8)
        assert modes["dir-by-turn"] == modes["dir-by-hand"]
        # What is secret is closed all the same.
        (state,) = (sshd.home / ".codex-ssh").iterdir()
        assert state.stat().st_mode & 0o777 == 0o700


async def test_a_started_server_gets_the_login_umask_and_a_declared_environment(
    start_sshd: StartSshd,
) -> None:
    async with with_shell(start_sshd, "bash") as sshd:
        (sshd.home / ".profile").write_text("umask 027\nexport SECRET_OF_MINE=1 LC_TIME=C\n")
        sshd.install(require_codex().path, "codex")
        async with logged_in(sshd) as ssh:
            app = await find_or_start_app_server(
                ssh, Wanted(env={"MINE": 'it\'s "quoted" $here', "RUST_LOG": "warn"})
            )
            assert await speaks(dialler(ssh, app))
        (pid,) = ours(sshd)
        assert "Umask:\t0027" in Path(f"/proc/{pid}/status").read_text()
        environment = dict(
            line.split("=", 1) for line in Path(f"/proc/{pid}/environ").read_text().split("\0") if line
        )
        assert environment["MINE"] == 'it\'s "quoted" $here'
        assert environment["HOME"] == str(sshd.home)
        assert "SSH_CONNECTION" not in environment
        assert "SECRET_OF_MINE" not in environment
        assert Path(f"/proc/{pid}/cwd").readlink() == sshd.home


# ------------------------------------------------------------------ faults


async def test_a_codex_that_is_there_and_is_none_is_quoted(sshd: Sshd) -> None:
    broken = sshd.home / "bin" / "codex"
    broken.write_text("#!/bin/sh\necho 'node: bad interpreter' >&2\nexit 126\n")
    broken.chmod(0o755)
    async with logged_in(sshd) as ssh:
        with pytest.raises(AppServerError, match="did not come up") as caught:
            await find_or_start_app_server(ssh, Wanted())
    assert "bad interpreter" in caught.value.said


@asynccontextmanager
async def mounted(kind: str, where: Path) -> AsyncGenerator[None, None]:
    where.mkdir(parents=True, exist_ok=True)
    done = await processes.run(["mount", "-t", "tmpfs", "-o", kind, "tmpfs", where])
    if done.code != 0:
        pytest.skip(f"cannot mount here: {done.err.strip()}")
    try:
        yield
    finally:
        await processes.run(["umount", "-l", where])


@needs_root
@pytest.mark.parametrize(("kind", "said"), [("ro", "Read-only file system"), ("size=4k", "100%")])
async def test_a_state_directory_that_cannot_be_written_is_said(sshd: Sshd, kind: str, said: str) -> None:
    sshd.install(require_codex().path, "codex")
    state = sshd.home / ".codex-ssh"
    async with mounted(f"{kind},mode=700", state):
        if kind != "ro":
            (state / "full").write_bytes(b"x" * 4096)
        async with logged_in(sshd) as ssh:
            with pytest.raises(AppServerError, match="no directory for its state") as caught:
                await start_server(ssh, profile(sshd))
    assert said in caught.value.said
    assert ours(sshd) == []


@needs_root
async def test_without_a_home_to_write_the_runtime_directory_serves(
    start_sshd: StartSshd, short_path: Path
) -> None:
    sshd = await start_sshd(environment={"XDG_RUNTIME_DIR": str(short_path)})
    sshd.install(require_codex().path, "codex")
    async with mounted("ro,mode=700", sshd.home / ".codex-ssh"), logged_in(sshd) as ssh:
        first = await find_or_start_app_server(ssh, Wanted())
        assert (short_path / "codex-ssh" / "server").exists()
        assert (await find_or_start_app_server(ssh, Wanted())).endpoint == first.endpoint
        assert await speaks(dialler(ssh, first))


# ------------------------------------------------------------------ never more than one


async def test_a_swept_socket_is_overcome_by_a_port_and_the_reason_is_kept(sshd: Sshd) -> None:
    sshd.install(require_codex().path, "codex")
    async with logged_in(sshd) as ssh:
        first = await find_or_start_app_server(ssh, Wanted())
        assert isinstance(first.endpoint, UnixEndpoint)
        Path(first.endpoint.path).unlink()
        second = await find_or_start_app_server(ssh, Wanted())
        assert isinstance(second.endpoint, WsEndpoint)
        assert "swept" in second.probe.own_state["because"]
        assert await speaks(dialler(ssh, second))
    assert len(ours(sshd)) == 1


async def test_another_codex_home_has_a_server_of_its_own(start_sshd: StartSshd, tmp_path: Path) -> None:
    one = await start_sshd()
    other_home = one.home / "other"
    other_home.mkdir()
    one.install(require_codex().path, "codex")
    async with logged_in(one) as ssh:
        first = await find_or_start_app_server(ssh, Wanted())
    await one.stop()
    config = one.directory / "sshd_config"
    config.write_text(config.read_text().replace('"HOME=', f'"CODEX_HOME={other_home}" "HOME='))
    await one.start()
    async with logged_in(one) as ssh:
        second = await find_or_start_app_server(ssh, Wanted())
    assert first.endpoint != second.endpoint
    async with open_link(profile(one), Nobody()) as link:
        assert link.facts.codex_home == str(other_home)
    assert len(ours(one)) == 2


async def test_the_official_daemons_socket_goes_before_a_new_server(
    sshd: Sshd, start_codex: StartCodex
) -> None:
    control = sshd.home / ".codex" / "app-server-control" / "app-server-control.sock"
    server = await start_codex(codex_home=sshd.home / ".codex", listen=f"unix://{control}", auth=False)
    sshd.install(server.binary.path, "codex")
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, Wanted())
        assert app.chosen == "the official daemon's control socket"
        assert await speaks(dialler(ssh, app))
    assert ours(sshd) == [] or ours(sshd) == [server.pid]
