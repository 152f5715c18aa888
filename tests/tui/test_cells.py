"""Entries look as they should, folded and unfolded."""

from collections.abc import Iterable

import pytest
from textual.strip import Strip

from codex_ssh.core.approval_review import ApprovalReview, Review
from codex_ssh.core.entry import CheckList, Content, Entry, Level, Notice, Progress, TurnEnd
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
)
from codex_ssh.core.thread import TurnError, TurnStatus
from codex_ssh.tui import wrap as wrapping
from codex_ssh.tui.cells import Cell, Look, Place, place_of, seconds
from codex_ssh.tui.wrap import Span
from tests.unit.test_core_transcript import folded

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
        (AgentMessage(id=ID), Progress.CUT, []),
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
            ["⚒ Called gh.find", "  │ no"],
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
        (WebSearch(id=ID, query="q"), Progress.DONE, ["◍ Searched the web for q"]),
        (
            WebSearch(id=ID, query="a", queries=("a", "b"), action="search"),
            Progress.OPEN,
            ["◍ Search the web", "  └ a", "    b"],
        ),
        (
            WebSearch(id=ID, query="u", action="openPage", target="https://x.y"),
            Progress.DONE,
            ["◍ Opened https://x.y"],
        ),
        (
            WebSearch(id=ID, query="q", action="findInPage", target="https://x.y", pattern="ssh"),
            Progress.DONE,
            ["◍ Looked for ssh in https://x.y"],
        ),
        (WebSearch(id=ID, query="q", action="other"), Progress.DONE, ["◍ Looked at the web q"]),
        (
            WebSearch(id=ID, query="q", results=(Found(title="T", address="https://x.y"),)),
            Progress.DONE,
            ["◍ Searched the web for q", "  │ T https://x.y"],
        ),
        (ImageView(id=ID, path="/w/a.png"), Progress.DONE, ["▣ Looked at a.png"]),
        (ImageGeneration(id=ID, status="generating"), Progress.OPEN, ["▣ Make a picture"]),
        (
            ImageGeneration(
                id=ID, status="completed", prompt="a cat", path="/w/c.png", inputs=("/w/in.png",)
            ),
            Progress.DONE,
            ["▣ Made a picture", "  │ a cat", "  from in.png", "  saved as c.png"],
        ),
        (
            ImageGeneration(id=ID, status="failed", failure="usageLimitExceeded"),
            Progress.DONE,
            ["▣ No picture was made: usageLimitExceeded"],
        ),
        (ImageGeneration(id=ID), Progress.CUT, ["▣ Making a picture was interrupted"]),
        (ReviewMode(id=ID, entered=True, review="the changes"), Progress.DONE, ["◉ review of the changes"]),
        (
            ReviewMode(id=ID, entered=False, review="## Found\n- a bug"),
            Progress.DONE,
            ["◉ review finished", "", "  ## Found", "", "  • a bug"],
        ),
        (ContextCompaction(id=ID), Progress.OPEN, ["≡ Summing up the conversation"]),
        (ContextCompaction(id=ID), Progress.DONE, ["── context compacted ──"]),
        (Sleep(id=ID, duration_ms=1500), Progress.DONE, ["◷ Waited for 1.5 s"]),
        (Sleep(id=ID), Progress.OPEN, ["◷ Waits"]),
        (Sleep(id=ID, duration_ms=1500), Progress.CUT, ["◷ Interrupted while waiting for 1.5 s"]),
        (
            HookPrompt(id=ID, fragments=("do this",)),
            Progress.DONE,
            ["⚑ a hook told the model", "  │ do this"],
        ),
        (ToolOutput(id=ID, name="f", output="o"), Progress.DONE, ["⚒ f gave", "  │ o"]),
        (
            AgentsCall(
                id=ID,
                tool="spawnAgent",
                status=ItemStatus.COMPLETED,
                receivers=("01a21fa9-bde7-7ed2-9fbe-902895928eef",),
                prompt="say hi",
                model="m",
                effort="high",
                agents=(AgentState(thread_id="01a21fa9-bde7-7ed2-9fbe-902895928eef", status="pendingInit"),),
            ),
            Progress.DONE,
            ["⑂ Started an agent 95928eef (m high)", "  │ say hi", "  └ 95928eef begins"],
        ),
        (
            AgentsCall(id=ID, tool="wait", receivers=("a", "b")),
            Progress.OPEN,
            ["⑂ Wait for 2 agents"],
        ),
        (
            AgentsCall(
                id=ID,
                tool="wait",
                receivers=("agent",),
                agents=(AgentState(thread_id="agent", status="completed", message="hi"),),
            ),
            Progress.DONE,
            ["⑂ Waited for agent agent", "  └ agent done", "    hi"],
        ),
        (AgentsCall(id=ID, tool="dance"), Progress.CUT, ["⑂ dance · interrupted"]),
        (
            AgentActivity(id=ID, kind="completed", path="/root/tests", model="m"),
            Progress.DONE,
            ["⑂ Agent /root/tests is done (m)"],
        ),
        (
            UnknownItem(id=ID, type="hologram", texts=(("title", "a cube"),)),
            Progress.DONE,
            ["• (hologram) title: a cube"],
        ),
        (Plan(id=ID, text="- one"), Progress.DONE, ["▤ • one"]),
        (HookRun(run_id="r", event="stop", status=HookStatus.COMPLETED), Progress.DONE, []),
        (
            HookRun(run_id="r", event="stop", status=HookStatus.RUNNING, message="checking"),
            Progress.OPEN,
            ["⚑ stop hook runs: checking"],
        ),
        (
            HookRun(
                run_id="r",
                event="preToolUse",
                status=HookStatus.BLOCKED,
                duration_ms=1200,
                words=(HookWord(kind="feedback", text="no"),),
            ),
            Progress.DONE,
            ["⚑ preToolUse hook blocked · 1.2 s", "  │ no"],
        ),
        (
            ApprovalReview(review_id="r", status=Review.IN_PROGRESS, kind="command", about="touch x"),
            Progress.OPEN,
            ["⚖ Reviewing: touch x"],
        ),
        (
            ApprovalReview(
                review_id="r",
                status=Review.DENIED,
                kind="networkAccess",
                about="https://x.y:443",
                risk="high",
                authorization="low",
                rationale="it is not needed",
            ),
            Progress.DONE,
            [
                "⚖ Denied for you: connect to https://x.y:443",
                "  risk high, asked for by you: low",
                "  it is not needed",
            ],
        ),
    ],
)
def test_each_entry_has_its_look(content: Content, progress: Progress, expected: list[str]) -> None:
    assert rows(content, progress=progress) == expected


def test_an_answer_whose_beginning_was_missed_says_so() -> None:
    assert rows(AgentMessage(id=ID, text="the end"), progress=Progress.OPEN, gap=True) == ["• …the end"]


def test_an_edit_shows_numbers_signs_and_counts() -> None:
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
        "± Edit 3 files (+2 -2)",
        "  Edit a.py → b.py (+1 -1)",
        "  1 1   same",
        "  2   - old",
        "    2 + new",
        "  Add /etc/x (+1 -0)",
        "  1 + one",
        "  Delete gone (+0 -1)",
        "  1 - was",
    ]


@pytest.mark.parametrize(
    ("status", "progress", "head"),
    [
        (ItemStatus.IN_PROGRESS, Progress.OPEN, "± Add x (+1 -0)"),
        (ItemStatus.DECLINED, Progress.DONE, "± Add x (not made, +1 -0)"),
        (ItemStatus.FAILED, Progress.DONE, "± Add x (failed, +1 -0)"),
        (ItemStatus.IN_PROGRESS, Progress.CUT, "± Add x (interrupted, +1 -0)"),
    ],
)
def test_an_edit_says_what_came_of_it(status: ItemStatus, progress: Progress, head: str) -> None:
    edit = FileChange(id=ID, status=status, changes=(Change(path="/w/x", kind=ChangeKind.ADD, diff="a"),))
    assert rows(edit, progress=progress)[0] == head
    assert rows(FileChange(id=ID, status=status), progress=progress) == ["± Edit"]


def test_an_edit_stands_side_by_side_when_asked() -> None:
    edit = FileChange(id=ID, changes=(Change(path="/w/a", diff="@@ -1 +1 @@\n-old\n+new\n"),))
    entry = Entry(("t", "i"), edit, Progress.DONE)
    made = Cell(entry).rows(Look(width=120, cwd="/w", side_by_side=True))
    assert made[1].text.split() == ["1", "-", "old", "│", "1", "+", "new"]


def test_what_is_folded_shows_when_unfolded() -> None:
    thought = Reasoning(id=ID, summary=("short",), content=("raw",))
    assert rows(thought) == ["∴ short"]
    assert rows(thought, unfolded=True) == ["∴ short", "", "  as thought:", "  │ raw"]
    assert rows(Reasoning(id=ID, content=("raw",))) == ["∴ raw"]

    call = ToolCall(
        id=ID,
        server="s",
        tool="t",
        title="App: act",
        status=ItemStatus.COMPLETED,
        arguments='{"a":1}',
        structured='{"b":2}',
        duration_ms=2000,
    )
    assert rows(call) == ['⚒ Called s.t (App: act) {"a":1} · 2.0 s', '  │ {"b":2}']
    assert rows(call, unfolded=True) == [
        "⚒ Called s.t (App: act) · 2.0 s",
        "    {",
        '      "a": 1',
        "    }",
        "  │ {",
        '  │   "b": 2',
        "  │ }",
    ]

    unknown = UnknownItem(id=ID, type="hologram", json='{"a":1}')
    assert rows(unknown, unfolded=True) == ["• (hologram)", "  │ {", '  │   "a": 1', "  │ }"]

    hook = HookRun(run_id="r", event="stop", status=HookStatus.COMPLETED, source="user", path="/h.toml")
    assert rows(hook, unfolded=True) == ["⚑ stop hook ran", "  user hook in /h.toml"]

    cited = AgentMessage(id=ID, text="a", citations=(Citation(path="m.md", first=1, last=2, note="n"),))
    assert rows(cited) == ["• a", "  (by 1 note from memory)"]
    assert rows(cited, unfolded=True) == ["• a", "  from memory: m.md:1-2 n"]


def test_an_answer_says_what_was_done_to_it() -> None:
    asked = AgentMessage(id=ID, text="a", moderated=True, questions=("which one?",))
    assert rows(asked) == ["• a", "  ? which one?", "  (the service changed this answer)"]


@pytest.mark.parametrize(
    ("call", "progress", "expected"),
    [
        (ToolCall(id=ID, tool="t", progress="half"), Progress.OPEN, ["⚒ Call t", "  ⋯ half"]),
        (ToolCall(id=ID, tool="t"), Progress.CUT, ["⚒ Called t", "  interrupted"]),
        (ToolCall(id=ID, tool="t", status=ItemStatus.FAILED), Progress.DONE, ["⚒ Called t", "  failed"]),
    ],
)
def test_a_call_says_how_far_it_is(call: ToolCall, progress: Progress, expected: list[str]) -> None:
    assert rows(call, progress=progress) == expected


def test_commentary_looks_lighter_than_an_answer() -> None:
    def is_dim(phase: str) -> bool:
        entry = Entry(("t", "i"), AgentMessage(id=ID), Progress.OPEN)
        cell = Cell(entry)
        cell.rows(Look(width=20))
        entry.put(AgentMessage(id=ID, text="words", phase=phase))
        cell.spoil()
        styles = [seg.style for strip in cell.rows(Look(width=20)) for seg in strip if seg.text == "words"]
        return all(style is not None and bool(style.dim) for style in styles)

    assert is_dim("commentary")
    assert not is_dim("final_answer")


def test_a_command_shows_what_was_typed_and_that_it_goes_on() -> None:
    left = command(status=ItemStatus.IN_PROGRESS, typed=("yes\n", "\x04"))
    assert rows(left, progress=Progress.BACKGROUND) == [
        "$ Run make test",
        "  ⌨ typed yes",
        "  ⌨ typed ␄",
        "  still running in the background",
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


def exploring(*actions: tuple[str, str], turn: str = "t", **more: object) -> Entry:
    found = tuple(
        CommandAction(kind=kind, command=f"{kind} it", target=target, query="q" if kind == "search" else "")
        for kind, target in actions
    )
    return Entry((turn, f"i{id(found)}"), command(actions=found, **more), Progress.DONE)


def placed(cells: list[Cell]) -> list[Cell]:
    for at, cell in enumerate(cells):
        cell.place = place_of([one.entry for one in cells], at)
    return cells


def drawn(*entries: Entry, unfolded: bool = False) -> tuple[list[Place], list[str]]:
    cells = placed([Cell(entry) for entry in entries])
    look = Look(width=60, cwd="/w", unfolded=unfolded)
    return (
        [cell.place for cell in cells],
        [strip.text.rstrip() for cell in cells for strip in cell.rows(look)],
    )


def test_commands_that_look_at_files_stand_below_one_heading() -> None:
    silent = Entry(("t", "r"), Reasoning(id=ID), Progress.DONE)
    places, shown = drawn(
        exploring(("read", "a.py"), exit_code=0),
        exploring(("search", "src"), ("listFiles", ""), exit_code=1),
        silent,
        exploring(("read", "b.py"), exit_code=0),
        Entry(("t", "c"), command(exit_code=0, output="x"), Progress.DONE),
        exploring(("read", "c.py"), exit_code=0),
        exploring(("read", "d.py"), exit_code=0, turn="other"),
    )
    assert shown == [
        "• Explored",
        "  └ Read a.py",
        "    Search q in src",
        "    List listFiles it · exit 1",
        "    Read b.py",
        "",
        "$ Ran make test",
        "  │ x",
        "",
        "• Explored",
        "  └ Read c.py",
        "",
        "• Explored",
        "  └ Read d.py",
        "",
    ]
    alone = Place.ALONE
    assert places == [Place.FIRST, Place.MIDDLE, alone, Place.LAST, alone, alone, alone]


def test_unfolded_each_of_them_shows_what_it_ran_and_gave() -> None:
    _, shown = drawn(exploring(("read", "a.py"), exit_code=0, output="text\n"), unfolded=True)
    assert shown == ["• Explored", "  └ Read a.py", "    $ make test", "  │ text", ""]


def test_a_command_of_the_user_s_own_is_shown_as_typed() -> None:
    _, shown = drawn(exploring(("read", "a.py"), exit_code=0, output="x", source="userShell"))
    assert shown == ["$ You ran make test", "  │ x", ""]


def test_a_cell_that_moves_in_its_group_is_drawn_anew() -> None:
    cells = [Cell(exploring(("read", "a.py"))), Cell(exploring(("read", "b.py")))]
    look = Look(width=40)
    assert [len(cell.rows(look)) for cell in cells] == [3, 3]
    placed(cells)
    assert not cells[0].is_fresh(look)
    assert [len(cell.rows(look)) for cell in cells] == [2, 2]
    placed(cells)
    assert all(cell.is_fresh(look) for cell in cells)


def test_a_review_says_once_what_it_is_asked_and_what_it_found() -> None:
    transcript = folded("0.169.0", "review")
    asked = next(at for at, e in enumerate(transcript.entries) if isinstance(e.content, ReviewMode))
    of_review = list(transcript.entries)[asked:]
    _, shown = drawn(*of_review)
    assert shown == [
        "◉ review of current changes",
        "",
        "◉ review finished",
        "",
        "  you said: Review the current code changes (staged,",
        "  unstaged, and untracked files) and provide prioritized",
        "  findings.",
        "",
    ]
    assert len(drawn(*of_review, unfolded=True)[1]) > len(shown)


def test_all_of_an_entry_can_be_copied() -> None:
    output = "".join(f"{n}\n" for n in range(100))
    cell = Cell(Entry(("t", "i"), command(output=output), Progress.DONE))
    assert cell.copy_text() == "$ make test\n" + output.rstrip()


def test_paths_in_entries_are_links() -> None:
    edit = FileChange(id=ID, changes=(Change(path="/w/a.py", kind=ChangeKind.ADD, diff="x"),))
    for content in (edit, ImageView(id=ID, path="/w/a.py"), exploring(("read", "/w/a.py")).content):
        made = Cell(Entry(("t", "i"), content, Progress.DONE)).rows(Look(width=40, cwd="/w"))
        found = [(seg.text, seg.style.meta.get("link")) for strip in made for seg in strip if seg.style]
        assert [link for text, link in found if text.endswith("a.py")] == ["file:/w/a.py"]


def test_a_growing_entry_is_made_anew_only_when_it_changed() -> None:
    entry = Entry(("t", "i"), AgentMessage(id=ID, text="a"), Progress.OPEN)
    cell, look = Cell(entry), Look(width=20)
    first = cell.rows(look)
    assert cell.rows(look) is first
    entry.put(AgentMessage(id=ID, text="b"))
    assert cell.rows(look) is first
    cell.spoil()
    assert cell.rows(look)[0].text.rstrip() == "• b"
    assert not cell.is_fresh(Look(width=10))


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(400, "0.4 s"), (12_000, "12 s"), (65_000, "1 min 05 s"), (7_380_000, "2 h 03 min")],
)
def test_durations_are_said_in_words(milliseconds: int, words: str) -> None:
    assert seconds(milliseconds) == words


BIG = 100_000


@pytest.mark.parametrize("unfolded", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        command(output="line\n" * BIG),
        FileChange(id=ID, changes=(Change(path="/w/a", kind=ChangeKind.ADD, diff="line\n" * BIG),)),
        ToolCall(id=ID, tool="t", arguments="a" * BIG, result="line\n" * BIG, structured="b" * BIG),
        ToolOutput(id=ID, output="line\n" * BIG),
        UserMessage(id=ID, text="line\n" * BIG),
        HookPrompt(id=ID, fragments=("line\n" * BIG,)),
        UnknownItem(id=ID, type="t", json='"' + "a" * BIG),
        AgentsCall(id=ID, prompt="line\n" * BIG),
    ],
    ids=lambda content: type(content).__name__ if not isinstance(content, bool) else str(content),
)
def test_an_entry_of_any_size_costs_what_is_shown(
    monkeypatch: pytest.MonkeyPatch, content: Content, unfolded: bool
) -> None:
    made: list[int] = []
    strip = wrapping._strip

    def counting(spans: Iterable[Span]) -> Strip:
        spans = list(spans)
        made.append(sum(len(text) for text, _ in spans))
        return strip(spans)

    monkeypatch.setattr(wrapping, "_strip", counting)
    shown = rows(content, unfolded=unfolded)
    assert len(made) < (20_000 if unfolded else 200)
    assert sum(made) < (400_000 if unfolded else 10_000)
    if unfolded or not isinstance(content, UnknownItem):
        assert any("more line" in row or "not kept" in row or len(row) == 60 for row in shown)
