"""A devbox behind a command of this machine: its scripts, its byte streams, its end."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.host import Host
from codex_ssh.errors import ConfigError, ForwardError, HostUnreachable, LinkLost
from codex_ssh.link.child import open_child_host, shell_words
from codex_ssh.link.ssh import Ssh
from tests.support import processes
from tests.support.container import Container, needs_root, open_container
from tests.support.require import require_program
from tests.support.waiting import until

BOX = Host(name="box")
MARK = secrets.token_hex(8)
"""Tells the processes of these tests from those of another run beside it."""
PLAIN = ("env", "-i", "PATH=/usr/bin:/bin", f"MARK={MARK}")


def running() -> list[int]:
    return [pid for pid in processes.with_variable("MARK", MARK) if processes.is_alive(pid)]


@pytest.fixture
async def plain() -> AsyncGenerator[Ssh, None]:
    """A shell in an empty environment; nothing of it is left afterwards."""
    async with open_child_host(BOX, PLAIN) as ssh:
        yield ssh
    assert running() == []


@pytest.fixture
async def container(tmp_path: Path) -> AsyncGenerator[Container, None]:
    async with open_container(tmp_path / "container") as box:
        yield box


@asynccontextmanager
async def streams(
    ssh: Ssh, command: str
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader = asyncio.StreamReader()
    transport, protocol = await ssh.open_exec(lambda: asyncio.StreamReaderProtocol(reader), command)
    try:
        yield reader, asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
    finally:
        transport.abort()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["docker", "exec", "-i", "box"], ["docker", "exec", "-i", "box", "/bin/sh"]),
        (["kubectl", "exec", "-i", "pod", "--"], ["kubectl", "exec", "-i", "pod", "--", "/bin/sh"]),
        (["su", "me", "-c"], ["su", "me", "-c", "/bin/sh"]),
        (["docker", "exec", "-i", "box", "/bin/bash"], ["docker", "exec", "-i", "box", "/bin/bash"]),
        (["busybox", "sh"], ["busybox", "sh"]),
    ],
)
def test_a_shell_is_put_behind_the_command_unless_it_ends_in_one(
    command: list[str], words: list[str]
) -> None:
    assert list(shell_words(command)) == words


# ------------------------------------------------------------------ scripts


async def test_a_script_gives_status_and_both_outputs(plain: Ssh) -> None:
    ran = await plain.run("echo out; echo err >&2; exit 7", timeout=10)
    assert (ran.status, ran.stdout, ran.stderr, ran.truncated) == (7, b"out\n", b"err\n", False)
    assert (await plain.run("kill -9 $$", timeout=10)).status is None
    assert (plain.host, plain.user) == ("box", "")


async def test_many_scripts_run_at_once_and_long_output_is_cut(plain: Ssh) -> None:
    async with asyncio.TaskGroup() as group:
        script = f"# {'x' * 200_000}\nhead -c 300000 /dev/zero"
        runs = [group.create_task(plain.run(script, timeout=20, limit=9)) for _ in range(8)]
    assert [(run.result().stdout, run.result().truncated) for run in runs] == [(b"\0" * 9, True)] * 8


async def test_a_script_that_does_not_end_is_ended(plain: Ssh) -> None:
    with pytest.raises(ForwardError, match="did not end within") as caught:
        await plain.run("echo so far >&2; exec sleep 600", timeout=0.5)
    assert caught.value.said == "so far"
    await until(lambda: len(running()) == 1, "only the holder is left", show=running)


async def test_a_cancelled_script_is_ended(plain: Ssh) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(plain.run("sleep 600", timeout=600))
        await until(lambda: len(running()) > 2, "the script runs")
        task.cancel()
    await until(lambda: len(running()) == 1, "only the holder is left", show=running)


# ------------------------------------------------------------------ byte streams


async def test_a_stream_carries_bytes_both_ways_at_the_pace_of_the_slower(plain: Ssh) -> None:
    blob = os.urandom(3_000_000)
    async with streams(plain, "exec cat") as (reader, writer), asyncio.timeout(20):
        async with asyncio.TaskGroup() as group:
            writer.write(blob)
            group.create_task(writer.drain())
            assert await reader.readexactly(len(blob)) == blob
        writer.write_eof()
        assert await reader.read() == b""


async def test_nothing_is_lost_between_the_greeting_and_the_command(plain: Ssh) -> None:
    async with streams(plain, "exec /bin/sh -s") as (reader, writer), asyncio.timeout(20):
        writer.write(b"echo one\necho two\nexit 3\n")
        assert await reader.read() == b"one\ntwo\n"


async def test_the_words_of_a_stream_that_ended_are_kept(plain: Ssh) -> None:
    async with streams(plain, "echo no luck >&2; exit 1") as (reader, writer), asyncio.timeout(20):
        assert await reader.read() == b""
        assert writer.get_extra_info("stderr") == "no luck"


async def test_an_aborted_stream_ends_what_runs_in_it_even_if_it_writes_for_ever(plain: Ssh) -> None:
    async with streams(plain, "trap '' TERM PIPE; while :; do echo y; done") as (reader, _):
        await reader.readline()
    await until(lambda: len(running()) == 1, "only the holder is left", show=running)


async def test_channels_are_refused_as_a_server_would(plain: Ssh) -> None:
    for opening in (
        plain.open_tcp(asyncio.Protocol, "127.0.0.1", 1),
        plain.open_unix(asyncio.Protocol, "/s"),
    ):
        with pytest.raises(ForwardError, match="a command gives none"):
            await opening


# ------------------------------------------------------------------ its beginning and its end


async def test_a_program_that_is_not_there_is_a_fault_of_the_config() -> None:
    with pytest.raises(ConfigError, match="'no-such-program' cannot be run: No such file"):
        async with open_child_host(BOX, ["no-such-program", "-i"]):
            pass


@pytest.mark.parametrize(
    ("command", "how", "said"),
    [
        (
            ["sh", "-c", "echo cannot connect to the daemon >&2; exit 125"],
            "exit status 125",
            "cannot connect",
        ),
        (["sh", "-c", "kill -9 $$"], "signal SIGKILL", ""),
        # Forgot -i: the shell there has nothing to read.
        (["sh", "-c", "exec /bin/sh </dev/null"], "exit status 0", ""),
    ],
)
async def test_a_command_that_gives_no_shell_is_quoted(command: list[str], how: str, said: str) -> None:
    with pytest.raises(HostUnreachable, match=f"gave no shell there: it ended with {how}") as caught:
        async with open_child_host(BOX, command):
            pass
    assert said in caught.value.said
    assert "-i" in caught.value.hint


async def test_a_greeting_before_the_shell_is_passed_by() -> None:
    noisy = ["sh", "-c", "head -c 70000 /dev/zero; echo welcome; echo motd >&2; exec /bin/sh"]
    async with open_child_host(BOX, noisy) as ssh, streams(ssh, "exec cat") as (reader, writer):
        writer.write(b"hi\n")
        assert await reader.readline() == b"hi\n"


async def test_the_end_of_the_holder_is_the_end_of_the_connection(tmp_path: Path) -> None:
    script = tmp_path / "devbox"
    script.write_text("#!/bin/sh\n/bin/sh\necho the devbox was switched off >&2\nexit 137\n")
    script.chmod(0o755)
    async with open_child_host(BOX, [str(script)]) as ssh:
        async with asyncio.TaskGroup() as group:
            lost = group.create_task(lost_as(ssh))
            ran = group.create_task(refused(ssh))
            await until(lambda: len(shells_of(script)) == 2, "both children run")
            processes.kill(shells_of(script)[:1], signal.SIGTERM)
            await lost
            processes.kill(shells_of(script), signal.SIGTERM)
            await ran
        assert "switched off" in lost.result().said
        with pytest.raises(LinkLost):
            await ssh.run("true", timeout=5)


async def lost_as(ssh: Ssh) -> LinkLost:
    with pytest.raises(LinkLost, match="ended") as caught:
        await ssh.wait_lost()
    return caught.value


async def refused(ssh: Ssh) -> None:
    with pytest.raises(LinkLost):
        await ssh.run("exec sleep 600", timeout=20)


def shells_of(script: Path) -> list[int]:
    """What runs below the command, the holder's first."""
    parents = [
        pid for pid in processes.descendants(os.getpid()) if str(script) in processes.command_line(pid)
    ]
    return [child for pid in sorted(parents) for child in processes.descendants(pid)]


# ------------------------------------------------------------------ real wrappers


@needs_root
async def test_a_container_has_its_own_everything(container: Container) -> None:
    async with open_child_host(BOX, container.words) as ssh:
        ran = await ssh.run("uname -n; echo $HOME; env | wc -l", timeout=10)
        assert ran.stdout.decode().split()[:2] == ["box", str(container.home)]
    await until(lambda: container.pids() == [], "nothing of ours runs in it")


@needs_root
async def test_a_container_that_is_not_there_or_not_running_is_quoted(container: Container) -> None:
    with pytest.raises(HostUnreachable) as caught:
        async with open_child_host(BOX, [*container.words[:-1], "other"]):
            pass
    assert caught.value.said == "Error response from daemon: No such container: other"
    await container.stop()
    with pytest.raises(HostUnreachable) as caught:
        async with open_child_host(BOX, container.words):
            pass
    assert caught.value.said == "Error response from daemon: container box is not running"


@needs_root
async def test_a_container_that_stops_is_a_lost_link(container: Container) -> None:
    async with open_child_host(BOX, container.words) as ssh, streams(ssh, "exec cat") as (reader, _):
        await container.stop()
        assert (await lost_as(ssh)).host == "box"
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        with pytest.raises(LinkLost):
            await ssh.run("true", timeout=5)


@needs_root
@pytest.mark.parametrize(
    "command",
    [
        ["su", "nobody", "-s", "/bin/sh", "-c"],
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
        ["unshare", "-n"],
        ["chroot", "/"],
        ["busybox", "sh"],
    ],
    ids=lambda words: words[0],
)
async def test_other_wrappers_do_too(command: list[str]) -> None:
    require_program(command[0], command[0])
    async with open_child_host(BOX, command) as ssh:
        assert (await ssh.run("echo ok", timeout=10)).stdout == b"ok\n"
        async with streams(ssh, "exec cat") as (reader, writer):
            writer.write(b"hi\n")
            assert await reader.readline() == b"hi\n"


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker program")
async def test_docker_without_its_daemon_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(HostUnreachable) as caught:
        async with open_child_host(BOX, ["docker", "exec", "-i", "box"]):
            pass
    assert "docker" in caught.value.said.lower()
