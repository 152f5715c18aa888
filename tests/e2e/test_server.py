"""``codex-ssh server``: the life of the app server there, from argv to exit code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.link.connect import open_link
from codex_ssh.link.way import Profile
from tests.integration.test_link_dial import Nobody, ours
from tests.support import processes
from tests.support.cli import codex_ssh
from tests.support.codex import require_codex
from tests.support.model import Model
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


@pytest.fixture
def devbox(sshd: Sshd, model: Model) -> Sshd:
    model.write_config(sshd.home / ".codex")
    sshd.install(require_codex("pypi").path, "codex")
    return sshd


async def server(sshd: Sshd, home: Path, *words: str) -> processes.Finished:
    action, *flags = words
    return await codex_ssh(
        "server", action, "devbox", "-F", sshd.ssh_config, "--no-input", "--json", *flags, home=home
    )


async def facts(sshd: Sshd, home: Path, *words: str) -> dict[str, Any]:
    done = await server(sshd, home, *words)
    assert done.code == 0, done.err
    answer: dict[str, Any] = json.loads(done.out)
    return answer


async def test_the_life_of_a_server(devbox: Sshd, tmp_path: Path) -> None:
    before = await facts(devbox, tmp_path, "status")
    assert before["running"] is False
    assert before["codexOnDisk"] == str(devbox.home / "bin" / "codex")
    assert [line.partition(":")[0] for line in before["passedOver"]] == ["own", "daemon", "documented"]

    started = await facts(devbox, tmp_path, "start")
    assert started["startedByUs"] is True
    assert started["endpoint"].startswith("unix:///tmp/codex-daemon-")
    assert started["survivesLogout"] is True
    assert (await facts(devbox, tmp_path, "start"))["pid"] == started["pid"]
    assert ours(devbox) == [started["pid"]]

    status = await facts(devbox, tmp_path, "status")
    assert (status["running"], status["turns"], status["clients"], status["stale"]) == (True, 0, 0, False)
    assert "PATH aliases" in "\n".join((await facts(devbox, tmp_path, "logs", "--lines", "50"))["lines"])

    restarted = await facts(devbox, tmp_path, "restart", "--when-idle")
    assert restarted["pid"] != started["pid"]
    assert (await facts(devbox, tmp_path, "stop"))["outcome"] == "stopped"
    assert ours(devbox) == []
    assert (await facts(devbox, tmp_path, "stop"))["outcome"] == "none"


async def test_a_newer_codex_on_disk_is_told_with_the_command_that_helps(
    devbox: Sshd, tmp_path: Path
) -> None:
    await facts(devbox, tmp_path, "start")
    devbox.install(require_codex("npm").path, "codex")
    status = await facts(devbox, tmp_path, "status")
    assert (status["version"], status["codexOnDiskVersion"]) == ("0.163.0", "0.169.0")
    assert status["stale"] is True
    async with open_link(profile(devbox), Nobody()) as link:
        assert any("server restart --when-idle devbox" in warning for warning in link.facts.warnings)
    await facts(devbox, tmp_path, "restart", "--when-idle")
    assert (await facts(devbox, tmp_path, "status"))["version"] == "0.169.0"


async def test_stop_refuses_while_somebody_is_attached_unless_forced(devbox: Sshd, tmp_path: Path) -> None:
    await facts(devbox, tmp_path, "start")
    async with open_link(profile(devbox), Nobody()):
        refused = await server(devbox, tmp_path, "stop")
        assert refused.code == 6
        assert "busy: 1 client is attached" in refused.err
        assert "--force" in refused.err
        assert len(ours(devbox)) == 1
        assert (await facts(devbox, tmp_path, "stop", "--force"))["outcome"] == "stopped"
    assert ours(devbox) == []


async def test_restart_when_idle_waits_for_the_last_client(devbox: Sshd, tmp_path: Path) -> None:
    pid = (await facts(devbox, tmp_path, "start"))["pid"]
    async with asyncio.TaskGroup() as group:
        async with open_link(profile(devbox), Nobody()):
            waiting = group.create_task(server(devbox, tmp_path, "restart", "--when-idle", "-v"))
            await until(lambda: devbox.logins >= 3, "the restart has logged in")
            assert processes.is_alive(pid)
        done = await waiting
    assert done.code == 0, done.err
    assert json.loads(done.out)["pid"] != pid


async def test_gc_removes_only_what_is_proved_dead(devbox: Sshd, tmp_path: Path) -> None:
    await facts(devbox, tmp_path, "start")
    kept = await facts(devbox, tmp_path, "gc")
    assert kept["removed"] == []
    assert "lives" in kept["kept"][0]
    other = devbox.home / ".codex-ssh" / "another-host"
    other.mkdir(mode=0o700)
    processes.kill(ours(devbox))
    await until(lambda: not ours(devbox), "the server is gone")
    gone = await facts(devbox, tmp_path, "gc")
    assert any(path.endswith("/server") for path in gone["removed"])
    assert gone["kept"] == [f"{other} (of another host)"]
    assert [path.name for path in (devbox.home / ".codex-ssh").iterdir()] == ["another-host"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stop", "--when-idle"), "--when-idle goes with restart"),
        (("status", "--force"), "--force goes with stop and restart"),
    ],
)
async def test_flags_that_mean_nothing_are_refused(
    sshd: Sshd, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = await server(sshd, tmp_path, *words)
    assert done.code == 2
    assert said in done.err


def profile(sshd: Sshd) -> Profile:
    return Profile(host=parse_host(sshd.alias), ssh=SshOptions(config_file=str(sshd.ssh_config)))
