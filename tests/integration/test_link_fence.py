"""Ending the devbox's side of an earlier connection, and nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import LinkLost
from codex_ssh.link.appserver import look
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.fence import SessionProcess, end_session, read_session_process
from codex_ssh.link.ssh import Ssh
from tests.integration.test_link_dial import Nobody
from tests.support.processes import is_alive
from tests.support.ssh_clients import open_ssh
from tests.support.sshd import Sshd

pytestmark = pytest.mark.sshd


async def process_of(ssh: Ssh) -> SessionProcess:
    probe = await look(ssh, Wanted())
    found = read_session_process(probe.parent, boot=probe.boot)
    assert found is not None
    return found


async def test_an_earlier_connection_is_ended_even_when_it_is_frozen(sshd: Sshd) -> None:
    host, options = parse_host(sshd.alias), SshOptions(config_file=str(sshd.ssh_config))
    async with open_ssh(host, options, Nobody()) as earlier:
        old = await process_of(earlier)
        assert old.pid in sshd.connection_pids()
        await sshd.freeze()
        async with open_ssh(host, options, Nobody()) as later:
            own = await process_of(later)
            assert own.pid != old.pid
            assert await end_session(later, old)
            assert await end_session(later, old), "it stays gone"
            assert await end_session(later, replace(own, started="1")), "another process with its number"
            assert await end_session(later, replace(own, pid=os.getpid())), "no sshd"
            assert is_alive(os.getpid())
            assert (await later.run("echo alive", timeout=10)).stdout == b"alive\n"
        sshd.thaw()
        with pytest.raises(LinkLost):
            await earlier.wait_lost()


def test_only_an_sshd_is_one() -> None:
    stat = Path("/proc/self/stat").read_text()
    assert read_session_process(stat, boot="b") is None
    assert read_session_process("", boot="b") is None
    assert read_session_process("12 (sshd-session) S 1 2", boot="b") is None
    fields = " ".join(str(number) for number in range(3, 53))
    found = read_session_process(f"12 (sshd-session) {fields}", boot="b")
    assert found == SessionProcess(pid=12, started="22", boot="b")
