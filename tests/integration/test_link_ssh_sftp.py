"""Files over the one connection, with both clients, on a real sshd."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.errors import ForwardError, LinkLost
from codex_ssh.link.sftp import open_sftp
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.terminal import SilentPrompter
from tests.support import processes
from tests.support.require import require
from tests.support.ssh_clients import open_ssh, under_test
from tests.support.sshd import Sshd, open_sshd
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("ssh_client")


def server() -> Path:
    """The program of OpenSSH, which is another process than sshd, as its own SFTP is not."""
    places = (
        Path(name, "sftp-server") for name in ("/usr/lib/openssh", "/usr/libexec/openssh", "/usr/lib/ssh")
    )
    found = next((path for path in places if path.exists()), None)
    return require(found, "sftp-server: apt-get install openssh-sftp-server")


@asynccontextmanager
async def connected(directory: Path, *lines: str) -> AsyncGenerator[tuple[Sshd, Ssh], None]:
    async with open_sshd(directory / "sshd", lines=lines) as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            yield sshd, ssh


async def test_a_file_goes_there_and_back_with_its_mode(tmp_path: Path) -> None:
    here, back = tmp_path / "here", tmp_path / "back"
    here.write_bytes(b"#!/bin/sh\n")
    here.chmod(0o751)
    os.utime(here, (1_000_000_000, 1_000_000_001))
    there = tmp_path / "thére with a blank"
    async with connected(tmp_path) as (sshd, ssh):
        async with open_sftp(ssh) as sftp:
            await sftp.put(str(here), str(there), preserve=True)
            assert (there.read_bytes(), there.stat().st_mode & 0o777) == (b"#!/bin/sh\n", 0o751)
            assert there.stat().st_mtime == 1_000_000_001
            await sftp.get(str(there), str(back), preserve=True)
            assert (back.read_bytes(), back.stat().st_mode & 0o777) == (b"#!/bin/sh\n", 0o751)
            await sftp.symlink("target", str(tmp_path / "link"))
            assert os.readlink(tmp_path / "link") == "target"
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await sftp.stat("/no/such/file")
            # What a file's failure is, is no failure of the session.
            assert await sftp.exists(str(there))
        assert (sshd.connections, sshd.logins) == (1, 1)


async def test_eight_mebibytes_arrive_whole_both_ways_beside_a_script(tmp_path: Path) -> None:
    here, there, back = (tmp_path / name for name in ("here", "there", "back"))
    here.write_bytes(os.urandom(8 * 1024 * 1024))
    async with connected(tmp_path) as (_, ssh), open_sftp(ssh) as sftp:
        async with asyncio.TaskGroup() as group:
            group.create_task(sftp.put(str(here), str(there)))
            ran = group.create_task(ssh.run("echo in", timeout=20))
        assert ran.result().stdout == b"in\n"
        await sftp.get(str(there), str(back))
        assert there.read_bytes() == here.read_bytes() == back.read_bytes()


async def test_two_sessions_live_beside_each_other_and_end_with_their_blocks(tmp_path: Path) -> None:
    async with connected(tmp_path, f"Subsystem sftp {server()}") as (sshd, ssh):
        async with open_sftp(ssh) as one:
            async with open_sftp(ssh) as two:
                assert await two.realpath(".") == await one.realpath(".")
            assert await one.exists("/")
        await until(lambda: len(sshd.connection_pids()) <= 2, "both sftp servers end")
        assert (await ssh.run("echo in", timeout=10)).stdout == b"in\n"


async def test_an_error_in_the_block_comes_out_as_it_is_and_the_session_ends(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, ssh):
        with pytest.raises(ZeroDivisionError):
            async with open_sftp(ssh):
                raise ZeroDivisionError
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            async with open_sftp(ssh) as sftp:
                await sftp.get("/no/such/file", str(tmp_path / "x"))
        async with open_sftp(ssh) as sftp:
            assert await sftp.exists("/")


async def test_a_server_without_sftp_is_told_with_what_it_needs(tmp_path: Path) -> None:
    async with connected(tmp_path, "Subsystem other /bin/true") as (_, ssh):
        with pytest.raises(ForwardError, match="SFTP") as caught:
            async with open_sftp(ssh):
                pytest.fail("there is none")
        # A control socket has no word for it.
        assert ("request failed" in caught.value.said) == (under_test() is SshClient.ASYNCSSH)
        assert "Subsystem sftp internal-sftp" in caught.value.hint
        assert (await ssh.run("echo in", timeout=10)).stdout == b"in\n"


@pytest.mark.parametrize("command", ["/no/such/program", "/bin/false"])
async def test_a_server_whose_sftp_program_does_not_run_is_told(tmp_path: Path, command: str) -> None:
    async with connected(tmp_path, f"Subsystem sftp {command}") as (_, ssh):
        with pytest.raises(ForwardError, match="SFTP") as caught:
            async with open_sftp(ssh):
                pytest.fail("there is none")
        # What it says on stderr, an OpenSSH server keeps to itself.
        assert caught.value.hint


async def test_an_rc_file_that_prints_is_named_as_the_likely_reason(tmp_path: Path) -> None:
    noisy = f"Subsystem sftp echo hello from your rc file; exec {server()}"
    async with connected(tmp_path, noisy) as (_, ssh):
        with pytest.raises(ForwardError, match="SFTP") as caught:
            async with open_sftp(ssh):
                pytest.fail("that was no SFTP")
        assert "rc file" in caught.value.hint


async def test_a_link_lost_in_the_middle_is_a_lost_link(tmp_path: Path) -> None:
    there = tmp_path / "there"
    async with connected(tmp_path) as (sshd, ssh):
        with pytest.raises(LinkLost):
            async with open_sftp(ssh) as sftp, sftp.open(str(there), "wb") as file:
                await file.write(b"x" * 100_000)
                sshd.cut()
                while True:
                    await file.write(b"x" * 100_000)
        with pytest.raises(LinkLost):
            async with open_sftp(ssh):
                pytest.fail("there is no connection")


def sftp_servers(sshd: Sshd) -> list[int]:
    """The running SFTP programs of a server."""
    return [pid for pid in processes.descendants(sshd.pid) if str(server()) in processes.command_line(pid)]


async def test_giving_up_in_the_middle_leaves_the_connection_to_others(tmp_path: Path) -> None:
    there = tmp_path / "there"
    async with connected(tmp_path, f"Subsystem sftp {server()}") as (sshd, ssh):

        async def put() -> None:
            async with open_sftp(ssh) as sftp, sftp.open(str(there), "wb") as file:
                while True:
                    await file.write(b"x" * 100_000)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(put())
            await until(lambda: there.exists() and there.stat().st_size > 100_000, "some of it is there")
            assert sftp_servers(sshd)
            task.cancel()
        assert task.cancelled()
        await until(lambda: not sftp_servers(sshd), "the program there ends")
        assert (await ssh.run("echo in", timeout=10)).stdout == b"in\n"
        there.unlink()


async def test_a_session_that_ends_while_the_link_lives_is_told_apart(tmp_path: Path) -> None:
    script = tmp_path / "server"
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec {server()}\n")
    script.chmod(0o755)
    async with connected(tmp_path, f"Subsystem sftp {script}") as (_, ssh):
        with pytest.raises(ForwardError, match="ended too early"):
            async with open_sftp(ssh) as sftp:
                assert await sftp.exists("/")
                os.kill(int((tmp_path / "pid").read_text()), 9)
                while True:
                    await sftp.exists("/")
        assert (await ssh.run("echo in", timeout=10)).stdout == b"in\n"
