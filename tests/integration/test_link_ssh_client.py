"""Which client is taken, and a master connection of the user's own."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.errors import ConfigError, ForwardError, LinkLost, LoginRefused
from codex_ssh.link.sftp import open_sftp
from codex_ssh.link.ssh_client import open_ssh
from codex_ssh.link.ssh_mux import is_alive
from codex_ssh.local.terminal import SilentPrompter
from tests.support import processes
from tests.support.answers import Answers
from tests.support.require import require_program
from tests.support.sshd import Sshd, open_sshd
from tests.support.waiting import until


async def taken(options: SshOptions, host: str, caplog: pytest.LogCaptureFixture) -> str:
    """Connect, and give the line that says which client was taken."""
    caplog.set_level(logging.INFO, logger="codex_ssh.link.ssh_client")
    caplog.clear()
    async with open_ssh(parse_host(host), options, SilentPrompter()) as ssh:
        assert (await ssh.run("echo in", timeout=10)).stdout == b"in\n"
    return caplog.messages[-1]


@asynccontextmanager
async def open_master(sshd: Sshd, path: Path) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    """A master connection as a person has one."""
    program = require_program("ssh", "ssh: apt-get install openssh-client")
    process = await asyncio.create_subprocess_exec(
        *(program, "-F", sshd.ssh_config, "-N", "-o", "ControlMaster=yes", "-o", f"ControlPath={path}"),
        sshd.alias,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(path.exists, "the master listens")
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_asyncssh_is_taken_where_it_can_do_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        config = sshd.client_config(f"ControlPath {tmp_path}/nobody", "ControlMaster auto", name="mine")
        line = await taken(SshOptions(config_file=str(config)), sshd.alias, caplog)
        assert "asyncssh (it can do all" in line


async def test_ssh_is_taken_where_the_host_or_a_hop_needs_it_and_the_reason_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        open_sshd(tmp_path / "a", alias="devbox") as devbox,
        open_sshd(tmp_path / "b", alias="bastion") as bastion,
    ):
        # Adds the key that is on file anyway.
        key = devbox.known_hosts.read_text().strip()
        command = f"KnownHostsCommand /bin/echo {key}"
        config = devbox.client_config(command, "UserKnownHostsFile /dev/null", name="mine")
        line = await taken(SshOptions(config_file=str(config)), "devbox", caplog)
        assert "openssh (KnownHostsCommand is set)" in line
        hop = bastion.client_config("KnownHostsCommand /bin/echo", name="hop").read_text()
        config.write_text("Host devbox\n ProxyJump bastion\n" + devbox.ssh_config.read_text() + hop)
        line = await taken(SshOptions(config_file=str(config)), "devbox", caplog)
        assert "openssh (KnownHostsCommand is set for bastion)" in line
        assert bastion.logins == 1


PASS_FD = """\
import socket, sys
there = socket.create_connection((sys.argv[1], int(sys.argv[2])))
socket.send_fds(socket.socket(fileno=1), [b"\\0"], [there.fileno()])
"""


@pytest.mark.parametrize(
    ("lines", "keyword"),
    [
        (["PKCS11Provider {tmp}/none.so"], "PKCS11Provider"),
        (["SecurityKeyProvider {tmp}/none.so"], "SecurityKeyProvider"),
        (["BindInterface lo"], "BindInterface"),
        (["ProxyUseFdpass yes", "ProxyCommand python3 {tmp}/pass.py %h %p"], "ProxyUseFdpass"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_asyncssh_lacks_works_by_ssh(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, lines: list[str], keyword: str
) -> None:
    (tmp_path / "pass.py").write_text(PASS_FD)
    async with open_sshd(tmp_path / "sshd") as sshd:
        config = sshd.client_config(*(line.replace("{tmp}", str(tmp_path)) for line in lines), name="mine")
        line = await taken(SshOptions(config_file=str(config)), sshd.alias, caplog)
        assert f"openssh ({keyword} is set)" in line
        assert (sshd.connections, sshd.logins) == (1, 1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("GSSAPIAuthentication yes", "GSSAPIAuthentication is set and there is no key"),
        ("PreferredAuthentications hostbased", "PreferredAuthentications hostbased is set"),
    ],
)
async def test_ssh_is_taken_for_logins_only_it_can_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, line: str, reason: str
) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        config = sshd.client_config(line, "BatchMode yes", name="mine")
        config.write_text(config.read_text().replace(str(sshd.user_key), "none"))
        with pytest.raises(LoginRefused):  # neither a Kerberos ticket nor a key for hosts is here
            await taken(SshOptions(config_file=str(config)), sshd.alias, caplog)
        assert f"openssh ({reason})" in caplog.messages[-1]
        assert sshd.connections == 1


async def test_kerberos_beside_a_key_is_no_reason_for_ssh(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        config = sshd.client_config("GSSAPIAuthentication yes", name="mine")
        assert "asyncssh" in await taken(SshOptions(config_file=str(config)), sshd.alias, caplog)


async def test_no_master_of_ours_persists_and_none_lies_where_the_users_would(
    tmp_path: Path, short_path: Path
) -> None:
    path = short_path / "cm"
    async with open_sshd(tmp_path / "sshd") as sshd:
        lines = ("ControlMaster auto", f"ControlPath {path}", "ControlPersist yes")
        config = sshd.client_config(*lines, name="mine")
        options = SshOptions(config_file=str(config), client=SshClient.OPENSSH)
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            assert (await ssh.run("echo in", timeout=10)).stdout == b"in\n"
            assert not path.exists()
        await until(lambda: not sshd.connection_pids(), "the connection ends")
        assert not path.exists()


async def test_the_flag_wins_over_the_choice(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        for client in (SshClient.ASYNCSSH, SshClient.OPENSSH):
            options = SshOptions(config_file=str(sshd.ssh_config), client=client)
            assert f"{client.value} (asked for)" in await taken(options, sshd.alias, caplog)


async def test_asking_for_ssh_where_there_is_none_is_a_config_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    options = SshOptions(config_file="none", client=SshClient.OPENSSH)
    with pytest.raises(ConfigError, match="no ssh program"):
        async with open_ssh(parse_host("127.0.0.1:1"), options, SilentPrompter()):
            pass


async def test_a_master_of_the_users_own_is_used_and_left_alone(
    tmp_path: Path, short_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = short_path / "cm"
    async with open_sshd(tmp_path / "sshd") as sshd, open_master(sshd, path) as master:
        config = sshd.client_config(f"ControlPath {path}", "IdentityFile /nowhere", name="mine")
        options = SshOptions(config_file=str(config))
        assert f"openssh (a ControlMaster is open at {path})" in await taken(options, sshd.alias, caplog)
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            peer = str(short_path / "peer")
            server = await asyncio.start_unix_server(lambda reader, writer: writer.close(), peer)
            with pytest.raises(ForwardError):
                await ssh.open_tcp(asyncio.Protocol, "127.0.0.1", 1)
            with pytest.raises(ForwardError):
                await ssh.open_unix(asyncio.Protocol, "/nowhere")
            async with open_sftp(ssh) as sftp:
                assert await sftp.exists(peer)
            server.close()
        assert await is_alive(str(path))
        assert master.returncode is None
        assert (sshd.connections, sshd.logins) == (1, 1)
        # Nothing we made is left listening in the master.
        assert not [line for line in Path("/proc/net/unix").read_text().splitlines() if line.endswith("/u0")]


async def test_the_end_of_the_users_own_master_is_a_lost_link(tmp_path: Path, short_path: Path) -> None:
    path = short_path / "cm"
    async with open_sshd(tmp_path / "sshd") as sshd, open_master(sshd, path) as master:
        config = sshd.client_config(f"ControlPath {path}", name="mine")
        options = SshOptions(config_file=str(config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            master.terminate()
            async with asyncio.timeout(10):
                with pytest.raises(LinkLost, match="lost") as caught:
                    await ssh.wait_lost()
            assert "ControlMaster" in caught.value.said
            with pytest.raises(LinkLost):
                await ssh.run("true", timeout=10)


async def test_a_socket_nobody_answers_on_is_no_master(
    tmp_path: Path, short_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = short_path / "cm"
    async with open_sshd(tmp_path / "sshd") as sshd:
        async with open_master(sshd, path) as master:
            master.kill()
            await master.wait()
        assert path.exists()
        config = sshd.client_config(f"ControlPath {path}", "ControlMaster auto", name="mine")
        assert "asyncssh" in await taken(SshOptions(config_file=str(config)), sshd.alias, caplog)
        forced = SshOptions(config_file=str(config), client=SshClient.OPENSSH)
        assert "openssh" in await taken(forced, sshd.alias, caplog)


async def test_no_secret_and_no_file_of_ours_is_left_by_ssh(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config), client=SshClient.OPENSSH)
        person = Answers()
        async with open_ssh(parse_host(sshd.alias), options, person):
            masters = [
                words
                for pid in processes.descendants(os.getpid())
                if "ControlMaster=yes" in (words := processes.command_line(pid))
            ]
            assert len(masters) == 1
            option = next(word for word in masters[0] if word.startswith("ControlPath="))
            directory = Path(option.partition("=")[2].strip('"')).parent
            assert directory.stat().st_mode & 0o777 == 0o700
        assert not directory.exists()
        assert person.questions == []


HOLD = """\
import asyncio, sys
from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.link.ssh_client import open_ssh
from codex_ssh.local.terminal import SilentPrompter

async def main():
    options = SshOptions(config_file=sys.argv[1], client=SshClient.OPENSSH)
    async with open_ssh(parse_host(sys.argv[2]), options, SilentPrompter()):
        print("in", flush=True)
        await asyncio.sleep(1000)

asyncio.run(main())
"""


async def test_a_master_of_ours_ends_when_we_are_killed(tmp_path: Path, short_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        held = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", HOLD, sshd.ssh_config, sshd.alias),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(short_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert held.stdout is not None
        assert await held.stdout.readline() == b"in\n"
        below = processes.descendants(held.pid)
        assert len(below) == 2
        held.kill()
        await held.wait()
        await until(lambda: not any(map(processes.is_alive, below)), "master and guard end")
        await until(lambda: not sshd.connection_pids(), "the connection ends")


async def test_a_long_name_of_the_temporary_directory_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    async with open_sshd(tmp_path / "sshd") as sshd:
        monkeypatch.setattr("tempfile.tempdir", str(long))
        options = SshOptions(config_file=str(sshd.ssh_config), client=SshClient.OPENSSH)
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            assert (await ssh.run("echo in", timeout=10)).stdout == b"in\n"
