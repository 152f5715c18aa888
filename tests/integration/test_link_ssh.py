"""One connection to a real sshd: running scripts, opening channels, and losing it."""

import asyncio
import contextlib
import hashlib
import inspect
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.errors import ExitCode, ForwardError, LinkLost, Stage
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.terminal import SilentPrompter
from tests.support import processes
from tests.support.ssh_clients import open_ssh, under_test
from tests.support.sshd import Sshd, open_sshd
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("ssh_client")


@asynccontextmanager
async def connected(
    directory: Path, *lines: str, keepalive_interval: float = 5.0
) -> AsyncGenerator[tuple[Sshd, Ssh], None]:
    """A server and a connection to it."""
    async with open_sshd(directory / "sshd", lines=lines) as sshd:
        options = SshOptions(
            config_file=str(sshd.ssh_config), keepalive_interval=keepalive_interval, keepalive_count=1
        )
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            yield sshd, ssh


class Peer:
    """A small server on loopback that hands over every connection it gets."""

    def __init__(self) -> None:
        self.connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self.port = 0
        self.path = ""

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.put_nowait((reader, writer))


@asynccontextmanager
async def peer_on_tcp() -> AsyncGenerator[Peer, None]:
    peer = Peer()
    async with await asyncio.start_server(peer.take, "127.0.0.1", 0) as server:
        peer.port = server.sockets[0].getsockname()[1]
        yield peer


@asynccontextmanager
async def peer_on_unix(directory: Path) -> AsyncGenerator[Peer, None]:
    peer = Peer()
    peer.path = str(directory / "peer.sock")
    async with await asyncio.start_unix_server(peer.take, peer.path):
        yield peer


class Recorder(asyncio.Protocol):
    """Writes down everything a transport tells it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.events: list[str] = []
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.keep_half_open = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.events.append("made")

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> bool:
        self.events.append("eof")
        return self.keep_half_open

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")
        self.lost.set_result(exc)


# ---------------------------------------------------------------- scripts


async def test_a_script_runs_in_sh_and_its_output_comes_back(tmp_path: Path) -> None:
    async with connected(tmp_path) as (sshd, ssh):
        ran = await ssh.run("echo out; echo err >&2; exit 3", timeout=10)
        assert (ran.status, ran.stdout, ran.stderr, ran.truncated) == (3, b"out\n", b"err\n", False)
        assert (ssh.host, ssh.user) == (sshd.alias, sshd.user)
        assert (sshd.connections, sshd.logins) == (1, 1)


async def test_a_script_is_on_stdin_and_not_in_any_argv(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh):
        ran = await ssh.run("tr '\\0' ' ' < /proc/$$/cmdline; : canary-in-script", timeout=10)
        assert ran.stdout == b"/bin/sh -s "


async def test_several_scripts_run_at_once(tmp_path: Path) -> None:
    async with connected(tmp_path) as (sshd, ssh), asyncio.TaskGroup() as group:
        tasks = [group.create_task(ssh.run(f"echo {number}", timeout=10)) for number in range(8)]
    assert [task.result().stdout for task in tasks] == [f"{number}\n".encode() for number in range(8)]
    assert sshd.connections == 1


async def test_a_script_longer_than_the_window_arrives_whole(tmp_path: Path) -> None:
    body = "# " + "x" * 100 + "\n"
    script = body * 40_000 + "echo end\n"
    async with connected(tmp_path) as (_, ssh):
        assert (await ssh.run(script, timeout=60)).stdout == b"end\n"


async def test_output_is_cut_at_the_limit_and_the_script_still_ends(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh):
        script = "head -c 5000000 /dev/zero; head -c 100000 /dev/zero >&2; echo tail >&2; exit 4"
        ran = await ssh.run(script, timeout=30, limit=1000)
        assert (ran.status, len(ran.stdout), ran.truncated) == (4, 1000, True)
        assert len(ran.stderr) == 16 * 1024
        assert ran.stderr.endswith(b"tail\n")
        exact = await ssh.run("printf 1234567890", timeout=10, limit=10)
        assert (exact.stdout, exact.truncated) == (b"1234567890", False)


async def test_a_script_killed_by_a_signal_has_no_status(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh):
        ran = await ssh.run("kill -9 $$", timeout=10)
        assert ran.status is None


async def test_a_script_that_does_not_end_is_given_up_with_what_it_said(tmp_path: Path) -> None:
    async with connected(tmp_path) as (sshd, ssh):
        with pytest.raises(ForwardError, match=r"did not end within 0\.5 s") as caught:
            await ssh.run("echo waiting for godot >&2; exec sleep 1000", timeout=0.5)
        assert (caught.value.said, caught.value.stage) == ("waiting for godot", Stage.SSH)
        assert (await ssh.run("echo still here", timeout=10)).stdout == b"still here\n"
        assert sshd.connections == 1


async def test_a_cancelled_script_leaves_no_channel(tmp_path: Path) -> None:
    # With one session allowed at a time, a left-over would keep the next one out.
    async with connected(tmp_path, "MaxSessions 1") as (_, ssh):
        for moment in range(10):

            async def works() -> bool:
                try:
                    return (await ssh.run("echo ok", timeout=10)).stdout == b"ok\n"
                except ForwardError:
                    return False

            async def run() -> None:
                with contextlib.suppress(ForwardError):
                    await ssh.run("while sleep 0.05; do echo x; done", timeout=10)

            async with asyncio.TaskGroup() as group:
                task = group.create_task(run())
                for _ in range(moment):
                    await asyncio.sleep(0.002)
                task.cancel()
            assert await until(works, "the channel is free again")


async def test_a_server_that_runs_nothing_is_a_forward_error(tmp_path: Path) -> None:
    async with connected(tmp_path, "MaxSessions 0") as (_, ssh):
        with pytest.raises(ForwardError, match="would not run a command") as caught:
            await ssh.run("true", timeout=10)
        assert (caught.value.stage, caught.value.exit_code) == (Stage.SSH, ExitCode.FORWARD)


# ---------------------------------------------------------------- channels


@pytest.mark.parametrize("unix", [False, True])
async def test_bytes_go_both_ways_and_ends_are_told(tmp_path: Path, *, unix: bool) -> None:
    async with connected(tmp_path) as (_, ssh), peer_on_unix(tmp_path) if unix else peer_on_tcp() as peer:
        if unix:
            transport, mine = await ssh.open_unix(Recorder, peer.path)
        else:
            transport, mine = await ssh.open_tcp(Recorder, "127.0.0.1", peer.port)
        assert mine.transport is transport
        assert transport.get_protocol() is mine
        assert transport.get_extra_info("peername") == (peer.path if unix else ("127.0.0.1", peer.port))
        assert transport.get_extra_info("socket") is None
        reader, writer = await peer.connections.get()
        mine.keep_half_open = True
        transport.writelines([b"to ", memoryview(b"the "), bytearray(b"peer")])
        assert await reader.readexactly(11) == b"to the peer"
        writer.write(b"to us")
        writer.write_eof()
        await until(lambda: "eof" in mine.events, "the end of the peer's input is told")
        assert mine.data == b"to us"
        if under_test() is SshClient.OPENSSH and not unix:
            # ssh closes such a channel when the server's side ends ("force_drain" in its channels.c).
            writer.close()
            assert await mine.lost is None
            return
        assert not transport.is_closing()
        transport.write(b"more")
        transport.write_eof()
        assert await reader.read() == b"more"
        writer.close()
        assert await mine.lost is None
        assert transport.is_closing()
        assert mine.events == ["made", "eof", "lost"]
        transport.write(b"too late")
        transport.close()
        transport.abort()


async def test_a_protocol_that_wants_no_half_open_connection_is_closed(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh), peer_on_tcp() as peer:
        _, mine = await ssh.open_tcp(Recorder, "127.0.0.1", peer.port)
        reader, writer = await peer.connections.get()
        writer.write_eof()
        assert await mine.lost is None
        assert await reader.read() == b""
        writer.close()


async def test_streams_of_the_standard_library_work_on_a_channel(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh), peer_on_tcp() as peer:
        loop = asyncio.get_running_loop()
        ours = asyncio.StreamReader()
        transport, protocol = await ssh.open_tcp(
            lambda: asyncio.StreamReaderProtocol(ours), "127.0.0.1", peer.port
        )
        our_writer = asyncio.StreamWriter(transport, protocol, ours, loop)
        reader, writer = await peer.connections.get()
        blob = os.urandom(6_000_000)

        async def send() -> None:
            our_writer.write(blob)
            await our_writer.drain()
            our_writer.write_eof()

        async def echo() -> None:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()

        async with asyncio.TaskGroup() as group:
            group.create_task(send())
            group.create_task(echo())
            back = await ours.read()
        assert hashlib.sha256(back).digest() == hashlib.sha256(blob).digest()
        our_writer.close()
        await our_writer.wait_closed()


async def test_another_protocol_can_take_over(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh), peer_on_tcp() as peer:
        transport, first = await ssh.open_tcp(Recorder, "127.0.0.1", peer.port)
        _, writer = await peer.connections.get()
        writer.write(b"one")
        await until(lambda: first.data == b"one", "the first protocol gets its bytes")
        second = Recorder()
        transport.set_protocol(second)
        writer.write(b"two")
        writer.close()
        await second.lost
        assert (bytes(first.data), bytes(second.data)) == (b"one", b"two")
        assert not first.lost.done()


async def test_a_paused_reader_stops_the_peer_and_loses_nothing(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh), peer_on_tcp() as peer:
        transport, mine = await ssh.open_tcp(Recorder, "127.0.0.1", peer.port)
        _, writer = await peer.connections.get()
        transport.pause_reading()
        assert not transport.is_reading()
        total = 64 * 1024 * 1024
        written = 0
        try:
            async with asyncio.timeout(1.5):
                while written < total:
                    writer.write(b"x" * 65536)
                    written += 65536
                    await writer.drain()
        except TimeoutError:
            pass
        assert written < total, "the peer was never stopped"
        assert mine.data == b""
        transport.resume_reading()
        writer.close()
        await mine.lost
        assert len(mine.data) == written


async def test_a_slow_peer_pauses_our_writing_and_lets_it_go_on(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh), peer_on_tcp() as peer:
        transport, mine = await ssh.open_tcp(Recorder, "127.0.0.1", peer.port)
        transport.set_write_buffer_limits(high=1000, low=100)
        reader, writer = await peer.connections.get()
        total = 0
        while "pause" not in mine.events:
            transport.write(b"y" * 1_000_000)
            total += 1_000_000
            assert total < 200_000_000, "writing was never paused"
            await asyncio.sleep(0)
        got = 0
        while got < total:
            got += len(await reader.read(1_000_000))
        await until(lambda: "resume" in mine.events, "writing goes on")
        transport.close()
        assert await reader.read() == b""
        writer.close()
        await mine.lost


async def test_close_sends_what_is_buffered(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh), peer_on_tcp() as peer:
        transport, mine = await ssh.open_tcp(Recorder, "127.0.0.1", peer.port)
        reader, writer = await peer.connections.get()
        transport.write(b"z" * 8_000_000)
        transport.close()
        assert len(await reader.read()) == 8_000_000
        writer.close()
        assert await mine.lost is None


async def test_a_closed_port_is_a_forward_error_with_the_servers_words(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh):
        with pytest.raises(ForwardError) as caught:
            await ssh.open_tcp(Recorder, "127.0.0.1", 1)
        assert (caught.value.said, caught.value.stage) == ("Connection refused", Stage.FORWARD)
        assert "nothing listens" in caught.value.hint
        with pytest.raises(ForwardError, match="/nowhere"):
            await ssh.open_unix(Recorder, "/nowhere")


@pytest.mark.parametrize("line", ["AllowTcpForwarding no", "PermitOpen 127.0.0.1:2"])
async def test_forbidden_forwarding_is_a_forward_error_that_names_the_cause(
    tmp_path: Path, line: str
) -> None:
    async with connected(tmp_path, line) as (_, ssh):
        with pytest.raises(ForwardError) as caught:
            await ssh.open_tcp(Recorder, "127.0.0.1", 1)
        assert "administratively prohibited" in caught.value.said
        assert "AllowTcpForwarding" in caught.value.hint


async def test_forbidden_socket_forwarding_is_a_forward_error(tmp_path: Path) -> None:
    async with connected(tmp_path, "AllowStreamLocalForwarding no") as (_, ssh):
        with pytest.raises(ForwardError, match="would not connect"):
            await ssh.open_unix(Recorder, "/tmp/x")


async def test_a_cancelled_opening_leaves_no_connection_on_the_host(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh), peer_on_tcp() as peer:
        for turns in range(8):
            async with asyncio.TaskGroup() as group:
                task = group.create_task(ssh.open_tcp(Recorder, "127.0.0.1", peer.port))
                for _ in range(turns):
                    # The other client's opening is the work of another process.
                    await asyncio.sleep(0 if under_test() is SshClient.ASYNCSSH else 0.002)
                task.cancel()
            # Behind the opening on the same connection: when it has run, the server has seen the opening.
            await ssh.run("true", timeout=10)
            if not task.cancelled():
                transport, _ = task.result()
                transport.abort()
        assert not peer.connections.empty(), "no opening ever reached the server"
        while not peer.connections.empty():
            reader, writer = peer.connections.get_nowait()
            async with asyncio.timeout(10):
                assert await reader.read() == b""
            writer.close()


# ---------------------------------------------------------------- losing it


async def test_closing_it_ourselves_is_no_loss(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config))
        async with asyncio.TaskGroup() as group:
            async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
                watch = group.create_task(ssh.wait_lost())
                await ssh.run("true", timeout=10)
            async with asyncio.timeout(10):
                await watch


async def losing(ssh: Ssh, peer: Peer, act: Callable[[], object]) -> LinkLost:
    """Lose the connection while a script runs and a channel is open; everybody hears of it."""
    transport, mine = await ssh.open_tcp(Recorder, "127.0.0.1", peer.port)
    _, writer = await peer.connections.get()

    async def run() -> None:
        with pytest.raises(LinkLost):
            await ssh.run("exec sleep 1000", timeout=60)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(run())
        if inspect.isawaitable(doing := act()):
            await doing
        with pytest.raises(LinkLost) as caught:
            await ssh.wait_lost()
        await mine.lost
    assert transport.is_closing()
    writer.close()
    with pytest.raises(LinkLost):
        await ssh.run("true", timeout=10)
    with pytest.raises(LinkLost):
        await ssh.open_tcp(Recorder, "127.0.0.1", peer.port)
    assert caught.value.exit_code is ExitCode.LINK_LOST
    return caught.value


async def test_a_killed_server_process_is_a_lost_link(tmp_path: Path) -> None:
    async with connected(tmp_path) as (sshd, ssh), peer_on_tcp() as peer:
        error = await losing(ssh, peer, sshd.cut)
        assert error.said


async def test_a_frozen_server_process_is_a_lost_link_that_says_so(tmp_path: Path) -> None:
    async with connected(tmp_path, keepalive_interval=0.3) as (sshd, ssh), peer_on_tcp() as peer:
        error = await losing(ssh, peer, sshd.freeze)
        assert ("keepalive" if under_test() is SshClient.ASYNCSSH else "not responding") in error.said


async def test_a_server_that_says_goodbye_is_a_lost_link(tmp_path: Path) -> None:
    async with connected(tmp_path) as (sshd, ssh), peer_on_tcp() as peer:
        error = await losing(ssh, peer, lambda: processes.kill(sshd.connection_pids(), signal.SIGTERM))
        assert error.said


async def test_abort_on_a_dead_link_ends_the_protocol_at_once(tmp_path: Path) -> None:
    async with connected(tmp_path, keepalive_interval=60) as (sshd, ssh), peer_on_tcp() as peer:
        transport, mine = await ssh.open_tcp(Recorder, "127.0.0.1", peer.port)
        _, writer = await peer.connections.get()
        await sshd.freeze()
        transport.write(b"x" * 10_000_000)
        transport.abort()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert mine.lost.done()
        assert mine.events[-1] == "lost"
        assert mine.events.count("lost") == 1
        sshd.thaw()
        writer.close()


async def test_leaving_a_dead_link_takes_no_time(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config), keepalive_interval=60)
        async with asyncio.timeout(10):
            async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()):
                await sshd.freeze()
        sshd.thaw()


async def test_giving_up_at_any_moment_leaves_no_connection_and_no_process(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config))
        finished = asyncio.Event()

        async def use() -> None:
            async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
                await ssh.run("true", timeout=10)
            finished.set()

        moment = 0
        while not finished.is_set():
            async with asyncio.TaskGroup() as group:
                task = group.create_task(use())
                for _ in range(moment):
                    # One turn of the event loop, with time for sshd and ssh to answer.
                    await asyncio.sleep(0.001)
                task.cancel()
            # Every moment of the openssh client costs the end of a process.
            moment += 4 if under_test() is SshClient.ASYNCSSH else 24
            assert not [
                processes.command_line(pid)
                for pid in processes.descendants(os.getpid())
                if (processes.command_line(pid) or [""])[0].endswith("/ssh")
            ]
            await until(lambda: not sshd.connection_pids(), "sshd has no connection left")
        assert moment > 8
