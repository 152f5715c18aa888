"""Thread items are read whatever shape they come in."""

from dataclasses import replace

import pytest

from codex_ssh.core.items import (
    AgentActivity,
    AgentMessage,
    AgentsCall,
    AgentState,
    Change,
    ChangeKind,
    Citation,
    CommandAction,
    CommandExecution,
    ContextCompaction,
    FileChange,
    Found,
    HookPrompt,
    ImageGeneration,
    ImageView,
    ItemId,
    ItemStatus,
    Plan,
    Reasoning,
    ReviewMode,
    Sleep,
    ToolCall,
    ToolOutput,
    UnknownItem,
    UserMessage,
    WebSearch,
    decode_item,
    spread_json,
    unwrap_shell,
)
from codex_ssh.core.rpc import Json
from tests.support.captures import frames

ID = ItemId("i")


def completed(name: str) -> list[object]:
    """Give the items a recorded real server completed, without what the user said."""
    items = [
        decode_item(frame.params["item"])
        for frame in frames("0.169.0", name)
        if getattr(frame, "method", "") == "item/completed"
    ]
    return [item for item in items if not isinstance(item, UserMessage)]


def test_a_command_keeps_its_output_exit_code_and_action() -> None:
    item = decode_item(
        {
            "type": "commandExecution",
            "id": "i",
            "command": "/bin/bash -lc 'cat a.txt'",
            "cwd": "/w",
            "status": "completed",
            "commandActions": [{"type": "read", "command": "cat a.txt", "name": "a.txt", "path": "/w/a.txt"}],
            "aggregatedOutput": "made\n",
            "exitCode": 0,
            "durationMs": 12,
            "source": "agent",
        }
    )
    assert item == CommandExecution(
        id=ID,
        command="/bin/bash -lc 'cat a.txt'",
        cwd="/w",
        status=ItemStatus.COMPLETED,
        actions=(CommandAction(kind="read", command="cat a.txt", target="a.txt", path="/w/a.txt"),),
        output="made\n",
        exit_code=0,
        duration_ms=12,
        source="agent",
    )
    assert item.plain_command == "cat a.txt"
    assert item.explores


def test_commands_that_look_at_files_are_told_from_others() -> None:
    actions = [item.actions for item in completed("explored") if isinstance(item, CommandExecution)]
    kinds = [[action.kind for action in found] for found in actions]
    assert kinds == [["read"], ["listFiles"], ["search"], ["read", "listFiles"]]
    commands = [item for item in completed("explored") if isinstance(item, CommandExecution)]
    assert all(command.explores for command in commands)
    other = [item for item in completed("user_input") if isinstance(item, CommandExecution)]
    assert [(command.source, command.explores) for command in other] == [("userShell", False)]


def test_a_user_message_joins_its_texts_and_names_the_rest() -> None:
    item = decode_item(
        {
            "type": "userMessage",
            "id": "i",
            "clientId": "c1",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "url": "data:image/png;base64,aaaa"},
                {"type": "image", "url": "https://x"},
                {"type": "localImage", "path": "/w/a.png"},
                {"type": "mention", "name": "a.py", "path": "/w/a.py"},
                {"type": "skill", "name": "", "path": "/w/SKILL.md"},
                {"type": "audio"},
                {},
                {"type": "text", "text": "here"},
            ],
        }
    )
    assert item == UserMessage(
        id=ID,
        client_id="c1",
        text="look\nhere",
        attachments=(
            "image png, 3 bytes",
            "image",
            "image /w/a.png",
            "@a.py",
            "$/w/SKILL.md",
            "audio",
            "unknown",
        ),
    )


def test_a_large_picture_says_its_size() -> None:
    url = "data:image/png;base64," + "A" * 4000
    item = decode_item({"type": "userMessage", "id": "i", "content": [{"type": "image", "url": url}]})
    assert item == UserMessage(id=ID, attachments=("image png, 3 kB",))


def test_a_file_change_keeps_kind_and_new_path() -> None:
    item = decode_item(
        {
            "type": "fileChange",
            "id": "i",
            "status": "inProgress",
            "changes": [
                {"path": "/w/a", "kind": {"type": "update", "move_path": "/w/b"}, "diff": "@@"},
                {"path": "/w/c", "kind": {"type": "add"}, "diff": "x\n"},
            ],
        }
    )
    assert item == FileChange(
        id=ID,
        status=ItemStatus.IN_PROGRESS,
        changes=(
            Change(path="/w/a", kind=ChangeKind.UPDATE, diff="@@", moved_to="/w/b"),
            Change(path="/w/c", kind=ChangeKind.ADD, diff="x\n"),
        ),
    )


def test_calls_of_a_real_mcp_server_tell_what_came_of_them() -> None:
    weather, broken = (item for item in completed("mcp_call") if isinstance(item, ToolCall))
    assert (weather.server, weather.tool, weather.arguments) == ("demo", "weather", '{"city":"Oslo"}')
    assert weather.result == "sunny\n[image image/png]"
    assert weather.structured == '{"city":"Oslo","sky":"clear"}'
    assert weather.duration_ms == 1
    assert (broken.status, broken.error, broken.result) == (ItemStatus.FAILED, "it broke", "")


def test_a_call_of_a_client_s_tool_tells_what_came_of_it() -> None:
    call = next(item for item in completed("dynamic_tool") if isinstance(item, ToolCall))
    assert (call.tool, call.arguments, call.status) == ("weather", '{"city":"Oslo"}', ItemStatus.COMPLETED)
    assert call.result == "it rained\n[inputImage]"


def test_real_searches_tell_what_was_looked_for() -> None:
    searches = [item for item in completed("explored") if isinstance(item, WebSearch)]
    assert [(one.action, one.queries, one.target, one.pattern) for one in searches] == [
        ("search", ("codex tui", "codex ssh"), "", ""),
        ("openPage", (), "https://example.org/a", ""),
        ("findInPage", (), "https://example.org/a", "ssh"),
    ]


def test_real_agents_tell_their_state() -> None:
    calls = [item for item in completed("agents") if isinstance(item, AgentsCall)]
    assert [(call.tool, [state.status for state in call.agents]) for call in calls] == [
        ("spawnAgent", ["pendingInit"]),
        ("wait", ["completed"]),
    ]
    assert (calls[0].prompt, calls[0].model, calls[0].effort) == ("say hi from below", "scripted", "medium")
    assert calls[1].agents[0].message == "hi from below"
    assert calls[1].receivers == (calls[1].agents[0].thread_id,)


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("review", ReviewMode(id=ID, entered=True, review="current changes")),
        ("compaction", ContextCompaction(id=ID)),
        ("plan_mode", Plan(id=ID, text="# Plan\n- one\n")),
        ("raw_reasoning", Reasoning(id=ID, summary=("**Think**",), content=("raw thought",))),
        ("hooks", HookPrompt(id=ID, fragments=("run the tests first",))),
        ("image_view", ImageView(id=ID, path="/home/dev/work/red.png")),
        ("explored", AgentMessage(id=ID, text="Looking first.", phase="commentary")),
    ],
)
def test_items_of_a_real_server_are_read(name: str, item: object) -> None:
    assert item in [replace(found, id=ID) for found in completed(name)]  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("shape", "item"),
    [
        ({"type": "agentMessage", "text": "hi"}, AgentMessage(id=ID, text="hi")),
        (
            {
                "type": "agentMessage",
                "moderation": {"moderated": True},
                "questions": [{"title": "which?"}],
                "memoryCitation": {
                    "entries": [{"path": "m.md", "lineStart": 1, "lineEnd": 2, "note": "n"}],
                    "threadIds": [],
                },
            },
            AgentMessage(
                id=ID,
                moderated=True,
                questions=("which?",),
                citations=(Citation(path="m.md", first=1, last=2, note="n"),),
            ),
        ),
        ({"type": "reasoning", "summary": ["s"]}, Reasoning(id=ID, summary=("s",))),
        (
            {
                "type": "webSearch",
                "query": "q",
                "action": {"type": "search"},
                "results": [{"title": "t", "url": "u"}, {"other": 1}, 5],
            },
            WebSearch(id=ID, query="q", action="search", results=(Found(title="t", address="u"),)),
        ),
        ({"type": "sleep", "durationMs": 1500}, Sleep(id=ID, duration_ms=1500)),
        (
            {
                "type": "imageGeneration",
                "status": "completed",
                "revisedPrompt": "a cat",
                "savedPath": "/w/c.png",
                "result": "aaaa",
                "inputImages": [{"path": "/w/in.png", "sha256": "x"}],
            },
            ImageGeneration(
                id=ID, status="completed", prompt="a cat", path="/w/c.png", inputs=("/w/in.png",)
            ),
        ),
        (
            {"type": "imageGeneration", "status": "failed", "failure": {"type": "usageLimitExceeded"}},
            ImageGeneration(id=ID, status="failed", failure="usageLimitExceeded"),
        ),
        (
            {"type": "functionCallOutput", "name": "f", "namespace": "n", "output": "o"},
            ToolOutput(id=ID, name="n.f", output="o"),
        ),
        (
            {
                "type": "functionCallOutput",
                "name": "f",
                "output": [{"type": "input_text", "text": "o"}, {"type": "input_image"}],
            },
            ToolOutput(id=ID, name="f", output="o\n[input_image]"),
        ),
        (
            {"type": "exitedReviewMode", "review": "found"},
            ReviewMode(id=ID, entered=False, review="found"),
        ),
        (
            {"type": "subAgentActivity", "kind": "started", "agentPath": "/root/a", "agentThreadId": "t"},
            AgentActivity(id=ID, kind="started", path="/root/a", thread_id="t"),
        ),
        (
            {
                "type": "collabAgentToolCall",
                "tool": "wait",
                "status": "interrupted",
                "agentsStates": {"t": {"status": "running", "message": None}},
            },
            AgentsCall(
                id=ID,
                tool="wait",
                status=ItemStatus.INTERRUPTED,
                agents=(AgentState(thread_id="t", status="running"),),
            ),
        ),
        (
            {"type": "dynamicToolCall", "tool": "t", "success": False, "contentItems": [{"text": "no"}]},
            ToolCall(id=ID, tool="t", status=ItemStatus.FAILED, error="no"),
        ),
        (
            {
                "type": "mcpToolCall",
                "tool": "t",
                "appContext": {"appName": "Calendar", "actionName": "list"},
                "result": {
                    "content": [
                        {"type": "text", "text": '{"a": 1}'},
                        {"type": "resource", "resource": {"uri": "x:y", "text": "inside"}},
                    ],
                    "structuredContent": {"a": 1},
                },
            },
            ToolCall(
                id=ID,
                tool="t",
                title="Calendar: list",
                result='{"a": 1}\n[resource x:y]\ninside',
                structured='{"a":1}',
            ),
        ),
        (
            {
                "type": "mcpToolCall",
                "tool": "t",
                "result": {"content": [{"type": "text", "text": '{"a": 1}'}], "structuredContent": {"a": 1}},
            },
            ToolCall(id=ID, tool="t", result='{"a": 1}'),
        ),
        (
            {"type": "hologram", "title": "cube", "long": "x" * 300, "n": 5},
            UnknownItem(
                id=ID,
                type="hologram",
                texts=(("title", "cube"),),
                json='{"type":"hologram","title":"cube","long":"' + "x" * 300 + '","n":5,"id":"i"}',
            ),
        ),
    ],
)
def test_each_type_becomes_its_class(shape: dict[str, Json], item: object) -> None:
    assert decode_item({**shape, "id": "i"}) == item


@pytest.mark.parametrize("shape", [None, [], 7, "text", {}, {"type": 5}, {"type": "commandExecution"}])
def test_broken_items_never_raise(shape: Json) -> None:
    assert decode_item(shape).id == ""


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ("/bin/bash -lc 'touch x'", "touch x"),
        ("zsh -c 'a && b'", "a && b"),
        ("bash -lc 'it'\\''s'", "it's"),
        ("bash -lc 'echo hi' evil", "bash -lc 'echo hi' evil"),
        ("python -c 'print()'", "python -c 'print()'"),
        ("bash -lc 'unclosed", "bash -lc 'unclosed"),
        ("ls -l", "ls -l"),
    ],
)
def test_only_an_exact_shell_wrapper_is_taken_off(command: str, script: str) -> None:
    assert unwrap_shell(command) == script


def test_json_is_spread_over_lines_and_nothing_else_is_touched() -> None:
    assert spread_json('{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    assert spread_json("no json") == "no json"
    assert spread_json("[" * 100_000) == "[" * 100_000
