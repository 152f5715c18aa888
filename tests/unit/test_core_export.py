"""A thread becomes a Markdown document, whatever is in it."""

from markdown_it import MarkdownIt

from codex_ssh.core.entry import Level, Notice, TurnEnd
from codex_ssh.core.export import fenced, markdown_export
from codex_ssh.core.items import (
    AgentMessage,
    Change,
    ChangeKind,
    CommandExecution,
    FileChange,
    ItemId,
    ItemStatus,
    Reasoning,
    UserMessage,
    WebSearch,
)
from codex_ssh.core.thread import TurnError, TurnStatus

ID = ItemId("i")


def test_a_whole_thread() -> None:
    command = CommandExecution(
        id=ID,
        command="cat a",
        cwd="/w",
        status=ItemStatus.COMPLETED,
        output="```\n\x1b[31mred\n",
        exit_code=1,
    )
    document = markdown_export(
        "a door\nwith a line end",
        {"host": "devbox", "model": "", "directory": "/w"},
        [
            UserMessage(id=ID, text="make **a door**"),
            Reasoning(id=ID, summary=("hinges", "left\nor right")),
            command,
            FileChange(id=ID, changes=(Change(path="door.py", kind=ChangeKind.ADD, diff="shut\n"),)),
            AgentMessage(id=ID, text="done:\n\n- a door"),
            Notice(level=Level.INFO, text="ours"),
            WebSearch(id=ID, query="doors"),
            UserMessage(id=ID, text="thanks"),
            TurnEnd(status=TurnStatus.FAILED, error=TurnError(message="no more tokens"), duration_ms=None),
        ],
    )
    assert document == (
        "# a door␊with a line end\n\n- host: devbox\n- directory: /w\n\n"
        "## You\n\nmake **a door**\n\n"
        "## Codex\n\n> hinges\n>\n> left\n> or right\n\n"
        "````console\n$ cat a\n```\nred\n[exit 1]\n````\n\n"
        "```diff\n--- /dev/null\n+++ door.py\n+shut\n```\n\n"
        "done:\n\n- a door\n\n"
        "*web search*\n\n```text\ndoors\n```\n\n"
        "## You\n\nthanks\n\n"
        "## Codex\n\n**The turn failed.** no more tokens\n"
    )


def test_a_fence_is_longer_than_what_is_in_it() -> None:
    for text in ("plain", "```\ncode\n```", "a ```` b", "`" * 9):
        (token,) = [token for token in MarkdownIt().parse(fenced(text, "x")) if token.type == "fence"]
        assert token.content == f"{text}\n"
    assert fenced("") == ""
