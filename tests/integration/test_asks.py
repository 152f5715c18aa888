"""Every request a real codex can be made to make, answered by the TUI's own chat: the turn goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import codex_ssh
from codex_ssh.core.ask import Ask, ElicitationAsk, PermissionsAsk, QuestionsAsk
from codex_ssh.core.decision import Verdict
from codex_ssh.core.rpc import Json
from codex_ssh.core.transcript import RunState
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import Chat, open_chat
from tests.conftest import StartCodex
from tests.support.codex import CodexBinary, require_codex
from tests.support.headless import open_loopback
from tests.support.model import Model
from tests.support.waiting import until

pytestmark = pytest.mark.codex

ROOT = Path(codex_ssh.__file__).parent.parent

ASKING = (
    *("-c", "features.request_permissions_tool=true"),
    *("-c", "features.default_mode_request_user_input=true"),
    *("-c", 'sandbox_mode="workspace-write"'),
    *("-c", f'mcp_servers.asker.command="{sys.executable}"'),
    *("-c", 'mcp_servers.asker.args=["-m", "tests.support.mcp_server"]'),
    *("-c", f'mcp_servers.asker.cwd="{ROOT}"'),
)
CLOCK = (
    "-c",
    "features.current_time_reminder.enabled=true",
    "-c",
    'features.current_time_reminder.clock_source="external"',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A chat with a real codex, and the model behind it."""

    chat: Chat
    model: Model

    async def asked(self, text: str) -> Ask:
        """Say something, and give what is asked then."""
        self.chat.send(text)
        return await self.next_ask()

    async def next_ask(self) -> Ask:
        await until(lambda: self.chat.asks, "a request")
        return self.chat.asks[0]

    def answer(self, ask: Ask, result: Json, *, declined: bool = False) -> None:
        self.chat.answer(ask, result, declined=declined)

    async def outcome(self, count: int = 1) -> str:
        """Wait for the turn's end, and give what the model was told of its last call."""
        transcript = self.chat.transcript
        assert transcript is not None
        await until(lambda: len(self.told()) >= count and not transcript.state.is_running, "the turn's end")
        assert transcript.state is RunState.IDLE
        return self.told()[-1]

    def told(self) -> list[str]:
        """Give what the model was told of its calls."""
        items = self.model.requests[-1]["input"] if self.model.requests else []
        return [json.dumps(item["output"]) for item in items if item.get("type") == "function_call_output"]


@asynccontextmanager
async def open_talk(port: int, model: Model) -> AsyncGenerator[Talk, None]:
    async with (
        open_loopback(port) as line,
        open_chat(line, TuiOptions(patience=0)) as chat,
    ):
        chat.open()
        await until(lambda: chat.transcript is not None and not chat.doing, "the thread")
        yield Talk(chat=chat, model=model)


@pytest.fixture
async def talk(
    start_codex: StartCodex, codex_binary: CodexBinary, model: Model
) -> AsyncGenerator[Talk, None]:
    server = await start_codex(codex_binary, auth=False, flags=ASKING)
    async with open_talk(server.port, model) as talk:
        yield talk


QUESTIONS = {
    "questions": [
        {
            "id": "colour",
            "header": "Colour",
            "question": "Which?",
            "options": [{"label": "Red", "description": "r"}, {"label": "Blue", "description": "b"}],
        }
    ]
}


async def test_questions_are_answered_and_skipped(talk: Talk) -> None:
    ask = await talk.asked(f"call request_user_input {json.dumps(QUESTIONS)}")
    assert isinstance(ask, QuestionsAsk)
    assert ask.questions[0].takes_text
    talk.answer(ask, ask.answer({"colour": ("Blue",)}))
    assert "Blue" in await talk.outcome(1)
    ask = await talk.asked(f"call request_user_input {json.dumps(QUESTIONS)}")
    assert isinstance(ask, QuestionsAsk)
    talk.answer(ask, ask.decisions[0].result)
    assert "answers" in await talk.outcome(2)


async def test_permissions_are_granted_in_part(talk: Talk) -> None:
    wish = {"network": {"enabled": True}, "file_system": {"read": ["/etc"], "write": ["/var/data"]}}
    ask = await talk.asked(f"call request_permissions {json.dumps({'reason': 'why', 'permissions': wish})}")
    assert isinstance(ask, PermissionsAsk)
    assert ask.permissions == ("use the network", "read /etc", "write /var/data")
    assert ask.started_ms > 0
    talk.answer(ask, ask.answer({"which": ("2",), "scope": ("session",)}))
    told = await talk.outcome()
    assert "/var/data" in told
    assert "/etc" not in told
    assert '\\"network\\":null' in told
    assert "session" in told


async def test_a_form_of_an_mcp_server_and_the_tool_that_asks(talk: Talk) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
    call = f"call mcp__asker/form {json.dumps({'message': 'fill', 'requestedSchema': schema})}"
    tool = await talk.asked(call)
    assert isinstance(tool, ElicitationAsk)
    assert (tool.is_tool, tool.server) == (True, "asker")
    assert '"form"' in tool.message
    assert dict(tool.arguments)["message"] == "fill"
    talk.answer(tool, next(one for one in tool.decisions if one.verdict is Verdict.ACCEPT_FOR_SESSION).result)
    await until(lambda: tool not in talk.chat.asks, "it is taken")
    form = await talk.next_ask()
    assert isinstance(form, ElicitationAsk)
    assert [question.id for question in form.questions] == ["n"]
    talk.answer(form, form.answer({"n": ("3",)}))
    assert '"content": {"n": 3}' in (await talk.outcome()).replace("\\", "")
    # Allowed for the session: this time the form is all that is asked.
    again = await talk.asked(call)
    assert isinstance(again, ElicitationAsk)
    assert again.questions
    talk.answer(again, again.decisions[0].result, declined=True)
    assert "decline" in await talk.outcome(2)


async def test_a_page_of_an_mcp_server(talk: Talk) -> None:
    page = {"mode": "url", "message": "open", "url": "https://example.org/x", "elicitationId": "e"}
    tool = await talk.asked(f"call mcp__asker/page {json.dumps(page)}")
    assert isinstance(tool, ElicitationAsk)
    talk.answer(tool, tool.decisions[0].result)
    await until(lambda: tool not in talk.chat.asks, "it is taken")
    ask = await talk.next_ask()
    assert isinstance(ask, ElicitationAsk)
    assert ask.url == "https://example.org/x"
    talk.answer(ask, ask.decisions[0].result)
    assert "accept" in await talk.outcome()


async def test_a_tool_that_is_refused_lets_the_turn_go_on(talk: Talk) -> None:
    tool = await talk.asked(f"call mcp__asker/page {json.dumps({'mode': 'url', 'message': 'm', 'url': 'x'})}")
    assert isinstance(tool, ElicitationAsk)
    decline = next(one for one in tool.decisions if one.verdict is Verdict.DECLINE)
    talk.answer(tool, decline.result, declined=True)
    assert "reject" in await talk.outcome()


async def test_a_tool_of_a_client_that_is_gone_is_answered(
    start_codex: StartCodex, codex_binary: CodexBinary, model: Model
) -> None:
    server = await start_codex(codex_binary, auth=False, flags=ASKING)
    tool = {"name": "theirs", "description": "d", "inputSchema": {"type": "object", "properties": {}}}
    async with open_loopback(server.port) as other:
        async for session in other.sessions():
            started = await session.request("thread/start", {"dynamicTools": [tool]})
            thread = started["thread"]["id"]
            await session.request("turn/start", {"threadId": thread, "input": [text("say hi")]})
            break
        await until(lambda: model.requests, "the turn is stored")
    options = TuiOptions(resume=thread, patience=0)
    async with open_loopback(server.port) as line, open_chat(line, options) as chat:
        chat.open()
        await until(lambda: chat.transcript is not None and not chat.doing, "the thread")
        talk = Talk(chat=chat, model=model)
        chat.send("call theirs {}")
        assert "There is no tool 'theirs'" in await talk.outcome()
        assert "a tool of a client that does not answer" in notes(chat)


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def notes(chat: Chat) -> str:
    entries = chat.transcript.entries if chat.transcript is not None else ()
    return "\n".join(str(getattr(entry.content, "text", "")) for entry in entries)


async def test_the_time_is_told_or_the_turn_would_fail(start_codex: StartCodex, model: Model) -> None:
    server = await start_codex(require_codex("npm"), auth=False, flags=CLOCK)
    async with open_talk(server.port, model) as talk:
        talk.chat.send("say on time")
        transcript = talk.chat.transcript
        assert transcript is not None
        await until(lambda: model.requests and not transcript.state.is_running, "the turn's end")
        assert transcript.state is RunState.IDLE
        assert "current_time" in json.dumps(model.requests[-1])
