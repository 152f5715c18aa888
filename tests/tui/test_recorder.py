"""What is written down while a TUI runs, and what is not."""

from __future__ import annotations

from pathlib import Path

from codex_ssh.core.discreet import Discreet
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.recording import (
    Event,
    Heard,
    LinkStepped,
    Resized,
    Sent,
    SessionBegan,
    SessionLost,
    Stopped,
    TripMeasured,
)
from codex_ssh.core.rpc import ErrorResponse, Message, Notification, Request, Response
from codex_ssh.core.secret import Secret, watch_secrets
from tests.tui.conversation import Script
from tests.tui.roll import Roll, recorder_of
from tests.tui.stage import open_stage

CANARY = "canary-0123456789"


def about_the_thread(events: list[Event]) -> list[Message]:
    """Give what was said, without what the TUI asks beside the thread."""
    said = [event.message for event in events if isinstance(event, Sent | Heard)]
    beside = {
        message.id
        for message in said
        if isinstance(message, Request) and message.method in ("command/exec", "account/read")
    }
    return [message for message in said if isinstance(message, Notification) or message.id not in beside]


async def test_all_that_is_said_is_written_in_its_order() -> None:
    script, roll = Script(), Roll()
    async with open_stage(script, through=recorder_of(script, roll)) as stage:
        await stage.type("hello")
        await stage.wait_call("turn/start")
        script.turn()
        script.item("agentMessage", "a", text="hi there")
        script.ask_command(7)
        await stage.wait_text("Run this command?")
        await stage.pilot.press("y")
        await stage.wait(lambda: script.answers, "the answer")
        await stage.wait_text("hi there")

    said = about_the_thread(roll.events())
    names = [
        message.method if isinstance(message, Request | Notification) else type(message).__name__
        for message in said
    ]
    assert names == [
        "thread/start",
        "Response",
        "turn/start",
        "Response",
        "turn/started",
        "item/completed",
        "item/commandExecution/requestApproval",
        "Response",
        "serverRequest/resolved",
    ]
    assert said[0] == Request(id=1, method="thread/start", params={})
    assert Sent(Response(id=7, result={"decision": "accept"})) in roll.events()
    times = [moment.at for moment in roll.recording().moments]
    assert times == sorted(times)
    assert times[0] > 0


async def test_the_beginning_says_what_it_is() -> None:
    script, roll = Script(), Roll()
    recorder_of(script, roll)

    header = roll.recording().header
    assert (header.version, header.began) == ("1.2", "2026-01-02T03:04:05+00:00")
    assert header.facts == script.facts
    assert (header.columns, header.lines) == (80, 24)
    assert "pictures" in header.left_out


async def test_a_lost_link_and_its_return_are_written() -> None:
    script, roll = Script(), Roll()
    async with open_stage(script, through=recorder_of(script, roll)) as stage:
        script.drop(said="reset")
        await stage.wait_text("no link")
        script.come_back()
        await stage.wait_call("thread/resume")

    events = roll.events()
    assert [event.state for event in events if isinstance(event, LinkStepped)] == [
        LinkState.UP,
        LinkState.LOST,
        LinkState.CONNECTING,
        LinkState.UP,
    ]
    assert [event for event in events if isinstance(event, SessionLost)] == [
        SessionLost("the link is gone", "reset")
    ]
    assert len([event for event in events if isinstance(event, SessionBegan)]) == 2


async def test_the_round_trip_and_the_size_are_written_when_they_change() -> None:
    script, roll, size = Script(), Roll(), [80, 24]
    recorder = recorder_of(script, roll, size=size)
    for trip in (0.0121, 0.0122, 0.5):
        script.round_trip = trip
        script.on_change()
    size[:] = [40, 20]
    script.round_trip = 0.6
    script.on_change()
    recorder.finish()

    events = roll.events()
    assert [event.seconds for event in events if isinstance(event, TripMeasured)] == [0.012, 0.5, 0.6]
    assert events[-2:] == [Resized(40, 20), TripMeasured(0.6)]


async def test_a_refusal_is_written_and_still_shown() -> None:
    script, roll = Script(), Roll()
    script.refuses("turn/start", "not today")
    async with open_stage(script, through=recorder_of(script, roll)) as stage:
        await stage.type("hello")
        await stage.wait_text("not today")

    refused = [message for message in about_the_thread(roll.events()) if isinstance(message, ErrorResponse)]
    assert [(one.code, one.message) for one in refused] == [(-32600, "not today")]


async def test_a_full_disk_is_told_and_the_session_goes_on() -> None:
    script, roll = Script(), Roll(room=14)
    async with open_stage(script, size=(100, 24), through=recorder_of(script, roll)) as stage:
        script.turn()
        for number in range(10):
            script.item("agentMessage", f"a{number}", text=f"answer {number}")
        await stage.wait_text("the recording ends here: No space left on device")
        await stage.wait_text("answer 9")
        assert stage.screen().count("the recording ends here") == 1

    assert len(roll.written) == 14


async def test_every_secret_that_is_made_meanwhile_is_left_out() -> None:
    script, roll, discreet = Script(), Roll(), Discreet()
    with watch_secrets(discreet.know):
        # As a token that is read over SSH, or a password that is asked for, would be.
        Secret(CANARY)
        async with open_stage(script, through=recorder_of(script, roll, discreet)) as stage:
            script.turn()
            script.item(
                "commandExecution", "c", command="env", status="completed", aggregatedOutput=f"X={CANARY}"
            )
            await stage.wait_text(CANARY)

    assert "env" in roll.text
    assert CANARY not in roll.text


async def test_an_api_key_typed_in_the_dialog_is_left_out(tmp_path: Path) -> None:
    script, roll, discreet = Script(), Roll(), Discreet()
    script.replies["account/login/start"] = lambda _: {"type": "apiKey"}
    script.replies["account/read"] = lambda _: {"account": {"type": "apiKey"}}
    with watch_secrets(discreet.know):
        async with open_stage(script, through=recorder_of(script, roll, discreet)) as stage:
            stage.chat.sign_in.offer()
            stage.chat.sign_in.by_key(Secret(CANARY))
            await stage.wait_call("account/read")
            script.say("warning", message=f"{CANARY} is no key")
            await stage.wait_text("is no key")

    assert "account/login/start" in roll.text
    assert CANARY not in roll.text


async def test_what_is_held_back_is_written_at_the_end() -> None:
    script, roll = Script(), Roll()
    recorder = recorder_of(script, roll)
    async with open_stage(script, through=recorder) as stage:
        script.turn()
        script.item("agentMessage", "a", done=False, text="")
        script.delta("a", "half an answer")
        await stage.wait_text("half an answer")
        assert "half an answer" not in roll.text
    recorder.finish("the link is gone")

    assert "half an answer" in roll.text
    assert roll.events()[-1] == Stopped("the link is gone")
