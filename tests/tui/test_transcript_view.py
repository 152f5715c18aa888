"""The transcript stays where the reader is, follows the end otherwise, and wraps only what is looked at."""

from codex_ssh.tui.widgets.transcript_view import TranscriptView
from tests.tui.conversation import Script
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
        assert view(stage).following


async def test_only_what_is_visible_is_wrapped() -> None:
    async with open_stage(filled(500), ready=False) as stage:
        await stage.wait_text("entry 499 ")
        assert sum(cell.height > 0 for cell in view(stage)._cells) < 60


async def test_a_reader_who_scrolled_away_stays_there() -> None:
    async with open_stage(filled(200), ready=False) as stage:
        await stage.wait_text("entry 199 ")
        for _ in range(5):
            await stage.pilot.press("pageup")
        await stage.pilot.pause()
        before = top_rows(stage)
        for number in range(20):
            stage.script.item("agentMessage", f"b{number}", text=f"later {number}")
        await stage.wait(lambda: len(view(stage)._cells) == 220, "the new entries")
        await stage.pilot.pause()
        assert top_rows(stage) == before
        assert not view(stage).following
        await stage.pilot.press("ctrl+end")
        await stage.wait_text("later 19")


async def test_a_resize_keeps_the_entry_at_the_top() -> None:
    async with open_stage(filled(100), ready=False) as stage:
        await stage.wait_text("entry 99 ")
        view(stage).scroll_to(y=view(stage)._tops[40], animate=False)
        await stage.wait_text("entry 40 ")
        for size in ((120, 30), (40, 20), (80, 24)):
            await stage.pilot.resize_terminal(*size)
            await stage.wait(lambda: view(stage)._anchor, "an anchor")
            await stage.pilot.pause()
            anchor = view(stage)._anchor
            assert anchor is not None
            assert anchor[0].entry.key[1] == "a40"
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


async def test_text_can_be_selected() -> None:
    async with open_stage(filled(3), ready=False) as stage:
        await stage.wait_text("entry 2 ")
        await stage.pilot.mouse_down(TranscriptView, offset=(3, 0))
        await stage.pilot.hover(TranscriptView, offset=(12, 0))
        await stage.pilot.mouse_up(TranscriptView, offset=(12, 0))
        await stage.wait(stage.app.screen.get_selected_text, "a selection")
        assert "entry 0" in str(stage.app.screen.get_selected_text())
