"""A message that comes in the moment a turn ends is answered.

codex takes it into the thread and leaves it there: it steers a turn that has nothing left to do. That moment
is a few tenths of a millisecond, so a real codex is met around it again and again; the rehearsal has a word
for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.entry import Progress
from codex_ssh.core.items import AgentMessage, UserMessage
from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import Chat, open_chat
from tests.integration.test_commands_offered import open_link
from tests.support.codex import CodexAppServer
from tests.support.waiting import until

ROUNDS = 24


@asynccontextmanager
async def chat_over(url: str, token: str, cwd: Path) -> AsyncGenerator[Chat, None]:
    async with open_link(url, token) as link, open_chat(link, TuiOptions(cwd=str(cwd))) as chat:
        chat.open()
        await until(lambda: chat.transcript is not None and not chat.doing, "a thread")
        yield chat


def said(chat: Chat, kind: type[AgentMessage | UserMessage] = AgentMessage) -> list[str]:
    """What is said in the thread shown, as far as it is finished."""
    entries = chat.transcript.entries if chat.transcript is not None else ()
    done = [entry.content for entry in entries if entry.progress is Progress.DONE]
    return [one.text for one in done if isinstance(one, kind)]


async def hear(chat: Chat, text: str) -> None:
    """Return as soon as something is said."""
    changed = asyncio.Event()
    chat.on_change = changed.set
    async with asyncio.timeout(15):
        while text not in said(chat):
            await changed.wait()
            changed.clear()


def is_idle(chat: Chat) -> bool:
    return chat.transcript is not None and not chat.transcript.state.is_running


@pytest.mark.codex
async def test_a_codex_that_ends_a_turn_just_then(codex_app_server: CodexAppServer, tmp_path: Path) -> None:
    endpoint, token = codex_app_server.endpoint, codex_app_server.token
    async with chat_over(endpoint, token, tmp_path) as chat:
        for number in range(ROUNDS):
            chat.send(f"say first {number}")
            await hear(chat, f"first {number}")
            for _ in range(number % 8):
                await asyncio.sleep(0.0001)
            chat.send(f"say late {number}")
            await hear(chat, f"late {number}")
            await until(lambda: is_idle(chat), "the turn is over")
        both = [f"say {when} {number}" for number in range(ROUNDS) for when in ("first", "late")]
        assert said(chat, UserMessage) == both


async def test_what_a_turn_took_and_did_not_answer_is_answered_by_another(tmp_path: Path) -> None:
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    async with (
        open_rehearsal(codex_home=tmp_path) as engine,
        open_listener(config, engine) as listener,
        chat_over(listener.url, "", tmp_path) as chat,
        chat_over(listener.url, "", tmp_path) as other,
    ):
        assert chat.transcript is not None
        chat.send("late the end")
        await hear(chat, "the end")
        other.resume(chat.transcript.thread_id)
        await hear(other, "the end")
        chat.send("say not lost")
        await hear(chat, "not lost")
        await until(lambda: is_idle(chat), "the turn is over")
        assert said(chat, UserMessage) == ["late the end", "say not lost"]
        await until(lambda: is_idle(other) and "not lost" in said(other), "whoever looks on sees it too")
        # Whose message it was has it answered, and nobody else.
        assert said(chat) == said(other) == ["the end", "not lost"]
        assert len([entry for entry in chat.transcript.entries if entry.key[1] == "#end"]) == 2
