"""The transcript stays where the reader is, follows the end otherwise, and wraps only what is looked at."""

from functools import partial

from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Offset
from textual.scrollbar import ScrollDown, ScrollTo, ScrollUp

from codex_ssh.errors import DeskFailed
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen
from codex_ssh.tui.widgets.transcript_view import TranscriptView
from tests.tui.conversation import Script
from tests.tui.machine import Machine
from tests.tui.stage import Stage, open_stage


def filled(count: int) -> Script:
    script = Script()
    script.turn()
    for number in range(count):
        script.item("agentMessage", f"a{number}", text=f"entry {number} " + "with words to wrap " * 8)
    return script


def view(stage: Stage) -> TranscriptView:
    return stage.app.query_one(TranscriptView)


def top_rows(stage: Stage) -> list[str]:
    """Give the upper rows without the scroll bar."""
    return [line[:78].rstrip() for line in stage.screen().splitlines()[:15]]


async def test_the_end_is_followed() -> None:
    async with open_stage(filled(200), ready=False) as stage:
        await stage.wait_text("entry 199 ")
        stage.script.item("agentMessage", "new", text="the newest")
        await stage.wait_text("the newest")
        assert view(stage).window.following


async def test_only_what_is_visible_is_wrapped() -> None:
    async with open_stage(filled(500), ready=False) as stage:
        await stage.wait_text("entry 499 ")
        assert len(view(stage).window._cells) < 60


async def test_a_reader_who_scrolled_away_stays_there() -> None:
    async with open_stage(filled(200), ready=False) as stage:
        await stage.wait_text("entry 199 ")
        for _ in range(5):
            await stage.pilot.press("pageup")
        await stage.pilot.pause()
        before = top_rows(stage)
        for number in range(20):
            stage.script.item("agentMessage", f"b{number}", text=f"later {number}")
        await stage.wait(lambda: len(view(stage).window.entries) == 220, "the new entries")
        await stage.pilot.pause()
        assert top_rows(stage) == before
        assert not view(stage).window.following
        await stage.pilot.press("ctrl+end")
        await stage.wait_text("later 19")


def has_height(stage: Stage, height: int) -> bool:
    return view(stage).size.height == height


async def test_a_resize_keeps_the_entry_at_the_top() -> None:
    async with open_stage(filled(100), ready=False) as stage:
        await stage.wait_text("entry 99 ")
        view(stage).window.bring(40, 0, 0)
        view(stage).draw()
        await stage.wait_text("entry 40 ")
        for size in ((120, 30), (40, 20), (80, 24)):
            await stage.pilot.resize_terminal(*size)
            await stage.wait(partial(has_height, stage, size[1] - 4), "the new size")
            await stage.pilot.pause()
            rows = [line for line in stage.screen().splitlines() if line.strip()]
            assert "entry 40 " in rows[0]


async def test_every_size_works() -> None:
    async with open_stage(filled(30), ready=False) as stage:
        await stage.wait_text("entry 29 ")
        stage.script.ask_command()
        await stage.wait_text("Run this command?")
        for size in ((40, 20), (300, 100), (20, 8), (80, 24)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
        await stage.wait_text("Run this command?")
        await stage.wait_text("no, and stop the turn")


async def test_typing_is_shown_while_an_answer_streams_into_a_long_transcript() -> None:
    async with open_stage(filled(1000), ready=False) as stage:
        await stage.wait_text("entry 999 ")
        for number in range(300):
            stage.script.delta("z", f"word{number} ")
        await stage.type("typed meanwhile", then="")
        await stage.wait_text("typed meanwhile")
        await stage.wait_text("word299")


async def drag(stage: Stage, start: tuple[int, int], end: tuple[int, int]) -> None:
    await stage.pilot.mouse_down(TranscriptView, offset=start)
    await stage.pilot.hover(TranscriptView, offset=end)
    await stage.pilot.mouse_up(TranscriptView, offset=end)


async def test_what_is_selected_with_the_mouse_is_copied_as_it_was_written() -> None:
    desk = Machine()
    async with open_stage(filled(3), ready=False, desk=desk) as stage:
        await stage.wait_text("entry 2 ")
        await drag(stage, (3, 0), (70, 2))
        await stage.wait(lambda: desk.copied, "a copy")
        assert desk.copied == ["entry 0 " + "with words to wrap " * 7 + "with words to wrap"]
        await stage.wait_text("the selection copied to the clipboard")
        marked = [row for row, (_, spans) in enumerate(view(stage)._drawn) if spans]
        assert marked == [0, 1, 2]
        await drag(stage, (3, 0), (9, 4))
        await stage.wait(lambda: desk.copied[1:], "another copy")
        assert desk.copied[1].endswith("wrap\n\nentry 1")
        await stage.wait_text("3 lines copied to the clipboard")


async def test_a_second_click_selects_a_word_and_a_third_a_line() -> None:
    desk = Machine()
    async with open_stage(filled(1), ready=False, desk=desk) as stage:
        await stage.wait_text("entry 0 ")
        await stage.pilot.click(TranscriptView, offset=(3, 0), times=2)
        await stage.wait(lambda: desk.copied, "a word")
        assert desk.copied == ["entry"]
        await stage.pilot.click(TranscriptView, offset=(3, 1), times=3)
        await stage.wait(lambda: len(desk.copied) == 3, "a line")
        assert desk.copied[2].startswith("entry 0 with words")


async def test_ctrl_c_copies_what_is_selected_once_more_instead_of_leaving() -> None:
    desk = Machine()
    async with open_stage(filled(1), ready=False, desk=desk) as stage:
        await stage.wait_text("entry 0 ")
        await drag(stage, (3, 0), (7, 0))
        await stage.wait(lambda: desk.copied, "a copy")
        await stage.pilot.press("ctrl+c")
        await stage.wait(lambda: desk.copied == ["entry", "entry"], "a second copy")
        assert view(stage).selection is None
        assert "leaves" not in stage.screen()


async def test_what_cannot_be_copied_is_said() -> None:
    desk = Machine()
    desk.failure = DeskFailed("100 kB are too much for this terminal")
    async with open_stage(filled(1), ready=False, desk=desk) as stage:
        await stage.wait_text("entry 0 ")
        await drag(stage, (3, 0), (7, 0))
        await stage.wait_text("not copied: 100 kB are too much for this terminal")


async def test_a_selection_stays_on_its_text_while_more_comes() -> None:
    async with open_stage(filled(40), ready=False, desk=Machine()) as stage:
        await stage.wait_text("entry 39 ")
        await stage.pilot.mouse_down(TranscriptView, offset=(3, 9))
        await stage.pilot.hover(TranscriptView, offset=(9, 9))
        selection = view(stage).selection
        assert selection is not None
        before = top_rows(stage)
        stage.script.item("agentMessage", "more", text="while it is selected")
        await stage.wait(lambda: len(view(stage).window.entries) == 41, "the new entry")
        assert top_rows(stage) == before
        await stage.pilot.mouse_up(TranscriptView, offset=(9, 9))
        await stage.wait_text("while it is selected")
        text = selection.text(view(stage).window.at, view(stage).window.rows_of)
        assert text == before[9][3:10]


async def test_a_dialog_takes_the_mouse_away() -> None:
    desk = Machine()
    async with open_stage(filled(40), ready=False, desk=desk) as stage:
        await stage.wait_text("entry 39 ")
        await stage.pilot.mouse_down(TranscriptView, offset=(3, 9))
        await stage.pilot.hover(TranscriptView, offset=(9, 9))
        assert not view(stage).window.following
        stage.app.push_screen(ConfirmScreen("sure?"))
        await stage.wait_text("sure?")
        await stage.wait(lambda: view(stage).window.following, "it is let go of")
        await stage.pilot.press("escape")
        await stage.wait_gone("sure?")
        await stage.pilot.hover(TranscriptView, offset=(20, 3))
        await stage.pilot.mouse_up(TranscriptView, offset=(20, 3))
        await stage.pilot.pause()
        assert desk.copied == []


async def test_a_click_means_what_was_under_the_mouse_when_it_went_down() -> None:
    async with open_stage(filled(3), ready=False) as stage:
        output = "".join(f"out {n}\n" for n in range(40))
        stage.script.item(
            "commandExecution", "c", command="seq", status="completed", aggregatedOutput=output, exitCode=0
        )
        await stage.wait_text("… 34 more lines")
        row = next(y for y, line in enumerate(stage.screen().splitlines()) if "34 more" in line)
        await stage.pilot.mouse_down(TranscriptView, offset=(8, row))
        stage.script.item("agentMessage", "more", text="more\n\n" * 9)
        await stage.wait(lambda: len(view(stage).window.entries) == 5, "the new entry")
        await stage.pilot.mouse_up(TranscriptView, offset=(8, row))
        await stage.wait_text("out 0")
        assert "… 34 more lines" not in stage.screen()


async def test_the_view_scrolls_while_the_mouse_is_held_below_it() -> None:
    desk = Machine()
    async with open_stage(filled(40), ready=False, desk=desk) as stage:
        await stage.wait_text("entry 39 ")
        view(stage).window.bring(20, 0, 0)
        view(stage).draw()
        await stage.pilot.mouse_down(TranscriptView, offset=(3, 0))
        await stage.pilot.hover(TranscriptView, offset=(9, 5))
        await stage.pilot.hover("Composer", offset=(9, 2))
        await stage.wait(lambda: view(stage).window.rows[0].at > 21, "it scrolls")
        await stage.pilot.mouse_up("Composer", offset=(9, 2))
        await stage.wait(lambda: desk.copied, "a copy")
        assert desk.copied[0].startswith("entry 20")
        assert "entry 24" in desk.copied[0]


async def test_the_wheel_scrolls_and_what_came_below_is_counted() -> None:
    async with open_stage(filled(40), ready=False) as stage:
        await stage.wait_text("entry 39 ")
        before = top_rows(stage)
        await stage.pilot._post_mouse_events([MouseScrollUp], TranscriptView, offset=Offset(5, 5))
        await stage.wait(lambda: top_rows(stage)[3:] == before[:-3], "three rows up")
        stage.script.delta("z", "text")
        await stage.wait(lambda: len(view(stage).window.entries) == 41, "the entry")
        stage.script.item("agentMessage", "new", text="the newest")
        await stage.wait_text("↓ 2 new below")
        for _ in range(4):
            await stage.pilot._post_mouse_events([MouseScrollDown], TranscriptView, offset=Offset(5, 5))
        await stage.wait_text("the newest")
        await stage.wait(lambda: view(stage).window.following, "it follows")
        await stage.wait_gone("new below")


async def test_dragging_the_scroll_bar_goes_there() -> None:
    async with open_stage(filled(400), ready=False) as stage:
        await stage.wait_text("entry 399 ")
        view(stage).post_message(ScrollTo(y=600))
        await stage.wait(lambda: not view(stage).window.following, "it does not follow")
        assert view(stage).window.rows[0].at == 200
        view(stage).post_message(ScrollUp())
        await stage.wait_text("entry 197 ")
        view(stage).post_message(ScrollDown())
        await stage.wait_gone("entry 197 ")
        view(stage).post_message(ScrollTo(y=view(stage).max_scroll_y))
        await stage.wait_text("entry 399 ")
        assert view(stage).window.following


async def test_only_a_mark_a_gutter_or_a_fold_is_clicked_to_unfold() -> None:
    async with open_stage() as stage:
        output = "".join(f"out {n}\n" for n in range(40))
        stage.script.turn()
        stage.script.item(
            "commandExecution", "c", command="seq", status="completed", aggregatedOutput=output, exitCode=0
        )
        await stage.wait_text("… 34 more lines")
        await stage.pilot.click(TranscriptView, offset=(7, 3))
        await stage.pilot.pause(0.5)
        assert "… 34 more lines" in stage.screen()
        await stage.pilot.click(TranscriptView, offset=(6, 1))
        await stage.wait_gone("more lines")
        await stage.pilot.click(TranscriptView, offset=(3, 3))
        await stage.wait_text("… 34 more lines")


async def test_the_end_stays_in_view_when_an_approval_comes_and_goes() -> None:
    script = Script()
    async with open_stage(script, size=(80, 30)) as stage:
        script.turn()
        for number in range(40):
            script.item("agentMessage", f"a{number}", text=f"answer {number}")
        await stage.wait_text("answer 39")
        for number in range(3):
            script.ask_command(number)
            await stage.wait_text("Run this command?")
            await stage.pilot.press("y")
            await stage.wait_gone("Run this command?")
            script.item("agentMessage", f"b{number}", text=f"and then {number}")
            await stage.wait_text(f"and then {number}")
