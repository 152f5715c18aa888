"""A recording that is played comes to what it was, and is asked nothing it does not know."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.recording import (
    Header,
    Heard,
    Moment,
    Recording,
    Sent,
    SessionBegan,
    SessionLost,
    Stopped,
)
from codex_ssh.core.rpc import Notification, Request, Response
from codex_ssh.local.recording_file import load_recording
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.player import Player
from codex_ssh.tui.replay_text import replay_text
from tests.tui.conversation import Script, opened, thread
from tests.tui.program import fill
from tests.tui.roll import Roll, open_replay, recorder_of, transcript_of
from tests.tui.session import KEPT
from tests.tui.stage import Stage, open_stage

SIZE = (80, 40)

FACTS = ServerFacts(
    host="devbox", user="alice", hostname="box", transport="ssh", server_version="1", codex_home="/h"
)


def recording(*events: object, is_cut: bool = False) -> Recording:
    moments = tuple(Moment(number / 10, event) for number, event in enumerate(events))  # type: ignore[arg-type]
    return Recording(header=Header(version="1", began="", facts=FACTS), moments=moments, is_cut=is_cut)


OPENED = (
    SessionBegan(FACTS),
    Sent(Request(id=1, method="thread/start", params={})),
    Heard(Response(id=1, result=opened())),
)


def said(text: str, number: str = "a") -> Heard:
    item = {"type": "agentMessage", "id": number, "text": text}
    params = {"threadId": "t-1", "turnId": "turn-1", "item": item}
    return Heard(Notification(method="item/completed", params=params))


# ---------------------------------------------------------------- what was recorded comes again


async def a_turn(stage: Stage) -> None:
    fill(stage.script)
    stage.script.turn("completed", durationMs=95_000)
    await stage.wait_text("worked for")


async def an_approval_that_is_given(stage: Stage) -> None:
    stage.script.turn()
    stage.script.item("commandExecution", "i", done=False, command="make test", status="inProgress")
    stage.script.ask_command(7)
    await stage.wait_text("Run this command?")
    await stage.pilot.press("y")
    await stage.wait(lambda: stage.script.answers, "the answer")
    stage.script.item("commandExecution", "i", command="make test", status="completed", exitCode=0)
    stage.script.turn("completed")
    await stage.wait_text("Ran")


async def an_approval_that_is_declined(stage: Stage) -> None:
    stage.script.turn()
    stage.script.item("commandExecution", "i", done=False, command="make test", status="inProgress")
    stage.script.ask_command(7)
    await stage.wait_text("Run this command?")
    await stage.pilot.press("d")
    await stage.wait(lambda: stage.script.answers, "the answer")
    stage.script.item("commandExecution", "i", command="make test", status="declined")
    await stage.wait_gone("Run this command?")


async def an_approval_that_was_answered_elsewhere(stage: Stage) -> None:
    stage.script.turn()
    stage.script.ask_command(7)
    await stage.wait_text("Run this command?")
    stage.script.say("serverRequest/resolved", requestId=7)
    await stage.wait_text("answered elsewhere")


async def an_approval_that_still_waits(stage: Stage) -> None:
    stage.script.turn()
    stage.script.item("agentMessage", "a", text="may I?")
    stage.script.ask_command(7)
    await stage.wait_text("Run this command?")


async def a_lost_link_that_came_back(stage: Stage) -> None:
    stage.script.turn()
    stage.script.item("agentMessage", "a", text="before")
    await stage.wait_text("before")
    stage.script.drop(said="reset")
    await stage.wait_text("no link")
    item = {"type": "agentMessage", "id": "b", "text": "while nobody listened"}
    stage.script.replies["thread/items/list"] = lambda _: {"data": [{"turnId": "turn-1", "item": item}]}
    stage.script.come_back()
    await stage.wait_text("while nobody listened")
    await stage.wait_gone("catching up")
    stage.script.item("agentMessage", "c", text="afterwards")
    await stage.wait_text("afterwards")


async def another_thread(stage: Stage) -> None:
    stage.script.turn()
    stage.script.item("agentMessage", "a", text="in the first thread")
    await stage.wait_text("in the first thread")
    item = {"type": "agentMessage", "id": "z", "text": "in the second thread"}
    stage.script.replies["thread/items/list"] = lambda _: {"data": [{"turnId": "turn-9", "item": item}]}
    stage.chat.resume("t-2")
    await stage.wait_text("in the second thread")
    stage.script.say("item/completed", turnId="turn-9", item={**item, "text": "in the wrong thread"})
    await stage.wait(stage.script._inbox.empty, "all was read")


async def a_new_thread_and_a_refused_one(stage: Stage) -> None:
    stage.script.replies["thread/start"] = lambda _: opened("t-3")
    stage.chat.new()
    await stage.wait(lambda: stage.chat.transcript and stage.chat.transcript.thread_id == "t-3", "the thread")
    stage.script.refuses("thread/resume", "gone")
    stage.chat.resume("t-4")
    await stage.wait_text("gone")
    stage.script.say(
        "item/completed", threadId="t-3", turnId="u", item={"type": "plan", "id": "p", "text": "onwards"}
    )
    await stage.wait_text("onwards")


async def a_message_that_was_refused(stage: Stage) -> None:
    stage.script.refuses("turn/start", "not today")
    await stage.type("hello")
    await stage.wait_text("not today")


SCENES: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    a_turn,
    an_approval_that_is_given,
    an_approval_that_is_declined,
    an_approval_that_was_answered_elsewhere,
    an_approval_that_still_waits,
    a_lost_link_that_came_back,
    another_thread,
    a_new_thread_and_a_refused_one,
    a_message_that_was_refused,
)


@pytest.mark.parametrize("speed", [0.0, 50.0], ids=["at once", "fast"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: str(scene.__name__))
async def test_the_screen_at_the_end_is_the_one_there_was(
    scene: Callable[[Stage], Awaitable[None]], speed: float
) -> None:
    script, roll = Script(), Roll()
    recorder = recorder_of(script, roll)
    async with open_stage(script, size=SIZE, through=recorder) as stage:
        await scene(stage)
        await stage.pilot.pause()
        live, card = transcript_of(stage.app), stage.app._asks.card.display
    recorder.finish()

    async with open_replay(roll.recording(), speed=speed, size=SIZE) as replay:
        await replay.wait_over()
        await replay.wait(lambda: transcript_of(replay.app) == live, f"the screen\n{live}")
        assert replay.app._asks.card.display is card
    assert "".join(live).strip()


async def test_a_thread_that_was_gone_on_with_is_opened_with_its_history() -> None:
    script, roll = Script(), Roll()
    item = {"type": "agentMessage", "id": "z", "text": "from yesterday"}
    script.replies["thread/items/list"] = lambda _: {"data": [{"turnId": "turn-9", "item": item}]}
    async with open_stage(
        script, through=recorder_of(script, roll), options=TuiOptions(resume="t-7", grace_seconds=0)
    ) as stage:
        await stage.wait_text("from yesterday")

    assert Player(roll.recording()).options.resume == "t-7"
    assert "from yesterday" in await replay_text(Player(roll.recording(), speed=0))


async def test_a_thread_that_was_chosen_from_the_list_is_opened_without_a_list() -> None:
    script, roll = Script(), Roll()
    script.replies["thread/list"] = lambda _: {"data": [thread("t-8", preview="the one")]}
    async with open_stage(
        script, through=recorder_of(script, roll), options=TuiOptions(resume=""), ready=False
    ) as stage:
        await stage.wait_text("the one")
        await stage.pilot.press("enter")
        await stage.wait_call("thread/resume")
        await stage.wait_text("idle")

    assert Player(roll.recording()).options.resume == "t-8"


# ---------------------------------------------------------------- what was not asked, and what breaks off


async def test_a_question_the_recording_does_not_know_gets_no_answer_and_harms_nothing() -> None:
    async with open_replay(recording(*OPENED, said("hello"))) as replay:
        await replay.wait_over()
        assert await replay.app.asked(replay.chat.models()) is None
        replay.chat.past.load_older()
        replay.chat.new()
        await replay.pilot.pause()
        await replay.wait_text("hello")


async def test_an_empty_recording_and_one_that_ends_before_its_thread_are_shown() -> None:
    for events in ((), OPENED[:1], OPENED[:2]):
        async with open_replay(recording(*events)) as replay:
            await replay.wait_over()
            assert replay.chat.transcript is None


async def test_an_answer_to_nothing_is_passed_over() -> None:
    odd = (Heard(Response(id=99, result={})), Sent(Response(id=5, result={"decision": "accept"})))

    assert "hello" in await replay_text(Player(recording(*OPENED, *odd, said("hello")), speed=0))


@pytest.mark.parametrize("seed", range(8))
async def test_a_recording_in_which_lines_are_missing_is_played_to_its_end(seed: int) -> None:
    chance = random.Random(seed)
    whole = load_recording(KEPT)
    began, lost = Moment(0.0, SessionBegan(FACTS)), Moment(0.0, SessionLost("gone"))
    moments = [moment for moment in whole.moments if chance.random() > 0.3]
    for odd in (began, lost, lost, began):
        moments.insert(chance.randrange(len(moments)), odd)
    player = Player(Recording(header=whole.header, moments=tuple(moments)), speed=0)

    async with asyncio.timeout(30):
        await replay_text(player)

    assert player.is_over


async def test_where_it_breaks_off_is_told() -> None:
    text = await replay_text(Player(recording(*OPENED, said("hello"), is_cut=True), speed=0))

    assert text.index("hello") < text.index("the recording breaks off here")


async def test_why_it_ended_early_is_told() -> None:
    text = await replay_text(Player(recording(*OPENED, Stopped("the disk is full")), speed=0))

    assert "nothing was recorded from here on" in text
    assert "the disk is full" in text


async def test_remote_text_of_a_recording_cannot_reach_the_terminal() -> None:
    text = await replay_text(Player(recording(*OPENED, said("\x1b]0;owned\x07\u202e")), speed=0))

    assert "\x1b" not in text
    assert "␛" in text


# ---------------------------------------------------------------- pausing and stepping


async def test_a_step_goes_to_the_next_message_and_stays_there() -> None:
    messages = [said(f"answer {number}", str(number)) for number in range(4)]
    async with open_replay(recording(*OPENED, *messages), speed=1.0, paused=True) as replay:
        for position in range(1, 5):
            replay.player.step()
            await replay.wait(lambda: replay.player.position == position, f"message {position}")  # noqa: B023 - at once
        await replay.wait_text("answer 1")
        await replay.pilot.pause()
        assert replay.player.position == 4
        assert "answer 2" not in replay.screen()
        assert replay.player.elapsed == pytest.approx(0.4)


async def test_what_is_paused_goes_on_when_it_is_told_to() -> None:
    async with open_replay(recording(*OPENED, said("hello")), speed=100.0, paused=True) as replay:
        await replay.pilot.pause()
        assert replay.player.position == 0
        replay.player.pause()
        await replay.wait_text("hello")


async def test_the_rest_can_be_had_at_once() -> None:
    slow = Recording(
        header=Header(version="1", began="", facts=FACTS),
        moments=(*(Moment(0, event) for event in OPENED), Moment(100_000, said("hello"))),
    )
    async with open_replay(slow, speed=1.0) as replay:
        await replay.wait(lambda: replay.player.position == 2, "the thread")
        assert replay.player.describe().endswith("2/3")
        replay.player.to_end()
        await replay.wait_text("hello")
        await replay.wait_over()
        assert replay.player.describe() == "■ replay 1666:40/1666:40 · 3/3"
