"""Finding, reading by keyboard, copying, opening links: what each key does."""

from __future__ import annotations

from collections.abc import Callable

from textual.events import Key

from codex_ssh.core.rpc import Json
from codex_ssh.core.terminal_codes import MOUSE_OFF, MOUSE_ON
from codex_ssh.core.tui_settings import TuiSettings
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.widgets.transcript_view import TranscriptView
from tests.tui.conversation import Script
from tests.tui.machine import Machine
from tests.tui.stage import Stage, open_stage

OUTPUT = "".join(f"out {number}\n" for number in range(40))


def said(script: Script, number: int, text: str) -> None:
    script.item("userMessage", f"u{number}", content=[{"type": "text", "text": text}])


def conversation(count: int = 12) -> Script:
    """Questions, answers with links, and commands with more output than is shown."""
    script = Script()
    script.turn()
    for number in range(count):
        said(script, number, f"question {number}")
        script.item("agentMessage", f"a{number}", text=f"answer {number} in src/main.py:7 of **it**")
        script.item(
            "commandExecution",
            f"c{number}",
            command=f"seq {number}",
            status="completed",
            aggregatedOutput=OUTPUT,
            exitCode=0,
        )
    return script


def chosen(stage: Stage) -> str:
    """Give the id of the item the cursor is on; empty when there is none."""
    key = stage.app.pane._cursor.key
    return key[1] if key is not None else ""


def view(stage: Stage) -> TranscriptView:
    return stage.app.view


def marked(stage: Stage, which: Callable[[object], bool] = lambda _: True) -> list[str]:
    """Give the pieces of text that are drawn in another look, from the top."""
    return [
        strip.crop(span.start, span.end).text
        for strip, marks in view(stage)._drawn
        for span, style in marks
        if which(style)
    ]


# -------------------------------------------------------------------- finding


async def test_what_is_typed_is_found_at_once_and_the_keys_go_from_match_to_match() -> None:
    async with open_stage(conversation(), ready=False) as stage:
        await stage.wait_text("$ Ran seq 11")
        await stage.pilot.press("f3")
        await stage.type("answer", then="")
        await stage.wait_text("12 of 12")
        await stage.pilot.press("up")
        await stage.wait_text("11 of 12")
        assert marked(stage).count("answer") >= 2
        await stage.pilot.press("down")
        await stage.wait_text("12 of 12")
        await stage.type(" 3", then="")
        await stage.wait_text("1 of 1")
        assert "answer 3 in" in stage.screen()
        await stage.pilot.press("x")
        await stage.wait_text("not found")
        await stage.pilot.press("escape")
        await stage.wait_gone("not found")
        await stage.wait(lambda: view(stage).window.following, "the end again")
        assert stage.composer.has_focus
        assert marked(stage) == []


async def test_giving_up_leads_back_to_where_the_reader_was() -> None:
    async with open_stage(conversation(), ready=False) as stage:
        await stage.wait_text("$ Ran seq 11")
        await stage.pilot.press("pageup", "pageup")
        before = [placed[:2] for placed in view(stage).window.rows]
        await stage.pilot.press("alt+slash")
        await stage.type("answer 0", then="")
        await stage.wait_text("1 of 1")
        assert [placed[:2] for placed in view(stage).window.rows] != before
        await stage.pilot.press("escape")
        # The line for finding takes one row while it is there.
        await stage.wait(lambda: [placed[:2] for placed in view(stage).window.rows] == before, "the place")


async def test_what_is_folded_away_is_unfolded_while_it_is_looked_at() -> None:
    async with open_stage(conversation(3), ready=False) as stage:
        await stage.wait_text("$ Ran seq 2")
        await stage.type("/find out 7")
        await stage.wait_text("3 of 3")
        await stage.wait_text("out 7\n")
        await stage.pilot.press("up")
        await stage.wait_text("2 of 3")
        window = view(stage).window
        assert [window.is_unfolded(at) for at in (2, 5, 8)] == [False, True, False]
        await stage.pilot.press("escape")
        await stage.wait(lambda: not window.is_unfolded(5), "it is folded back")


async def test_a_match_is_read_from_by_keyboard_and_the_next_ones_too() -> None:
    async with open_stage(conversation(), ready=False) as stage:
        await stage.wait_text("$ Ran seq 11")
        await stage.type("/find question")
        await stage.wait_text("12 of 12")
        await stage.pilot.press("enter")
        await stage.wait(lambda: chosen(stage) == "u11", "the cursor at the match")
        await stage.pilot.press("n", "n")
        assert chosen(stage) == "u9"
        await stage.pilot.press("N")
        assert chosen(stage) == "u10"
        await stage.pilot.press("escape")
        assert stage.composer.has_focus
        assert marked(stage) == []


async def test_what_streams_in_is_found_too() -> None:
    async with open_stage(conversation(2), ready=False) as stage:
        await stage.wait_text("$ Ran seq 1")
        await stage.type("/find answer")
        await stage.wait_text("2 of 2")
        stage.script.delta("z", "another answer")
        await stage.wait_text("2 of 3")


def page(name: str, count: int, cursor: str | None = None) -> Json:
    items = [
        {"turnId": f"{name}-{at}", "item": {"type": "agentMessage", "id": "i", "text": f"{name} line {at}"}}
        for at in range(count)
    ]
    return {"data": items[::-1], "nextCursor": cursor}


def paged(*names: str) -> Script:
    """Give a thread with pages of history, the newest first."""
    script = Script()
    pages = {
        str(at) if at else None: page(name, 30, str(at + 1) if at + 1 < len(names) else None)
        for at, name in enumerate(names)
    }
    script.replies["thread/items/list"] = lambda params: pages[params.get("cursor")]
    return script


async def test_older_history_is_looked_through_when_it_is_wanted() -> None:
    options = TuiOptions(resume="t-1", grace_seconds=0)
    async with open_stage(paged("new", "old", "older", "oldest"), options=options) as stage:
        await stage.wait_text("new line 29")
        await stage.type("/find older line 7")
        await stage.wait_text("not found · up: older history")
        assert len(stage.script.asked("thread/items/list")) == 1
        await stage.pilot.press("up")
        await stage.wait_text("1 of 1")
        assert "older line 7" in stage.screen()
        assert len(stage.script.asked("thread/items/list")) == 3


async def test_looking_through_older_history_ends_with_it() -> None:
    options = TuiOptions(resume="t-1", grace_seconds=0)
    async with open_stage(paged("new", "old"), options=options) as stage:
        await stage.wait_text("new line 29")
        await stage.type("/find nowhere")
        await stage.wait_text("not found · up: older history")
        await stage.pilot.press("up")
        await stage.wait(lambda: len(view(stage).window.entries) == 60, "all of it")
        await stage.wait_text("not found")
        await stage.wait_gone("older history")


async def test_what_is_typed_right_behind_the_key_is_meant_for_it() -> None:
    async with open_stage(conversation(2), ready=False) as stage:
        await stage.wait_text("$ Ran seq 1")
        for key, character in (("f3", None), ("a", "a"), ("n", "n")):
            stage.app.post_message(Key(key, character))
        await stage.wait_text("find an")
        assert stage.composer.text == ""


async def test_every_other_key_for_finding() -> None:
    async with open_stage(conversation(), ready=False) as stage:
        await stage.wait_text("$ Ran seq 11")
        await stage.pilot.press("f4", "slash")
        await stage.type("question", then="")
        await stage.wait_text("12 of 12")
        await stage.pilot.press("f3", "f3")
        await stage.wait_text("10 of 12")
        await stage.pilot.press("shift+f3")
        await stage.wait_text("11 of 12")
        await stage.pilot.press("escape")
        await stage.wait(lambda: view(stage).has_focus, "reading again")
        assert chosen(stage) == "c11"


# -------------------------------------------------------------------- reading


async def test_the_cursor_goes_from_entry_to_entry_and_the_status_line_says_the_keys() -> None:
    async with open_stage(conversation(), ready=False) as stage:
        await stage.wait_text("$ Ran seq 11")
        await stage.pilot.press("f4")
        await stage.wait_text("reading · k above j below")
        assert chosen(stage) == "c11"
        # A bar beside the entry: the first cell of each of its rows.
        assert [mark for mark in marked(stage) if len(mark) == 1][:2] == ["$", " "]
        await stage.pilot.press("up", "k")
        assert chosen(stage) == "u11"
        assert marked(stage) == ["›"]
        await stage.pilot.press("down", "j")
        assert chosen(stage) == "c11"
        await stage.pilot.press("left_square_bracket")
        assert chosen(stage) == "u11"
        await stage.pilot.press("left_square_bracket")
        assert chosen(stage) == "u10"
        await stage.wait_text("› question 10")
        await stage.pilot.press("right_square_bracket")
        assert chosen(stage) == "u11"
        await stage.pilot.press("home")
        assert chosen(stage) == "u0"
        await stage.wait_text("› question 0")
        await stage.pilot.press("ctrl+d", "ctrl+d", "ctrl+d")
        assert chosen(stage) not in ("", "u0")
        await stage.pilot.press("G")
        assert chosen(stage) == "c11"
        await stage.pilot.press("q")
        assert stage.composer.has_focus
        assert stage.composer.text == ""
        assert view(stage).window.following
        assert marked(stage) == []
        stage.script.turn("completed")
        await stage.wait_text("idle")
        await stage.pilot.press("f4", "escape", "f3", "escape")
        await stage.pilot.pause()
        assert "esc again" not in stage.screen()


async def test_the_other_keys_that_scroll() -> None:
    async with open_stage(conversation(), ready=False) as stage:
        await stage.wait_text("$ Ran seq 11")
        window = view(stage).window
        await stage.pilot.press("ctrl+home")
        await stage.wait_text("› question 0")
        assert (window.rows[0].at, window.following) == (0, False)
        await stage.pilot.press("ctrl+pagedown")
        assert window.top == (view(stage).size.height - 2) // 2
        await stage.pilot.press("ctrl+pageup")
        assert window.top == 0
        await stage.pilot.press("f4", "end")
        assert chosen(stage) == "c11"
        await stage.pilot.press("ctrl+u", "ctrl+u")
        assert chosen(stage) not in ("", "c11")
        assert not window.following
        await stage.pilot.press("pageup")
        assert window.rows[0].at <= (window.at(("turn-1", chosen(stage))) or 0) <= window.rows[-1].at
        await stage.pilot.press("escape", "ctrl+end")
        await stage.wait(lambda: window.following, "the end")


async def test_another_letter_goes_to_the_composer() -> None:
    async with open_stage(conversation(1), ready=False) as stage:
        await stage.wait_text("$ Ran seq 0")
        await stage.pilot.press("alt+t")
        await stage.wait_text("reading ·")
        await stage.pilot.press("W")
        await stage.wait(lambda: stage.composer.text == "W", "it is typed")
        assert stage.composer.has_focus
        assert chosen(stage) == ""


async def test_one_entry_is_folded_and_stays_so_while_it_grows() -> None:
    async with open_stage(conversation(1), ready=False) as stage:
        await stage.wait_text("… 34 more lines")
        await stage.pilot.press("f4", "space")
        await stage.wait_gone("… 34 more lines")
        await stage.pilot.press("enter")
        await stage.wait_text("… 34 more lines")


async def test_a_fold_says_the_key_the_user_chose() -> None:
    options = TuiOptions(grace_seconds=0, settings=TuiSettings(keys={"transcript.unfold": ("f9",)}))
    async with open_stage(conversation(1), ready=False, options=options) as stage:
        await stage.wait_text("… 34 more lines (f9)")
        await stage.pilot.press("f9")
        await stage.wait_gone("… 34 more lines")


async def test_a_tall_entry_is_read_to_its_end_before_the_next_one() -> None:
    async with open_stage(conversation(2), ready=False) as stage:
        await stage.wait_text("$ Ran seq 1")
        await stage.pilot.press("home", "f4", "g", "j", "j", "space")
        assert chosen(stage) == "c0"
        presses = 0
        while chosen(stage) == "c0":
            await stage.pilot.press("j")
            presses += 1
        assert presses > 2
        assert chosen(stage) == "u1"
        await stage.pilot.press("k")
        assert chosen(stage) == "c0"
        assert "out 39" in stage.screen()


async def test_what_streams_in_does_not_move_what_is_read() -> None:
    async with open_stage(conversation(), ready=False) as stage:
        await stage.wait_text("$ Ran seq 11")
        await stage.pilot.press("f4", "k")
        before = [placed[:2] for placed in view(stage).window.rows]
        for number in range(5):
            stage.script.item("agentMessage", f"b{number}", text=f"later {number}")
        await stage.wait(lambda: len(view(stage).window.entries) == 41, "they are there")
        assert [placed[:2] for placed in view(stage).window.rows] == before
        assert chosen(stage) == "a11"


async def test_an_approval_can_be_answered_while_reading() -> None:
    async with open_stage(conversation(1), ready=False) as stage:
        await stage.wait_text("$ Ran seq 0")
        await stage.pilot.press("f4")
        await stage.wait_text("reading ·")
        stage.script.ask_command()
        await stage.wait_text("Run this command?")
        assert view(stage).has_focus
        await stage.pilot.press("tab", "y")
        await stage.wait(lambda: stage.script.answers, "the answer")
        await stage.wait(lambda: stage.composer.has_focus, "the composer")
        assert chosen(stage) == ""


# -------------------------------------------------------------------- copying


async def test_an_entry_is_copied_whole() -> None:
    machine = Machine()
    async with open_stage(conversation(1), ready=False, desk=machine) as stage:
        await stage.wait_text("$ Ran seq 0")
        await stage.pilot.press("f4", "c")
        await stage.wait(lambda: machine.copied, "a copy")
        assert machine.copied == ["$ seq 0\n" + OUTPUT.rstrip("\n")]
        await stage.wait_text("41 lines copied to the clipboard")


async def test_nothing_but_text_is_shown_for_the_selection_of_the_terminal() -> None:
    async with open_stage(conversation(1), ready=False) as stage:
        await stage.wait_text("$ Ran seq 0")
        written: list[str] = []
        stage.app.write_terminal = written.append  # type: ignore[method-assign, assignment]
        await stage.pilot.press("alt+r")
        await stage.wait_text("nothing but text, f6: back")
        stage.app.view.window.bring(0, 0, 0)
        stage.app.view.draw()
        await stage.wait(lambda: stage.screen().startswith("question 0\n"), "text alone")
        assert "\nanswer 0 in src/main.py:7 of **it**\n" in stage.screen()
        assert "\n$ seq 0\nout 0\nout 1\n" in stage.screen()
        assert MOUSE_OFF in written
        assert MOUSE_ON not in written
        await stage.type("/raw")
        await stage.wait_text("$ Ran seq 0")
        assert MOUSE_ON in written


# -------------------------------------------------------------------- edits


async def test_edits_are_shown_side_by_side_and_back() -> None:
    async with open_stage(size=(140, 30)) as stage:
        stage.script.turn()
        diff = "@@ -1,2 +1,2 @@\n one\n-old line\n+new line\n"
        changes = [{"path": "/w/a.py", "kind": {"type": "update"}, "diff": diff}]
        stage.script.item("fileChange", "f", status="completed", changes=changes)
        await stage.wait_text("new line")
        assert not any("old line" in row and "new line" in row for row in stage.screen().splitlines())
        await stage.pilot.press("f5")
        await stage.wait(
            lambda: any("old line" in row and "new line" in row for row in stage.screen().splitlines()),
            "two columns",
        )
        await stage.wait_text("edits side by side")
        await stage.pilot.press("f5")
        await stage.wait_text("edits in one column")
