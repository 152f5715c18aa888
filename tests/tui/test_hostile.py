"""A devbox that lies: whatever its text says, none of it acts on the terminal, and none of it is markup.

Everything that shows text from the devbox is fed with it in the running application, and what the application
writes to the terminal is looked at: by the side of a harmless text it may use no other kind of control.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import pytest
from textual.drivers.headless_driver import HeadlessDriver

from codex_ssh.core.question import Question, QuestionKind
from codex_ssh.core.rpc import Json
from codex_ssh.tui.app import CodexApp
from codex_ssh.tui.badge import Badge, badge_of
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import open_chat
from codex_ssh.tui.screens.all_hosts_screen import AllHostsScreen
from codex_ssh.tui.screens.ask_screen import AskScreen
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen
from codex_ssh.tui.screens.login_screen import LoginScreen
from codex_ssh.tui.screens.pick_screen import Choice, PickScreen
from codex_ssh.tui.screens.prompt_screen import PromptScreen
from codex_ssh.tui.screens.question_screen import QuestionScreen
from codex_ssh.tui.screens.tell_screen import TellScreen
from tests.tui.conversation import Script, opened, thread
from tests.tui.stage import Stage

HARMLESS: Final = "a harmless line of text, and one more\nof them"

MARK: Final = "31337"
"""A number nothing of ours has: it is in every sequence of the corpus."""

_CORPUS: Final = {
    "controls": [
        "".join(map(chr, range(32))) + "\x7f" + "".join(map(chr, range(0x80, 0xA0))),
        f"one\r{MARK}\x0btwo\x0c{MARK}\u2028three\u2029{MARK}\x85four",
    ],
    "sequences": [
        f"\x1b[{MARK}mred\x1b[2J\x1b[{MARK};{MARK}H\x1b[?{MARK}h\x9b{MARK}m\x1b[{MARK}t\x1b[6n",
        f"\x1b]0;{MARK}\x07\x1b]2;{MARK}\x1b\\\x1b]52;c;{MARK}\x07\x9d52;c;{MARK}\x9c",
        f"\x1b]8;;x://{MARK}\x1b\\\x1bP{MARK}q\x1b\\\x90{MARK}\x9c\x1b_{MARK}\x1b\\\x1b^{MARK}\x1b\\\x1bc\x1b7",
    ],
    "markup": [
        f"[red]{MARK}[/red] [b]x[/] [@click=app.leave]quit[/] [link=x://{MARK}]l[/link] [/]] \\[x]",
        f"  › y yes, run it\n┃ {MARK} ┃\n● idle · devbox\n$ make\n│ {MARK}\n┆ x",
    ],
    "invisible": [
        f"a\u202e{MARK}\u202c \u2066{MARK}\u2069 \u200f{MARK}\u061c",
        f"a\u200b{MARK}\u200c\u200d\u2060\ufeff\u00ad{MARK}\u180e\u3164",
        f"\U000e0041\U000e0042{MARK}\U000e007f \ufff9{MARK}\ufffa\ufffb \udc80",
        f"e{chr(0x301) * 500} {MARK} \u0e01{chr(0x0E49) * 200}",
        f"日本語{MARK}👩\u200d👩\u200d👧" * 40,
    ],
}
CORPUS: Final = {name: "\n".join(texts) for name, texts in _CORPUS.items()}

HIDDEN: Final = re.compile(
    "[\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\u061c\ufeff\u00ad\u180e\u2028\u2029]"
    "|[\U000e0000-\U000e007f]|[\u0300-\u036f\u0e49]{9,}"
)
"""What hides text, turns it round, or paints over other lines."""

SEQUENCE: Final = re.compile(
    r"\x1b\](?P<osc>\d+)(?P<said>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b\[(?P<csi>[<-?]?)(?P<args>[0-;]*)(?P<end>[ -/]*[@-~])|\x1b(?P<other>[^\[\]])",
    re.DOTALL,
)


class Recorder(HeadlessDriver):
    """A terminal that keeps what is written to it."""

    written: list[str] = []  # noqa: RUF012 - one at a time, emptied by each test

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.written.append(data)


@asynccontextmanager
async def recorded(evil: str) -> AsyncGenerator[Stage, None]:
    """Run the TUI against a devbox all of whose names are evil."""
    script = Script()
    script._facts = replace(script.facts, hostname=evil, server_version=evil, warnings=(evil,))
    script.replies |= {
        "thread/start": lambda _: {
            **opened(),
            "cwd": f"/w/{evil}",
            "model": evil,
            "thread": thread(name=evil),
        },
        "thread/list": lambda _: {"data": [thread("t-9", preview=evil, name=evil, cwd=evil)]},
        "model/list": lambda _: {
            "data": [{"id": evil, "model": evil, "displayName": evil, "description": evil}]
        },
        "command/exec": lambda _: {"exitCode": 0, "stdout": evil, "stderr": evil},
    }
    async with open_chat(script, TuiOptions(grace_seconds=0, patience=0)) as chat:
        app = CodexApp(chat)
        app.driver_class = Recorder
        Recorder.written.clear()
        async with app.run_test(size=(100, 30), headless=False, notifications=True) as pilot:
            stage = Stage(script=script, chat=chat, app=app, pilot=pilot)
            await stage.wait(lambda: chat.transcript is not None, "the thread")
            yield stage


def looked_at() -> tuple[set[str], set[str], str]:
    """Give the kinds of control sequences and control characters written, and the text around them."""
    written = "".join(Recorder.written)
    kinds = set()
    for found in SEQUENCE.finditer(written):
        if found["osc"]:
            kinds.add(f"OSC {found['osc']}")
            assert not re.search("[\x00-\x1f\x7f-\x9f]", found["said"])
        elif found["end"]:
            kinds.add(f"CSI {found['csi']}{found['end']}")
            assert MARK not in found["args"]
        else:
            kinds.add(f"ESC {found['other']}")
    text = SEQUENCE.sub("", written)
    return kinds, set(re.findall("[\x00-\x1f\x7f-\x9f]", text)), text


# ---------------------------------------------------------------- everything that shows text


def items(evil: str) -> list[Json]:
    """Give an item of every type, with the text in every place that has one."""
    change = {
        "path": evil,
        "kind": {"type": "update", "move_path": evil},
        "diff": f"@@ -1 +1 @@\n-{evil}\n+{evil}\n",
    }
    action = {"type": "read", "command": evil, "name": evil, "path": evil}
    said = [{"type": "text", "text": evil}, {"type": "image", "url": evil}, {"type": "mention", "name": evil}]
    return [
        {"type": "userMessage", "content": said},
        {"type": "agentMessage", "text": evil, "phase": "commentary"},
        {
            "type": "agentMessage",
            "text": f"# {evil}\n\n- {evil}\n\n```{evil}\n{evil}\n```\n\n| {evil} |\n|---|\n| x |",
        },
        {"type": "agentMessage", "text": f"[{evil}](https://x.example/{evil}) **{evil}** `{evil}`"},
        {"type": "reasoning", "summary": [evil], "content": [evil]},
        {"type": "plan", "text": evil},
        {"type": "commandExecution", "command": evil, "cwd": evil, "aggregatedOutput": evil, "exitCode": 1},
        {"type": "commandExecution", "command": "x", "commandActions": [action], "status": "completed"},
        {"type": "fileChange", "changes": [change], "status": "completed"},
        {
            "type": "mcpToolCall",
            "server": evil,
            "tool": evil,
            "arguments": {evil: evil},
            "error": {"message": evil},
        },
        {
            "type": "dynamicToolCall",
            "tool": evil,
            "namespace": evil,
            "contentItems": [{"type": "inputText", "text": evil}],
        },
        {"type": "webSearch", "query": evil, "action": {"type": "search", "query": evil, "queries": [evil]}},
        {"type": "imageView", "path": evil},
        {"type": "imageGeneration", "revisedPrompt": evil, "result": evil, "savedPath": evil, "status": evil},
        {"type": "enteredReviewMode", "review": evil},
        {"type": "exitedReviewMode", "review": evil},
        {
            "type": "collabAgentToolCall",
            "tool": evil,
            "prompt": evil,
            "model": evil,
            "receiverThreadIds": [evil],
        },
        {"type": "subAgentActivity", "agentPath": evil, "kind": evil, "agentThreadId": evil},
        {"type": "hookPrompt", "fragments": [{"text": evil}]},
        {"type": "sleep", "durationMs": 5},
        {"type": "contextCompaction"},
        {"type": evil, "text": evil, "anything": evil},
    ]


async def the_transcript(stage: Stage, evil: str) -> None:
    script = stage.script
    script.turn()
    for number, item in enumerate(items(evil)):
        shape = {"turnId": "turn-1", "item": {"id": f"i{number}", **item}}
        script.say("item/started", **shape)
        script.say("item/completed", **shape)
    for piece in evil.splitlines(keepends=True):
        script.delta("stream", piece)
    plan = [{"step": evil, "status": "inProgress"}]
    script.say("turn/plan/updated", turnId="turn-1", explanation=evil, plan=plan)
    await stage.wait(lambda: len(stage.chat.transcript.entries) > len(items(evil)), "all of it")  # type: ignore[union-attr]
    await stage.pilot.press("ctrl+o")
    for _ in range(12):
        await stage.pilot.press("pageup")


async def notices_title_and_status(stage: Stage, evil: str) -> None:
    script = stage.script
    script.say("thread/name/updated", threadName=evil)
    script.say("warning", message=evil)
    script.say("configWarning", summary=evil, details=evil)
    script.say("error", turnId="turn-1", error={"message": evil, "additionalDetails": evil}, willRetry=True)
    script.say("model/rerouted", turnId="turn-1", fromModel=evil, toModel=evil)
    script.turn("failed", error={"message": evil, "additionalDetails": evil})
    await stage.wait(
        lambda: stage.chat.transcript is not None and stage.chat.transcript.name == evil, "the name"
    )
    await stage.type("/status")
    await stage.pilot.pause()


def request(evil: str) -> list[tuple[str, Json]]:
    """Give every kind of request that has a card."""
    tool = {
        "codex_approval_kind": "mcp_tool_call",
        "tool_name": evil,
        "tool_params": {evil: evil},
        "persist": ["session"],
    }
    change = {"type": "update", "unified_diff": f"@@ -1 +1 @@\n-{evil}\n+{evil}\n", "move_path": evil}
    prefix = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": [evil or "x"]}}
    rule = {"applyNetworkPolicyAmendment": {"network_policy_amendment": {"action": evil, "host": evil}}}
    offered = ["accept", prefix, rule, evil, "decline"]
    profile = {evil: evil, "fileSystem": {"write": [evil]}}
    where = {"cwd": evil, "reason": evil, "environmentId": evil}
    return [
        ("item/commandExecution/requestApproval", {"command": evil, "availableDecisions": offered, **where}),
        ("item/commandExecution/requestApproval", {"networkApprovalContext": {"host": evil}, **where}),
        ("item/permissions/requestApproval", {"permissions": profile, **where}),
        (
            "applyPatchApproval",
            {"conversationId": "t-1", "callId": "c", "fileChanges": {evil: change}, "grantRoot": evil},
        ),
        (
            "mcpServer/elicitation/request",
            {"serverName": evil, "mode": "form", "message": evil, "_meta": tool},
        ),
        ("mcpServer/elicitation/request", {"serverName": evil, "mode": "url", "message": evil, "url": evil}),
    ]


async def the_cards(stage: Stage, evil: str) -> None:
    stage.script.turn()
    for number, (method, params) in enumerate(request(evil)):
        stage.script.ask(number, method, itemId=f"c{number}", **params)
        await stage.wait(lambda: stage.app._asks.card.display, "the card")
        await stage.pilot.press("pagedown", "f")
        await stage.on_top(AskScreen)
        await stage.pilot.press("pagedown", "escape")
        stage.script.say("serverRequest/resolved", requestId=number)
        await stage.wait(lambda: not stage.chat.asks, "it is gone")
    other = {"threadId": "t-2", "turnId": "x", "command": evil}
    stage.script.say("thread/started", thread=thread("t-2", name=evil))
    stage.script.ask(99, "item/commandExecution/requestApproval", **other)
    await stage.wait(lambda: stage.app._asks.card.display, "the card")


async def the_dialogs(stage: Stage, evil: str) -> None:
    stage.script.turn()
    options = [{"label": evil, "description": evil}]
    questions = [{"id": "q", "header": evil, "question": evil, "options": options, "isOther": True}]
    stage.script.ask(1, "item/tool/requestUserInput", questions=questions)
    await stage.on_top(QuestionScreen)
    await stage.pilot.press("ctrl+d")
    member = {"type": "string", "title": evil, "description": evil, "enum": [evil], "default": evil}
    schema = {
        "type": "object",
        "properties": {"x": member, evil: {"type": "array", "items": {"enum": [evil]}}},
    }
    stage.script.ask(
        2, "mcpServer/elicitation/request", serverName=evil, message=evil, requestedSchema=schema
    )
    await stage.wait(lambda: stage.chat.asks, "the form")
    await stage.on_top(QuestionScreen)
    await stage.pilot.press("enter", "ctrl+d")
    await stage.wait(lambda: not stage.chat.asks, "it is answered")
    question = Question(kind=QuestionKind.PASSWORD, host=evil, text=evil, lead=evil)
    choices = [Choice(value="1", label=evil, about=evil)]
    for screen in (PromptScreen(question), PickScreen("which?", choices), ConfirmScreen("sure?", evil)):
        await stage.app.push_screen(screen)
        await stage.pilot.pause()
        screen.dismiss(None)
        await stage.pilot.pause()
    stage.chat.sign_in.offer(evil)
    await stage.on_top(LoginScreen)
    await stage.pilot.press("escape")


async def the_lists(stage: Stage, evil: str) -> None:
    await stage.type("/resume")
    await stage.wait(lambda: len(stage.app.screen_stack) > 1, "the threads")
    await stage.pilot.press("down", "escape")
    await stage.wait(lambda: len(stage.app.screen_stack) == 1, "no dialog")
    await stage.type("/model")
    await stage.wait(lambda: len(stage.app.screen_stack) > 1, "the models")
    await stage.pilot.press("escape")


async def several_hosts(stage: Stage, evil: str) -> None:
    await the_transcript(stage, evil)
    stage.script.say("thread/name/updated", threadName=evil)
    stage.script.ask(1, "item/commandExecution/requestApproval", command=evil)
    await stage.wait(lambda: stage.chat.asks, "what waits")
    keymap, chats = stage.app.keymap, [stage.chat] * 2

    def look() -> list[Badge]:
        return [badge_of(chat, 0) for chat in chats]

    for screen in (AllHostsScreen(lambda: chats, "devbox", keymap), TellScreen(look, evil, keymap)):
        await stage.app.push_screen(screen)
        await stage.pilot.pause()
        await stage.pilot.press("down", "space")
        screen.dismiss(None)
        await stage.pilot.pause()


def told(evil: str) -> dict[str, Json]:
    """Give what the commands ask for, with the text in every place that has one."""
    tools = {evil: {"name": evil, "description": evil, "title": evil}}
    resources = [{"name": evil, "uri": evil}]
    server = {"name": evil, "runtimeStatus": evil, "authStatus": evil, "tools": tools, "toolsError": evil}
    skill = {"name": evil, "description": evil, "path": evil, "scope": evil, "enabled": True}
    hook = {"eventName": evil, "matcher": evil, "sourcePath": evil, "command": evil, "trustStatus": evil}
    faults = [{"path": evil, "message": evil}]
    job = {"processId": "1", "command": evil, "cwd": evil, "osPid": 1}
    entries = [{"fileName": evil, "isDirectory": True}, {"fileName": evil, "isFile": True}]
    text = base64.b64encode(evil.encode("utf-8", "replace")).decode()
    return {
        "mcpServerStatus/list": {"data": [{**server, "resources": resources}]},
        "skills/list": {"data": [{"cwd": evil, "skills": [skill], "errors": faults}]},
        "hooks/list": {"data": [{"hooks": [hook], "errors": faults, "warnings": [evil]}]},
        "thread/backgroundTerminals/list": {"data": [job]},
        "thread/goal/get": {"goal": {"objective": evil, "status": evil}},
        "fs/readDirectory": {"entries": entries},
        "fs/getMetadata": {"isFile": True},
        "fs/readFile": {"dataBase64": text},
        "account/read": {"account": {"type": "chatgpt", "email": evil, "planType": evil}},
        "thread/queue/list": {"data": [{"id": "q", "input": [{"type": "text", "text": evil}]}]},
    }


COMMANDS: Final = ("mcp", "skills", "hooks", "ps", "goal", "diff", "view notes", "cd", "status", "model")
"""Those that show something of the devbox's."""


async def the_commands(stage: Stage, evil: str) -> None:
    def reply(shape: Json) -> Callable[[Json], Json]:
        return lambda _: shape

    for method, shape in told(evil).items():
        stage.script.replies[method] = reply(shape)
    for command in COMMANDS:
        before = len(Recorder.written)
        await stage.type(f"/{command}")

        def drawn(since: int = before) -> str:
            return "".join(Recorder.written[since:])

        await stage.wait(lambda: evil is not HARMLESS or "harmless" in drawn(), f"/{command} shows something")
        await stage.pilot.pause()
        if len(stage.app.screen_stack) > 1:
            await stage.pilot.press("down", "pagedown")
        while len(stage.app.screen_stack) > 1:
            await stage.pilot.press("escape")


PLACES: Final = [
    the_transcript,
    notices_title_and_status,
    the_cards,
    the_dialogs,
    the_lists,
    the_commands,
    several_hosts,
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: str(place.__name__))
async def test_nothing_of_it_acts(place: Callable[[Stage, str], Awaitable[None]]) -> None:
    async with recorded(HARMLESS) as stage:
        await place(stage, HARMLESS)
        await stage.pilot.pause()
    kinds, controls, _ = looked_at()
    assert "CSI m" in kinds
    for name, evil in CORPUS.items():
        async with recorded(evil) as stage:
            await place(stage, evil)
            await stage.pilot.pause()
            assert stage.app.crash is None
        more, others, text = looked_at()
        assert more <= kinds, name
        assert others <= controls, name
        assert HIDDEN.findall(text) == [], name
        if name == "markup":
            assert "[red]" in text
            assert "[@click=app.leave]" in text


MEGABYTE: Final = ("x" * 60 + f"\x1b[{MARK}m" + "日本語\u202e") * (2**20 // 72)
LARGE: Final[dict[str, dict[str, Json]]] = {
    "answer": {"type": "agentMessage", "text": MEGABYTE},
    "command": {"type": "commandExecution", "command": MEGABYTE, "status": "completed"},
    "output": {
        "type": "commandExecution",
        "command": "x",
        "aggregatedOutput": MEGABYTE,
    },
    "diff": {"type": "fileChange", "changes": [{"path": "/w/x", "kind": {"type": "add"}, "diff": MEGABYTE}]},
}


@pytest.mark.parametrize("kind", LARGE)
async def test_a_line_of_a_megabyte_in_an_item_neither_acts_nor_ends_it(kind: str) -> None:
    end = {"id": "b", "type": "agentMessage", "text": "the end"}
    async with recorded("x") as stage:
        stage.script.turn()
        stage.script.say("item/completed", turnId="turn-1", item={"id": "a", **LARGE[kind]})
        stage.script.say("item/completed", turnId="turn-1", item=end)
        await stage.wait_text("the end")
    _, _, text = looked_at()
    assert HIDDEN.findall(text) == []


async def test_a_command_of_a_megabyte_is_seen_to_its_end_and_answered() -> None:
    async with recorded("x") as stage:
        stage.script.turn()
        stage.script.ask(0, "item/commandExecution/requestApproval", command=MEGABYTE)
        await stage.wait_text("characters)")
        await stage.pilot.press("f")
        await stage.wait_text("esc: back")
        await stage.pilot.press("end")
        await stage.wait_text("rows above, 0 below")
        await stage.pilot.press("y")
        await stage.wait(lambda: stage.script.answers, "the answer")
    _, _, text = looked_at()
    assert HIDDEN.findall(text) == []
