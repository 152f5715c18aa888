"""Which methods a server knows is learned from what it says, once a session."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from codex_ssh.core.methods import thread_list
from codex_ssh.core.rpc import METHOD_NOT_FOUND
from codex_ssh.errors import RpcFailed
from codex_ssh.link.connect import open_link
from tests.conftest import StartCodex
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.support import processes
from tests.support.codex import CodexBinary
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


async def test_a_method_the_server_does_not_know_is_asked_for_once(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    server = await start_codex(codex_binary, codex_home=sshd.home / ".codex")
    async with open_link(profile(sshd, server), Nobody()) as link:
        with pytest.raises(RpcFailed, match=r"unknown variant `thread/teleport`$") as refused:
            await link.request("thread/teleport", {})
        assert refused.value.code == METHOD_NOT_FOUND
        # What it knows still works; what is refused for another reason keeps the server's words.
        assert (await link.call(thread_list(limit=5))).data == ()
        with pytest.raises(RpcFailed, match="missing field `threadId`") as broken:
            await link.request("thread/read", {})
        assert broken.value.code != METHOD_NOT_FOUND
        await processes.freeze(server.pid)
        try:
            # The server cannot be asked, and need not be: its one refusal named all it knows.
            async with asyncio.timeout(10):
                for method in ("thread/teleport", "thread/another"):
                    with pytest.raises(RpcFailed, match="too old or too new"):
                        await link.request(method, {})
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert (await link.call(thread_list(limit=5))).data == ()


async def test_every_method_is_learned_from_one_refusal(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    server = await start_codex(codex_binary, codex_home=sshd.home / ".codex")
    async with open_link(profile(sshd, server), Nobody()) as link:
        assert link.knows("thread/fork") is None
        await link.learn_methods()
        for method in ("initialize", "thread/fork", "thread/queue/add", "fuzzyFileSearch"):
            assert link.knows(method) is True
        assert link.knows("thread/teleport") is False
