"""Entries look as they should, folded and unfolded."""

import pytest

from codex_ssh.core.entry import CheckList, Content, Entry, Level, Notice, Progress, TurnEnd
from codex_ssh.core.events import PlanStep, StepStatus
from codex_ssh.core.items import (
    AgentMessage,
    BriefItem,
    Change,
    ChangeKind,
    CommandExecution,
    FileChange,
    ItemId,
    ItemStatus,
    Reasoning,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from codex_ssh.core.thread import TurnError, TurnStatus
from codex_ssh.tui.cells import Cell, Look, seconds

ID = ItemId("i")


def rows(
    content: Content,
    *,
    progress: Progress = Progress.DONE,
    gap: bool = False,
    width: int = 60,
    unfolded: bool = False,
) -> list[str]:
    cell = Cell(Entry(("t", "i"), content, progress, gap=gap))
    made = [strip.text.rstrip() for strip in cell.rows(Look(width=width, cwd="/w", unfolded=unfolded))]
    if made:
        assert made[-1] == ""
    return made[:-1]


def command(**more: object) -> CommandExecution:
    return CommandExecution(id=ID, command="bash -lc 'make test'", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "progress", "expected"),
    [
        (UserMessage(id=ID, text="a\nb", attachments=("image",)), Progress.DONE, ["› a", "  b", "  [image]"]),
        (AgentMessage(id=ID, text="hi"), Progress.OPEN, ["• hi"]),
        (AgentMessage(id=ID, text="hi"), Progress.CUT, ["• hi", "  (cut short; not kept by the server)"]),
        (AgentMessage(id=ID), Progress.OPEN, []),
        (Reasoning(id=ID, summary=("a", "b")), Progress.DONE, ["∴ a", "", "  b"]),
        (Reasoning(id=ID), Progress.DONE, []),
        (command(status=ItemStatus.IN_PROGRESS), Progress.OPEN, ["$ Run make test"]),
        (
            command(status=ItemStatus.COMPLETED, exit_code=0),
            Progress.DONE,
            ["$ Ran make test", "  exit 0, no output"],
        ),
        (
            command(status=ItemStatus.FAILED, exit_code=2, output="no\n", duration_ms=2500),
            Progress.DONE,
            ["$ Ran make test", "  │ no", "  exit 2 · 2.5 s"],
        ),
        (command(status=ItemStatus.DECLINED), Progress.DONE, ["$ Not run make test", "  declined"]),
        (command(status=ItemStatus.IN_PROGRESS), Progress.CUT, ["$ Ran make test", "  interrupted"]),
        (
            ToolCall(id=ID, server="gh", tool="find", status=ItemStatus.FAILED, arguments="{}", error="no"),
            Progress.DONE,
            ["⚒ Called gh.find {}", "  │ no"],
        ),
        (
            CheckList(explanation="why", steps=(PlanStep(text="one", status=StepStatus.COMPLETED),)),
            Progress.DONE,
            ["▤ Plan, 1 of 1 done", "  why", "  ✔ one"],
        ),
        (TurnEnd(status=TurnStatus.COMPLETED, error=None, duration_ms=400), Progress.DONE, []),
        (
            TurnEnd(status=TurnStatus.COMPLETED, error=None, duration_ms=75_000),
            Progress.DONE,
            ["── worked for 1 min 15 s ──"],
        ),
        (
            TurnEnd(
                status=TurnStatus.FAILED, error=TurnError(message="m", kind="k", details="d"), duration_ms=1
            ),
            Progress.DONE,
            ["✗ m", "  k", "  d"],
        ),
        (Notice(level=Level.WARNING, text="careful", details="more"), Progress.DONE, ["⚠ careful", "  more"]),
        (WebSearch(id=ID, query="q"), Progress.DONE, ["• searched the web for q"]),
        (WebSearch(id=ID, query="q", action="openPage", target="u"), Progress.DONE, ["• opened q u"]),
        (BriefItem(id=ID, type="sleep", label="waited", text="1 s"), Progress.DONE, ["• waited 1 s"]),
        (UnknownItem(id=ID, type="hologram"), Progress.DONE, ["• (hologram)"]),
    ],
)
def test_each_entry_has_its_look(content: Content, progress: Progress, expected: list[str]) -> None:
    assert rows(content, progress=progress) == expected


def test_an_answer_whose_beginning_was_missed_says_so() -> None:
    assert rows(AgentMessage(id=ID, text="the end"), progress=Progress.OPEN, gap=True) == ["• …the end"]


def test_an_edit_shows_signs_and_counts() -> None:
    diff = "--- a\n+++ b\n@@ -1,2 +1,2 @@\n same\n-old\n+new\n"
    edit = FileChange(
        id=ID,
        status=ItemStatus.COMPLETED,
        changes=(
            Change(path="/w/a.py", diff=diff, moved_to="/w/b.py"),
            Change(path="/etc/x", kind=ChangeKind.ADD, diff="one\n"),
            Change(path="/w/gone", kind=ChangeKind.DELETE, diff="was\n"),
        ),
    )
    assert rows(edit) == [
        "± Edit a.py → b.py (+1 -1)",
        "  @@ -1,2 +1,2 @@",
        "    same",
        "  - old",
        "  + new",
        "± Add /etc/x (+1 -0)",
        "  + one",
        "± Delete gone (+0 -1)",
        "  - was",
    ]


def test_long_output_is_folded_to_its_end() -> None:
    output = "".join(f"{n}\n" for n in range(100))
    done = command(status=ItemStatus.COMPLETED, exit_code=0, output=output)
    assert rows(done) == [
        "$ Ran make test",
        "    … 94 more lines (ctrl+o)",
        *(f"  │ {n}" for n in range(94, 100)),
    ]
    assert len(rows(done, unfolded=True)) == 101


def test_huge_output_says_that_its_beginning_is_missing() -> None:
    done = command(status=ItemStatus.COMPLETED, exit_code=0, output="x\n" * 100_000)
    assert rows(done, unfolded=True)[1] == "  │ … the beginning is not kept"


def test_a_growing_entry_is_made_anew_only_when_it_changed() -> None:
    entry = Entry(("t", "i"), AgentMessage(id=ID, text="a"), Progress.OPEN)
    cell, look = Cell(entry), Look(width=20)
    assert cell.guess(look) == 3
    first = cell.rows(look)
    assert cell.rows(look) is first
    entry.put(AgentMessage(id=ID, text="b"))
    assert cell.rows(look) is first
    cell.spoil()
    assert cell.rows(look)[0].text.rstrip() == "• b"
    assert cell.guess(Look(width=10)) >= 2
    assert not cell.is_fresh(Look(width=10))


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(400, "0.4 s"), (12_000, "12 s"), (65_000, "1 min 05 s"), (7_380_000, "2 h 03 min")],
)
def test_durations_are_said_in_words(milliseconds: int, words: str) -> None:
    assert seconds(milliseconds) == words
