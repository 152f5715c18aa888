"""A replay is looked at with the keys of the TUI, and nothing can be said in it."""

from __future__ import annotations

from codex_ssh.core.recording import Heard, Sent
from codex_ssh.core.rpc import Notification, Request, Response
from tests.tui.conversation import Script
from tests.tui.roll import Roll, open_replay, recorder_of
from tests.tui.stage import open_stage
from tests.tui.test_player import OPENED, recording, said


def asked(number: int = 7) -> Heard:
    params = {
        "threadId": "t-1",
        "turnId": "turn-1",
        "itemId": "i",
        "command": "make",
        "cwd": "/w",
        "availableDecisions": ["accept", "decline"],
    }
    return Heard(Request(id=number, method="item/commandExecution/requestApproval", params=params))


async def test_the_keys_of_a_replay_pause_step_and_go_to_the_end() -> None:
    messages = [said(f"answer {number}", str(number)) for number in range(5)]
    async with open_replay(recording(*OPENED, *messages), speed=0.001) as replay:
        await replay.pilot.press("space")
        await replay.wait_text("‖ replay")
        at = replay.player.position
        await replay.pilot.press("full_stop", "right")
        await replay.wait(lambda: replay.player.position == at + 2, "two steps")
        await replay.pilot.press("greater_than_sign")
        await replay.wait_text("answer 4")
        await replay.wait_over()


async def test_a_replay_is_searched_and_read_with_the_keys_of_the_tui() -> None:
    messages = [said(f"answer {number}", str(number)) for number in range(5)]
    async with open_replay(recording(*OPENED, *messages)) as replay:
        await replay.wait_over()
        await replay.pilot.press("f3", *"answer", "up")
        await replay.wait_text("4 of 5")
        await replay.pilot.press("enter", "k", "escape")
        await replay.pilot.press("x", "f4", "x")
        await replay.pilot.press("f6")
        await replay.wait(lambda: "• answer" not in replay.screen(), "nothing but text")
        await replay.pilot.press("f6")
        await replay.wait_text("• answer 3")


async def test_it_says_that_it_is_a_replay_and_where_it_is() -> None:
    async with open_replay(recording(*OPENED, said("hello"))) as replay:
        await replay.wait_over()
        screen = replay.screen()
        assert "a replay: Space pauses, . steps, > goes to the end, Ctrl+Q leaves" in screen
        assert "■ replay 0:00/0:00 · 3/3" in screen


async def test_what_is_typed_goes_nowhere() -> None:
    async with open_replay(recording(*OPENED, said("hello"))) as replay:
        await replay.wait_over()
        await replay.pilot.press("h", "i", "enter")
        await replay.pilot.pause()
        assert replay.app.composer.text == ""
        assert replay.chat.said() == []


async def test_no_key_and_no_click_answers_an_approval() -> None:
    async with open_replay(recording(*OPENED, asked())) as replay:
        await replay.wait_over()
        await replay.wait_text("Run this command?")
        await replay.pilot.press("tab", "y", "1", "enter", "d")
        await replay.pilot.click("AskCard", offset=(4, 5))
        await replay.pilot.pause()
        assert [ask.request_id for ask in replay.chat.asks] == [7]
        assert "Run this command?" in replay.screen()


async def test_questions_are_shown_until_they_were_answered_and_the_keys_still_work() -> None:
    question = {
        "id": "q",
        "header": "H",
        "question": "Which way?",
        "options": [{"label": "left", "description": ""}],
    }
    ask = Request(
        id=3,
        method="item/tool/requestUserInput",
        params={"threadId": "t-1", "turnId": "turn-1", "itemId": "i", "questions": [question]},
    )
    answers = {"answers": {"q": {"answers": ["left"]}}}
    resolved = Heard(
        Notification(method="serverRequest/resolved", params={"threadId": "t-1", "requestId": 3})
    )
    events = (*OPENED, Heard(ask), Sent(Response(id=3, result=answers)), resolved, said("left it is"))
    async with open_replay(recording(*events), speed=1.0, paused=True) as replay:
        for _ in range(3):
            await replay.pilot.press("full_stop")
        await replay.wait_text("Which way?")
        await replay.pilot.press("full_stop", "full_stop", "full_stop")
        await replay.wait_text("left it is")
        assert "Which way?" not in replay.screen()


async def test_it_is_scrolled_and_unfolded_as_ever() -> None:
    output = "".join(f"line {number}\n" for number in range(200))
    item = {
        "type": "commandExecution",
        "id": "c",
        "command": "seq",
        "status": "completed",
        "aggregatedOutput": output,
    }
    done = Heard(
        Notification(method="item/completed", params={"threadId": "t-1", "turnId": "turn-1", "item": item})
    )
    async with open_replay(recording(*OPENED, done)) as replay:
        await replay.wait_over()
        await replay.wait_text("more lines")
        await replay.pilot.press("ctrl+o")
        await replay.wait_text("line 199")
        await replay.pilot.press("pageup", "pageup")
        await replay.wait_text("line 160")


async def test_a_text_is_found_in_it_with_spaces_and_stops_typed_as_they_are() -> None:
    messages = [said(f"answer number {number}. Yes.", str(number)) for number in range(30)]
    async with open_replay(recording(*OPENED, *messages)) as replay:
        await replay.wait_over()
        await replay.wait_text("number 29")
        await replay.pilot.press("f3")
        await replay.wait(lambda: replay.app.focused is not None, "the field to search")
        for key in ("n", "u", "m", "b", "e", "r", "space", "3", "full_stop"):
            await replay.pilot.press(key)
        await replay.wait_text("number 3. Yes.")
        assert not replay.player.is_paused
        await replay.pilot.press("escape", "space")
        await replay.wait(lambda: replay.player.is_paused, "the key counts again")


async def test_a_recording_of_a_recording_is_not_made_by_looking_at_it() -> None:
    """What a chat does in a replay is answered from the recording alone: the script is not asked again."""
    script, roll = Script(), Roll()
    async with open_stage(script, through=recorder_of(script, roll)) as stage:
        await stage.type("hello")
        await stage.wait_call("turn/start")
    calls = list(script.calls)
    async with open_replay(roll.recording()) as replay:
        await replay.wait_over()
    assert script.calls == calls
