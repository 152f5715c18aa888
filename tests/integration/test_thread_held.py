"""A thread that another codex process has: it is looked at, and gone on with in a copy."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from codex_ssh.core.items import AgentMessage, UserMessage
from codex_ssh.link.lifeline import open_lifeline
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import Chat, open_chat
from tests.conftest import StartCodex
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.model import Model
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


@asynccontextmanager
async def chat_with(sshd: Sshd, server: CodexAppServer, resume: str | None) -> AsyncGenerator[Chat, None]:
    async with (
        open_lifeline(profile(sshd, server), Nobody(), Nobody) as line,
        open_chat(line, TuiOptions(resume=resume)) as chat,
    ):
        chat.open()
        await until(lambda: chat.transcript is not None and not chat.doing, "a thread")
        yield chat


def said(chat: Chat) -> list[str]:
    entries = chat.transcript.entries if chat.transcript is not None else ()
    return [e.content.text for e in entries if isinstance(e.content, AgentMessage | UserMessage)]


def notes(chat: Chat) -> str:
    entries = chat.transcript.entries if chat.transcript is not None else ()
    return "\n".join(str(getattr(e.content, "text", "")) for e in entries)


async def test_it_is_read_only_here_and_a_copy_goes_on(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary, model: Model
) -> None:
    home = sshd.home / ".codex"
    one = await start_codex(codex_binary, codex_home=home)
    other = await start_codex(codex_binary, codex_home=home)
    async with chat_with(sshd, one, None) as holder:
        thread = holder.transcript
        assert thread is not None
        holder.send("say the first words")
        await until(lambda: "the first words" in said(holder), "an answer")
        await until(lambda: not thread.state.is_running, "its end")
        async with chat_with(sshd, other, thread.thread_id) as guest:
            assert guest.is_read_only
            assert "read only here" in notes(guest)
            assert said(guest) == ["say the first words", "the first words"]
            guest.send("say no")
            assert guest.draft.text == "say no"
            assert "/fork" in notes(guest)
            guest.queue.add("say no later")
            assert guest.draft.text == "say no later"
            assert not guest.outbox.messages

            holder.send("say more")
            await until(lambda: "more" in said(holder), "another answer")
            await until(lambda: "more" in said(guest), "the guest sees it too")

            guest.fork()
            await until(lambda: not guest.is_read_only, "the copy")
            assert guest.transcript is not None
            assert guest.transcript.thread_id != thread.thread_id
            await until(lambda: "the first words" in said(guest), "its history")
            guest.send("say in the copy")
            await until(lambda: "in the copy" in said(guest), "an answer in the copy")
        assert "in the copy" not in said(holder)
