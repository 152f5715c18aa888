"""All of an entry can be had as text."""

import pytest

from codex_ssh.core.entry import CheckList, Content, Level, Notice, TurnEnd
from codex_ssh.core.entry_text import entry_text
from codex_ssh.core.events import PlanStep, StepStatus
from codex_ssh.core.items import (
    AgentMessage,
    BriefItem,
    Change,
    ChangeKind,
    CommandExecution,
    FileChange,
    ItemId,
    Plan,
    Reasoning,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from codex_ssh.core.thread import TurnError, TurnStatus

ID = ItemId("i")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (UserMessage(id=ID, text="a\n\tb", attachments=("image",)), "a\n\tb\n[image]"),
        (AgentMessage(id=ID, text="**hi**\x1b[0m\n"), "**hi**␛[0m"),
        (AgentMessage(id=ID), ""),
        (Plan(id=ID, text="- a"), "- a"),
        (Reasoning(id=ID, summary=("a", "b")), "a\n\nb"),
        (
            CommandExecution(id=ID, command="bash -lc 'make test'", output="\x1b[1mno\x1b[0m\tway\n"),
            "$ make test\nno\tway",
        ),
        (
            FileChange(
                id=ID,
                changes=(
                    Change(path="a", diff="@@ -1 +1 @@\n-x\n+y\n", moved_to="b"),
                    Change(path="c", kind=ChangeKind.ADD, diff="one\ntwo\n"),
                    Change(path="d", kind=ChangeKind.DELETE, diff="was\n"),
                ),
            ),
            "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n--- /dev/null\n+++ c\n+one\n+two\n--- d\n+++ /dev/null\n-was",
        ),
        (ToolCall(id=ID, server="gh", tool="find", arguments="{}", result="found"), "gh.find {}\nfound"),
        (WebSearch(id=ID, query="q", target="u"), "q u"),
        (
            CheckList(
                explanation="why",
                steps=tuple(PlanStep(text=status.value, status=status) for status in StepStatus),
            ),
            "why\n- [ ] pending\n- [~] inProgress\n- [x] completed",
        ),
        (Notice(level=Level.INFO, text="a", details="b"), "a\nb"),
        (TurnEnd(status=TurnStatus.COMPLETED, error=None, duration_ms=1), ""),
        (TurnEnd(status=TurnStatus.FAILED, error=TurnError(message="m"), duration_ms=1), "m"),
        (BriefItem(id=ID, type="sleep", label="waited", text="1 s"), "waited 1 s"),
        (UnknownItem(id=ID, type="hologram"), "hologram"),
    ],
)
def test_each_content_has_its_text(content: Content, text: str) -> None:
    assert entry_text(content) == text
