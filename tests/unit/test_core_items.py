"""Thread items are read whatever shape they come in."""

import pytest

from codex_ssh.core.items import (
    AgentMessage,
    BriefItem,
    Change,
    ChangeKind,
    CommandAction,
    CommandExecution,
    FileChange,
    ItemId,
    ItemStatus,
    Reasoning,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
    decode_item,
    unwrap_shell,
)
from codex_ssh.core.rpc import Json


def test_a_command_keeps_its_output_exit_code_and_action() -> None:
    item = decode_item(
        {
            "type": "commandExecution",
            "id": "call-1",
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
        id=ItemId("call-1"),
        command="/bin/bash -lc 'cat a.txt'",
        cwd="/w",
        status=ItemStatus.COMPLETED,
        actions=(CommandAction(kind="read", command="cat a.txt", target="a.txt"),),
        output="made\n",
        exit_code=0,
        duration_ms=12,
        source="agent",
    )
    assert item.plain_command == "cat a.txt"


def test_a_user_message_joins_its_texts_and_names_the_rest() -> None:
    item = decode_item(
        {
            "type": "userMessage",
            "id": "u",
            "clientId": "c1",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "url": "data:x"},
                {"type": "mention", "name": "a.py", "path": "/w/a.py"},
                {"type": "text", "text": "here"},
            ],
        }
    )
    expected = UserMessage(
        id=ItemId("u"), client_id="c1", text="look\nhere", attachments=("image", "mention a.py")
    )
    assert item == expected


def test_a_file_change_keeps_kind_and_new_path() -> None:
    item = decode_item(
        {
            "type": "fileChange",
            "id": "f",
            "status": "inProgress",
            "changes": [
                {"path": "/w/a", "kind": {"type": "update", "move_path": "/w/b"}, "diff": "@@"},
                {"path": "/w/c", "kind": {"type": "add"}, "diff": "x\n"},
            ],
        }
    )
    assert item == FileChange(
        id=ItemId("f"),
        status=ItemStatus.IN_PROGRESS,
        changes=(
            Change(path="/w/a", kind=ChangeKind.UPDATE, diff="@@", moved_to="/w/b"),
            Change(path="/w/c", kind=ChangeKind.ADD, diff="x\n"),
        ),
    )


def test_a_tool_call_gives_text_of_its_result() -> None:
    item = decode_item(
        {
            "type": "mcpToolCall",
            "id": "m",
            "server": "github",
            "tool": "search",
            "status": "failed",
            "arguments": {"q": "ü"},
            "result": {"content": [{"type": "text", "text": "one"}, {"type": "image", "data": "…"}]},
            "error": {"message": "no"},
        }
    )
    assert item == ToolCall(
        id=ItemId("m"),
        server="github",
        tool="search",
        status=ItemStatus.FAILED,
        arguments='{"q":"ü"}',
        result="one\n[image]",
        error="no",
    )


@pytest.mark.parametrize(
    ("shape", "item"),
    [
        ({"type": "agentMessage", "id": "a", "text": "hi"}, AgentMessage(id=ItemId("a"), text="hi")),
        ({"type": "reasoning", "id": "r", "summary": ["s"]}, Reasoning(id=ItemId("r"), summary=("s",))),
        (
            {"type": "webSearch", "id": "w", "query": "q", "action": {"type": "openPage", "url": "u"}},
            WebSearch(id=ItemId("w"), query="q", action="openPage", target="u"),
        ),
        (
            {"type": "sleep", "id": "s", "durationMs": 1500},
            BriefItem(id=ItemId("s"), type="sleep", label="waited", text="1.5 s"),
        ),
        (
            {"type": "hookPrompt", "id": "h", "fragments": [{"text": "a"}, {"text": "b"}]},
            BriefItem(id=ItemId("h"), type="hookPrompt", label="hook", text="a\nb"),
        ),
        ({"type": "hologram", "id": "x"}, UnknownItem(id=ItemId("x"), type="hologram")),
    ],
)
def test_each_type_becomes_its_class(shape: Json, item: object) -> None:
    assert decode_item(shape) == item


@pytest.mark.parametrize("shape", [None, [], 7, "text", {}, {"type": 5}, {"type": "commandExecution"}])
def test_broken_items_never_raise(shape: Json) -> None:
    assert decode_item(shape).id == ""


@pytest.mark.parametrize(
    "kind", ["commandExecution", "fileChange", "mcpToolCall", "userMessage", "reasoning"]
)
def test_fields_of_the_wrong_type_are_left_out(kind: str) -> None:
    fields = ("content", "summary", "status", "changes", "result", "commandActions", "exitCode", "arguments")
    wrongs: tuple[Json, ...] = (True, 5, "x", [1, None, {}], {"a": 1})
    for wrong in wrongs:
        assert decode_item({"type": kind, "id": "i", **dict.fromkeys(fields, wrong)}).id == "i"


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
