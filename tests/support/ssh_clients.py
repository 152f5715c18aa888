"""The SSH client under test: a test that uses :func:`open_ssh` from here runs with both.

A test for one of them says so: ``@pytest.mark.ssh_client("asyncssh")``, with the reason in a comment.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from codex_ssh.core.host import Host
from codex_ssh.core.question import Prompter
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.link import ssh_client
from codex_ssh.link.ssh import Ssh

NAMES = ("asyncssh", "openssh")

_under_test = [SshClient.AUTO]


def use(client: SshClient) -> None:
    """Set the client for what comes."""
    _under_test[0] = client


def under_test() -> SshClient:
    """The client this test runs with."""
    return _under_test[0]


@asynccontextmanager
async def open_ssh(host: Host, options: SshOptions, prompter: Prompter) -> AsyncGenerator[Ssh, None]:
    """As the one of the link, by the client under test."""
    async with ssh_client.open_ssh(host, replace(options, client=under_test()), prompter) as ssh:
        yield ssh
