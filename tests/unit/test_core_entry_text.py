"""All of an entry can be had as text."""

import pytest

from codex_ssh.core.approval_review import ApprovalReview, Review
from codex_ssh.core.entry import CheckList, Content, Level, Notice, TurnEnd
from codex_ssh.core.entry_text import entry_text
from codex_ssh.core.events import PlanStep, StepStatus
from codex_ssh.core.hook import HookRun, HookStatus, HookWord
from codex_ssh.core.items import (
    AgentActivity,
    AgentMessage,
    AgentsCall,
    AgentState,
    Change,
    ChangeKind,
    Citation,
    CommandExecution,
    ContextCompaction,
    FileChange,
    Found,
    HookPrompt,
    ImageGeneration,
    ImageView,
    ItemId,
    Plan,
    Reasoning,
    ReviewMode,
    Sleep,
    ToolCall,
    ToolOutput,
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
        (
            AgentMessage(id=ID, text="a", citations=(Citation(path="m.md", first=1, last=2, note="n"),)),
            "a\n- m.md:1-2 n",
        ),
        (Plan(id=ID, text="- a"), "- a"),
        (Reasoning(id=ID, summary=("a", "b"), content=("raw",)), "a\n\nb\nraw"),
        (
            CommandExecution(
                id=ID, command="bash -lc 'make test'", output="\x1b[1mno\x1b[0m\tway\n", exit_code=2
            ),
            "$ make test\nno\tway\n[exit 2]",
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
        (
            ToolCall(id=ID, server="gh", tool="find", arguments="{}", result="found", structured='{"a":1}'),
            'gh.find {}\nfound\n{\n  "a": 1\n}',
        ),
        (WebSearch(id=ID, query="q", target="u"), "q\nu"),
        (
            WebSearch(id=ID, query="a", queries=("a", "b"), results=(Found(title="t", address="u"),)),
            "a\nb\nt u",
        ),
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
        (Sleep(id=ID, duration_ms=1500), "waited 1500 ms"),
        (ContextCompaction(id=ID), "context compacted"),
        (ImageView(id=ID, path="/w/a.png"), "/w/a.png"),
        (ImageGeneration(id=ID, prompt="a cat", path="/w/cat.png"), "a cat\n/w/cat.png"),
        (ReviewMode(id=ID, entered=False, review="# Found\n- one"), "# Found\n- one"),
        (HookPrompt(id=ID, fragments=("a", "b")), "a\nb"),
        (ToolOutput(id=ID, name="f", output="o"), "f\no"),
        (
            AgentsCall(
                id=ID,
                tool="wait",
                prompt="p",
                agents=(AgentState(thread_id="t", status="done", message="m"),),
            ),
            "wait\np\nt: done m",
        ),
        (AgentActivity(id=ID, kind="started", path="/root/a"), "/root/a started"),
        (
            HookRun(
                run_id="r", event="stop", status=HookStatus.BLOCKED, words=(HookWord(kind="x", text="no"),)
            ),
            "stop hook, blocked\nno",
        ),
        (
            ApprovalReview(
                review_id="r", status=Review.DENIED, risk="high", about="rm -rf /", rationale="no"
            ),
            "denied, risk high: rm -rf /\nno",
        ),
        (UnknownItem(id=ID, type="hologram", json='{"a":1}'), 'hologram\n{\n  "a": 1\n}'),
    ],
)
def test_each_content_has_its_text(content: Content, text: str) -> None:
    assert entry_text(content) == text
