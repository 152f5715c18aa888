"""The SSH client under test: a test that uses :func:`open_ssh` from here runs with each.

A test for one of them says so: ``@pytest.mark.ssh_client("asyncssh")``, with the reason in a comment.
``fast`` is asyncssh with a lesson nobody has learned: what the test's server would have taught, or something
else. Whatever comes of it, the test must pass.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh

from codex_ssh.core.host import Host
from codex_ssh.core.lesson import Lesson, login_of
from codex_ssh.core.question import Prompter
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.link import ssh_client
from codex_ssh.link.ahead import Ahead
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.lessons import LessonBook
from codex_ssh.local.paths import lessons_dir

NAMES = ("asyncssh", "fast", "openssh")

_under_test = [SshClient.AUTO]
_fast = [False]


class _Surprises(logging.Handler):
    """Counts the fast starts that were given up: each cost a connection before the one that counts."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.of = Counter[str]()

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("no fast start with"):
            assert isinstance(record.args, tuple)
            self.of[str(record.args[0])] += 1


_surprises = _Surprises()


def surprises(host: str) -> int:
    """How often a fast start with this host or hop was given up in this test."""
    return _surprises.of[host]


def use(name: str) -> None:
    """Set the client for what comes."""
    _surprises.of.clear()
    logger = logging.getLogger("codex_ssh.link.ssh_login")
    logger.setLevel(logging.INFO)
    logger.removeHandler(_surprises)
    logger.addHandler(_surprises)
    _fast[0] = name == "fast"
    _under_test[0] = SshClient.ASYNCSSH if _fast[0] else SshClient(name)


def under_test() -> SshClient:
    """The client this test runs with."""
    return _under_test[0]


@asynccontextmanager
async def open_ssh(host: Host, options: SshOptions, prompter: Prompter) -> AsyncGenerator[Ssh, None]:
    """As the one of the link, by the client under test."""
    options = replace(options, client=under_test())
    ahead = None
    if _fast[0]:
        await teach(host, options)
        ahead = Ahead(script="true # ahead")
    async with ssh_client.open_ssh(host, options, prompter, ahead=ahead) as ssh:
        yield ssh


async def teach(host: Host, options: SshOptions, **other: Any) -> None:
    """Write the lesson an OpenSSH server teaches whoever logs in with the first identity file.

    Args:
        host: As typed.
        options: As it is connected to.
        **other: Attributes of the lesson that are different.
    """
    config = (await ssh_client.resolve(host, options)).config
    keys = [path for name in config.identity_files if (path := Path(f"{name}.pub")).exists()]
    if not keys:
        return
    public = asyncssh.read_public_key(keys[0])
    lesson = Lesson(
        kex="curve25519-sha256",
        key=hashlib.sha256(public.public_data).hexdigest(),
        signature=public.sig_algorithms[0].decode(),
        server="SSH-2.0-OpenSSH_9.2p1",
    )
    LessonBook(lessons_dir()).write(login_of(config), replace(lesson, **other))
