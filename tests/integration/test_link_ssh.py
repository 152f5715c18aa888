"""One connection to a real sshd: running scripts, opening channels, and losing it."""

import asyncio
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ForwardError, LinkLost
from codex_ssh.link.ssh_asyncssh import open_ssh
from codex_ssh.local.terminal import SilentPrompter
from tests.support.sshd import open_sshd


async def test_a_script_runs_in_sh_and_its_output_comes_back(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            ran = await ssh.run("echo out; echo err >&2; exit 3", timeout=10)
            assert (ran.status, ran.stdout, ran.stderr, ran.truncated) == (3, b"out\n", b"err\n", False)
            assert (ssh.host, ssh.user) == (sshd.alias, sshd.user)
        assert (sshd.connections, sshd.logins) == (1, 1)


async def test_a_lost_connection_says_so_everywhere(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            sshd.cut()
            async with asyncio.timeout(10):
                with pytest.raises(LinkLost, match="lost"):
                    await ssh.wait_lost()
            with pytest.raises(LinkLost):
                await ssh.run("true", timeout=10)
            with pytest.raises(LinkLost):
                await ssh.open_tcp(asyncio.Protocol, "127.0.0.1", 1)


async def test_a_closed_port_is_a_forward_error_with_the_servers_words(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            with pytest.raises(ForwardError) as caught:
                await ssh.open_tcp(asyncio.Protocol, "127.0.0.1", 1)
            assert caught.value.said == "Connection refused"
