"""Many hosts in one process: each costs the same small number of tasks and files, and leaves none."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.link.lifeline import open_lifeline
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import Chat, open_chat
from tests.conftest import StartCodex
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.integration.test_link_fleet import config_of
from tests.support.codex import require_codex
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

MOST_TASKS = 10
"""Of one host: two supervisors and what each waits for, the reader, the watchers, the conversation's own."""

MOST_FILES = 1
"""The connection's socket."""


def is_open(chat: Chat) -> bool:
    return chat.transcript is not None and not chat.doing


def are_at_most(most: int) -> bool:
    return len(asyncio.all_tasks()) <= most


def running() -> list[str]:
    return [str(task.get_coro()) for task in asyncio.all_tasks()]


async def test_each_host_costs_the_same_and_leaves_nothing(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    server = await start_codex(require_codex("npm"), codex_home=sshd.home / ".codex")
    names = [f"box{number}" for number in range(7)]
    config = tmp_path / "config"
    config.write_text(config_of(sshd, names))
    before, files = len(asyncio.all_tasks()), 0
    async with AsyncExitStack() as stack:
        for number, name in enumerate(names):
            host = replace(
                profile(sshd, server), host=parse_host(name), ssh=SshOptions(config_file=str(config))
            )
            line = await stack.enter_async_context(open_lifeline(host, Nobody(), Nobody))
            chat = await stack.enter_async_context(open_chat(line, TuiOptions()))
            chat.open()
            await until(partial(is_open, chat), "a thread")
            # What is asked once at the beginning has an end.
            most = before + (number + 1) * MOST_TASKS
            await until(partial(are_at_most, most), "no more tasks", show=running)
            open_files = len(os.listdir("/proc/self/fd"))
            # The first one loads libraries and makes what all of them share.
            assert number == 0 or open_files - files <= MOST_FILES
            files = open_files
    assert len(asyncio.all_tasks()) == before
