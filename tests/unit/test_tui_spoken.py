"""What is said of entries: words only, all of what matters, and nothing a terminal would obey."""

from __future__ import annotations

import pytest

from codex_ssh.core.entry import CheckList, Content, Entry, Level, Notice, Progress, TurnEnd
from codex_ssh.core.events import PlanStep, StepStatus
from codex_ssh.core.items import (
    AgentMessage,
    Change,
    ChangeKind,
    CommandExecution,
    FileChange,
    ItemId,
    ItemStatus,
    Reasoning,
    UnknownItem,
    UserMessage,
)
from codex_ssh.core.thread import TurnError, TurnStatus
from codex_ssh.tui.spoken import begun, finished

ONE = ItemId("i")
EDIT = Change(path="/w/a.py", kind=ChangeKind.UPDATE, diff="@@ -1 +1,2 @@\n-a\n+b\n+c\n")
STEPS = (
    PlanStep(text="look", status=StepStatus.COMPLETED),
    PlanStep(text="change", status=StepStatus.IN_PROGRESS),
    PlanStep(text="check", status=StepStatus.PENDING),
)

SAID: list[tuple[Content, list[str]]] = [
    (UserMessage(id=ONE, text="hi", attachments=("image",)), ["you: hi", "with image"]),
    (AgentMessage(id=ONE, text="**hello**"), ["codex: **hello**"]),
    (Reasoning(id=ONE, summary=("hm",)), ["thought: hm"]),
    (Reasoning(id=ONE), []),
    (
        CommandExecution(id=ONE, command="ls", output="a\nb\n", exit_code=0, status=ItemStatus.COMPLETED),
        ["ran: ls, exit code 0", "output, 2 lines:", "a", "b"],
    ),
    (CommandExecution(id=ONE, command="rm x", status=ItemStatus.DECLINED), ["not run: rm x"]),
    (
        FileChange(id=ONE, changes=(EDIT,), status=ItemStatus.COMPLETED),
        ["edited: a.py, 2 lines added, 1 removed"],
    ),
    (
        FileChange(id=ONE, changes=(EDIT,), status=ItemStatus.DECLINED),
        ["edited: a.py, 2 lines added, 1 removed, not made"],
    ),
    (
        CheckList(explanation="", steps=STEPS),
        ["plan, 1 of 3 done", "done: look", "now: change", "to do: check"],
    ),
    (TurnEnd(status=TurnStatus.COMPLETED, error=None, duration_ms=1500), ["finished after 1.5 s"]),
    (TurnEnd(status=TurnStatus.INTERRUPTED, error=None, duration_ms=None), ["interrupted"]),
    (
        TurnEnd(status=TurnStatus.FAILED, error=TurnError(message="no money"), duration_ms=None),
        ["failed: no money"],
    ),
    (Notice(level=Level.WARNING, text="careful", details="because"), ["warning: careful", "because"]),
    (UnknownItem(id=ONE, type="novelty"), ["novelty"]),
]


@pytest.mark.parametrize(("content", "lines"), SAID, ids=lambda value: type(value).__name__)
def test_every_kind_is_said_in_words(content: Content, lines: list[str]) -> None:
    assert finished(Entry(("t", "i"), content, Progress.DONE), "/w") == lines


def test_a_command_is_said_when_it_begins_and_an_answer_is_not() -> None:
    command = CommandExecution(id=ONE, command="/bin/bash -lc 'make test'")
    assert begun(Entry(("t", "i"), command, Progress.OPEN)) == ["runs: make test"]
    assert begun(Entry(("t", "i"), AgentMessage(id=ONE, text="x"), Progress.OPEN)) == []


def test_what_was_said_already_is_not_said_again_and_a_cut_is_told() -> None:
    entry = Entry(("t", "i"), AgentMessage(id=ONE, text="one\ntwo"), Progress.CUT)
    assert finished(entry, "/w", said=4) == ["two", "that answer was cut short"]
    assert finished(entry, "/w", said=7) == ["that answer was cut short"]


def test_remote_text_does_nothing_to_a_terminal() -> None:
    for content in (
        AgentMessage(id=ONE, text="\x1b]0;owned\x07\u202e"),
        CommandExecution(id=ONE, command="a\x1b[2J", output="\x1b[2Jx", exit_code=1),
        Notice(level=Level.INFO, text="\x9b2J"),
    ):
        text = "".join(finished(Entry(("t", "i"), content, Progress.DONE), "/w"))
        assert not set(text) & set("\x1b\x07\x9b\u202e")
