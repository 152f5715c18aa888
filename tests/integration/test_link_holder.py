"""One SSH login for several windows: counted by sshd, with windows that end in every order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ForwardError, LinkLost, Stage
from codex_ssh.link.sftp import open_sftp
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_asyncssh import AsyncsshSsh
from codex_ssh.link.ssh_client import open_ssh
from tests.support import processes
from tests.support.answers import Answers
from tests.support.require import require_program
from tests.support.serving import serving, serving_at
from tests.support.sshd import Sshd, open_sshd
from tests.support.waiting import until
from tests.support.window import Window, as_another_window, open_window

pytestmark = pytest.mark.sshd

OpenWindow = Callable[..., AbstractAsyncContextManager[Window]]


@pytest.fixture
async def sshd(tmp_path: Path) -> AsyncGenerator[Sshd, None]:
    async with open_sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def a_window(short_path: Path, sshd: Sshd) -> OpenWindow:
    """Opens windows of one person."""
    return partial(open_window, short_path, sshd.ssh_config, sshd.alias)


WAITS = "told another window is logging in; waiting for it"


class Slow(asyncio.Protocol):
    """Counts what comes."""

    def __init__(self) -> None:
        self.heard = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(None)


@asynccontextmanager
async def riding(sshd: Sshd, home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Ssh, None]:
    """The connection of a window that runs, used from here as another window would."""
    as_another_window(home, monkeypatch)
    options = SshOptions(config_file=str(sshd.ssh_config), share=True)
    async with open_ssh(parse_host(sshd.alias), options, Answers()) as ssh:
        yield ssh


def left(home: Path) -> list[object]:
    """What is still there of a person's windows: files where they meet, and processes."""
    return [*(home / "run").iterdir(), *processes.with_variable("XDG_RUNTIME_DIR", str(home / "run"))]


async def test_the_second_window_logs_in_no_more_and_outlives_the_first(
    sshd: Sshd, a_window: OpenWindow, short_path: Path
) -> None:
    async with a_window() as first, a_window() as second:
        assert await second.ask("run echo 2; exit 3") == "2 3"
        assert await first.ask("run echo 1") == "1 0"
        assert sshd.logins == sshd.connections == 1
        assert await first.leave() == 0
        assert first.said == ""
        assert await second.ask("run echo still") == "still 0"
        async with a_window() as third:
            assert await third.ask("run echo 3") == "3 0"
            assert await second.leave() == 0
            assert await third.ask("run echo alone") == "alone 0"
            assert sshd.connections == 1
            assert await third.leave() == 0
    await until(lambda: not left(short_path), "nothing is left", show=lambda: left(short_path))
    await until(lambda: not sshd.connection_pids(), "the connection ends")


async def test_a_window_that_is_killed_costs_the_other_one_login(
    sshd: Sshd, a_window: OpenWindow, short_path: Path
) -> None:
    async with a_window() as first, a_window() as second:
        second.process.kill()
        await second.process.wait()
        assert await first.ask("run echo 1") == "1 0"
        async with a_window() as third:
            first.process.kill()
            assert await third.line() == "lost the window that had the connection is gone"
            assert await third.line() == "open"
            assert await third.ask("run echo 3") == "3 0"
            assert sshd.logins == 2
            assert await third.leave() == 0
    await until(lambda: not left(short_path), "nothing is left", show=lambda: left(short_path))


async def test_windows_that_come_at_once_log_in_once(
    sshd: Sshd, a_window: OpenWindow, short_path: Path
) -> None:
    async with a_window(opens=False) as a, a_window(opens=False) as b, a_window(opens=False) as c:
        for window in (a, b, c):
            while (line := await window.line()) != "open":
                assert line == WAITS
        assert sshd.logins == 1
        # A loss is one login again: the first to come back makes it for all of them.
        sshd.cut()
        for window in (a, b, c):
            assert (await window.line()).startswith("lost ")
        for window in (a, b, c):
            while (line := await window.line()) != "open":
                assert line == WAITS
            assert await window.ask("run echo back") == "back 0"
        assert sshd.logins == 2
        for window in (b, a, c):
            assert await window.leave() == 0
            assert window.said == ""
    await until(lambda: not left(short_path), "nothing is left", show=lambda: left(short_path))


async def test_a_window_that_is_stopped_holds_nobody_up(sshd: Sshd, a_window: OpenWindow) -> None:
    async with a_window() as first, a_window() as second:
        first.process.send_signal(signal.SIGSTOP)
        # One that comes now logs in itself, and is the one to ride from here on.
        async with a_window() as third:
            assert await second.line() == "lost the window that has the connection does not answer"
            assert await second.line() == "open"
            assert await second.ask("run echo 2") == "2 0"
            assert sshd.logins == 2
            first.process.send_signal(signal.SIGCONT)
            assert await first.ask("run echo 1") == "1 0"
            assert await first.leave() == 0
            assert await third.ask("run echo 3") == "3 0"


async def test_ports_and_sockets_go_through_another_window(
    sshd: Sshd, a_window: OpenWindow, short_path: Path
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"heard " + await reader.read())

    path = short_path / "s"
    async with serving(answer) as number, serving_at(path, answer), a_window(), a_window() as second:
        big = "x" * 60_000  # one line of a StreamReader
        assert await second.ask(f"port {number} {big}") == f"heard {big}"
        assert await second.ask(f"path {path} hello") == "heard hello"
        assert sshd.logins == 1


async def test_the_users_own_ssh_sees_the_connection_and_cannot_end_it(
    sshd: Sshd, a_window: OpenWindow, short_path: Path
) -> None:
    ssh = require_program("ssh", "ssh: apt-get install openssh-client")
    async with a_window() as first:
        (path,) = (short_path / "run" / "codex-ssh").iterdir()
        master = (ssh, "-F", "none", "-S", path)
        checked = await processes.run([*master, "-O", "check", "x"])
        assert f"Master running (pid={first.process.pid})" in checked.err
        ran = await processes.run([*master, "-T", "x", "cat; echo err >&2; exit 7"], stdin="piped in\n")
        assert (ran.out, ran.err, ran.code) == ("piped in\n", "err\n", 7)
        banner = await processes.run([*master, "-W", f"127.0.0.1:{sshd.port}", "x"])
        assert banner.out.startswith("SSH-2.0-")
        refused = await processes.run([*master, "-W", "127.0.0.1:1", "x"])
        assert "Connection refused" in refused.err
        for words in ("exit", "stop"):
            assert (await processes.run([*master, "-O", words, "x"])).code != 0
        assert await first.ask("run echo 1") == "1 0"
        assert sshd.logins == 1


@pytest.mark.skipif(os.getuid() != 0, reason="becoming another user needs root")
async def test_another_user_gets_nothing_even_where_the_doors_stand_open(
    a_window: OpenWindow, short_path: Path
) -> None:
    ssh = require_program("ssh", "ssh: apt-get install openssh-client")
    async with a_window() as first:
        (path,) = (short_path / "run" / "codex-ssh").iterdir()
        for place in (path, *list(path.parents)[:3]):
            place.chmod(0o777)
        check: list[str | Path] = [ssh, "-F", "none", "-S", str(path), "-O", "check", "x"]
        assert (await processes.run(check)).code == 0
        code = "import os,sys; os.setgid(65534); os.setuid(65534); os.execv(sys.argv[1], sys.argv[1:])"
        foreign = await processes.run([sys.executable, "-c", code, *check])
        assert foreign.code != 0
        assert "Master running" not in foreign.err
        # And nobody rides what lies in a directory that others can write to.
        async with a_window() as second:
            assert await second.ask("run echo 2") == "2 0"
            assert await first.ask("run echo 1") == "1 0"


async def test_a_question_comes_from_the_window_that_logs_in(sshd: Sshd, a_window: OpenWindow) -> None:
    keygen = require_program("ssh-keygen", "ssh-keygen: apt-get install openssh-client")
    locked = await processes.run([keygen, "-q", "-p", "-P", "", "-N", "open up", "-f", sshd.user_key])
    assert locked.code == 0, locked.err
    async with a_window(opens=False) as first:
        assert await first.line() == "asked passphrase"
        async with a_window(opens=False) as second:
            assert await second.line() == WAITS
            # Whoever was asked is gone: whoever waited is asked.
            first.process.kill()
            assert await second.line() == "asked passphrase"
            async with a_window(opens=False) as third:
                assert await third.line() == WAITS
                assert await second.ask("open up") == "open"
                assert await third.line() == "open"
                assert await third.ask("run echo 3") == "3 0"
                assert sshd.logins == 1


@pytest.mark.parametrize("way", ["jump", "command"])
async def test_the_way_to_the_host_goes_on_too(
    tmp_path: Path, sshd: Sshd, short_path: Path, way: str
) -> None:
    async with open_sshd(tmp_path / "bastion", alias="bastion") as bastion:
        proxy = f"ProxyCommand ssh -F {bastion.ssh_config} -W %h:%p bastion"
        line = "ProxyJump bastion" if way == "jump" else proxy
        config = sshd.client_config(line, name="mine")
        config.write_text(config.read_text() + bastion.ssh_config.read_text())
        async with (
            open_window(short_path, config, sshd.alias) as first,
            open_window(short_path, config, sshd.alias) as second,
        ):
            assert await first.leave() == 0
            assert await second.ask("run echo still") == "still 0"
            assert sshd.logins == 1
            assert bastion.logins == 1
            assert await second.leave() == 0
        await until(lambda: not left(short_path), "nothing is left", show=lambda: left(short_path))
        await until(lambda: not sshd.connection_pids(), "the connection ends")


async def test_what_goes_on_without_a_window_ends_when_told_to(
    sshd: Sshd, a_window: OpenWindow, short_path: Path
) -> None:
    async with a_window() as first, a_window() as second:
        # As when its terminal is closed; the second one comes when the shell in it ends, too, if it is in
        # time. Not asyncio's signals: they may take the exit code away.
        os.kill(first.process.pid, signal.SIGHUP)
        with suppress(ProcessLookupError):
            os.kill(first.process.pid, signal.SIGHUP)
        assert await first.process.communicate() == (b"", b"")
        assert first.process.returncode == 143
        assert await second.ask("run echo still") == "still 0"
        assert sshd.logins == 1
        run = str(short_path / "run")
        (holder,) = set(processes.with_variable("XDG_RUNTIME_DIR", run)) - {second.process.pid}
        os.kill(holder, signal.SIGTERM)
        assert await second.line() == "lost the window that had the connection is gone"
        assert await second.line() == "open"
        await until(lambda: not processes.is_alive(holder), "it ends")
        assert await second.ask("run echo 2") == "2 0"
        assert sshd.logins == 2


async def test_much_goes_through_no_faster_than_it_is_read(
    sshd: Sshd, a_window: OpenWindow, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_window() as first, riding(sshd, short_path, monkeypatch) as ssh:
        assert not ssh.is_borrowed
        much = 20 * 2**20
        ran = await ssh.run(f"head -c {much} /dev/zero; echo end >&2; kill -9 $$", timeout=30, limit=much)
        assert (ran.stdout.count(b"\0"), ran.stderr, ran.status) == (much, b"end\n", 255)
        transport, reader = await ssh.open_exec(Slow, "cat")
        transport.write(b"x" * much)
        transport.write_eof()
        # Nobody reads: what fits into buffers on the way is all that comes.
        transport.pause_reading()
        assert await first.ask("run echo 1") == "1 0"
        assert reader.heard < much
        transport.resume_reading()
        await reader.ended
        assert reader.heard == much
        async with open_sftp(ssh) as sftp:
            assert await sftp.exists(str(sshd.user_key))
        with pytest.raises(ForwardError) as refused:
            await ssh.open_tcp(Slow, "127.0.0.1", 1)
        assert "refused" in refused.value.said
        with pytest.raises(ForwardError, match="did not end"):
            await ssh.run("sleep 60", timeout=0.5)
        assert sshd.logins == 1


async def test_what_a_server_allows_one_connection_is_told_and_a_window_can_have_its_own(
    tmp_path: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        open_sshd(tmp_path / "strict", lines=["MaxSessions 1"]) as sshd,
        open_window(short_path, sshd.ssh_config, sshd.alias) as first,
        riding(sshd, short_path, monkeypatch) as shared,
    ):
        transport, _ = await shared.open_exec(Slow, "cat")
        with pytest.raises(ForwardError) as refused:
            await shared.run("echo 2", timeout=10)
        assert "--no-share" in refused.value.hint
        transport.close()
        alone = SshOptions(config_file=str(sshd.ssh_config))
        async with open_ssh(parse_host(sshd.alias), alone, Answers()) as own:
            assert (await own.run("echo alone", timeout=10)).stdout == b"alone\n"
        assert sshd.logins == 2
        assert await first.leave() == 0


async def test_a_connection_one_window_gives_up_is_kept_for_the_others_while_it_answers(
    sshd: Sshd, a_window: OpenWindow, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = LinkLost("this machine slept", stage=Stage.SESSION)
    async with AsyncExitStack() as stack:
        with pytest.raises(LinkLost):
            async with riding(sshd, short_path, monkeypatch) as ours:
                other = await stack.enter_async_context(a_window())
                assert isinstance(ours, AsyncsshSsh)  # it is we who hold it
                raise slept
        assert await other.ask("run echo still") == "still 0"
        with pytest.raises(LinkLost):
            async with riding(sshd, short_path, monkeypatch):
                await sshd.freeze()
                raise slept
        sshd.thaw()
        assert await other.line() == "lost the window that had the connection is gone"
        assert await other.line() == "open"
        assert sshd.logins == 2
