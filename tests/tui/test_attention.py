"""Attention is asked for once per event, only when nobody looks, and with words that say where and what."""

from __future__ import annotations

import pytest
from textual import events

from codex_ssh.core.entry import Level
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.tui_settings import NotifyOn, TuiSettings
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.desk import NoDesk
from tests.tui.conversation import Script
from tests.tui.stage import Stage, open_stage


class LoudDesk(NoDesk):
    """Keeps what it was told to say."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []

    def notify(self, title: str, body: str) -> None:
        self.told.append((title, body))


async def turn_ends(stage: Stage, script: Script, status: str = "completed") -> None:
    before = len(stage.chat.transcript.entries) if stage.chat.transcript is not None else 0
    script.turn()
    await stage.wait_text("running")
    script.item("agentMessage", f"a{before}", text="All tests pass.\nMore below.")
    script.turn(status)
    await stage.wait_gone("running")


async def test_the_end_of_a_turn_is_told_with_host_thread_and_what_was_said() -> None:
    script, desk = Script(), LoudDesk()
    script.say("thread/name/updated", threadName="fix the tests")
    async with open_stage(script, desk=desk) as stage:
        await turn_ends(stage, script)
        await stage.wait(lambda: desk.told, "a notification")
        assert desk.told == [("devbox: fix the tests", "done: All tests pass.")]


async def test_a_turn_shorter_than_a_frame_is_told_and_history_is_not() -> None:
    script, desk = Script(), LoudDesk()
    old = {"type": "agentMessage", "id": "o", "text": "long ago"}
    script.replies["thread/turns/list"] = lambda _: {
        "data": [{"id": "turn-0", "status": "completed", "items": []}]
    }
    script.replies["thread/items/list"] = lambda _: {"data": [{"turnId": "turn-0", "item": old}]}
    async with open_stage(script, desk=desk, options=TuiOptions(resume="t-1")) as stage:
        await stage.wait_text("long ago")
        script.turn()
        script.item("agentMessage", "a", text="at once")
        script.turn("completed")
        await stage.wait(lambda: desk.told, "a notification")
        assert desk.told == [("devbox: new thread", "done: at once")]


@pytest.mark.parametrize(
    ("status", "said"), [("failed", "the turn failed"), ("interrupted", "the turn was interrupted")]
)
async def test_a_turn_that_did_not_get_there_is_told_so(status: str, said: str) -> None:
    script, desk = Script(), LoudDesk()
    async with open_stage(script, desk=desk) as stage:
        await turn_ends(stage, script, status)
        await stage.wait(lambda: desk.told, "a notification")
        assert desk.told == [("devbox: new thread", said)]


async def test_an_approval_is_told_once_though_the_screen_is_drawn_often() -> None:
    script, desk = Script(), LoudDesk()
    async with open_stage(script, desk=desk) as stage:
        script.turn()
        script.ask_command(command="make test")
        await stage.wait_text("Run this command?")
        script.item("agentMessage", "a", text="more")
        await stage.wait_text("more")
        assert desk.told == [("devbox: new thread", "may this run? make test")]
        script.ask_command(1, command="make test")
        await stage.wait(lambda: len(stage.chat.asks) == 2, "another one")
        await stage.wait(lambda: len(desk.told) == 2, "which is another event")


async def test_an_approval_asked_again_over_the_next_link_is_no_news() -> None:
    script, desk = Script(), LoudDesk()
    async with open_stage(script, desk=desk) as stage:
        script.turn()
        script.ask_command()
        await stage.wait_text("Run this command?")
        script.drop()
        await stage.wait_text("no link")
        script.replies["thread/resume"] = lambda _: {
            "thread": {"id": "t-1", "cwd": "/w", "status": {"type": "active"}, "turns": []},
            "cwd": "/w",
        }
        running = {"id": "turn-1", "status": "inProgress", "items": []}
        script.replies["thread/turns/list"] = lambda _: {"data": [running]}
        script.come_back()
        script.ask_command()
        await stage.wait_text("Run this command?")
        assert [body for _, body in desk.told] == ["may this run? make test"]


async def test_a_turn_that_ended_while_there_was_no_link_is_told_when_it_is_known() -> None:
    script, desk = Script(), LoudDesk()
    async with open_stage(script, desk=desk) as stage:
        script.turn()
        await stage.wait_text("running")
        script.drop()
        await stage.wait_text("no link")
        assert desk.told == []
        ended = {"id": "turn-1", "status": "completed", "items": []}
        said = {"type": "agentMessage", "id": "a", "text": "**All** is well"}
        script.replies["thread/turns/list"] = lambda _: {"data": [ended]}
        script.replies["thread/items/list"] = lambda _: {"data": [{"turnId": "turn-1", "item": said}]}
        script.come_back()
        await stage.wait(lambda: desk.told, "a notification")
        assert desk.told == [("devbox: new thread", "done: **All** is well")]


async def test_a_link_that_waits_for_the_user_is_told_once_and_one_that_heals_is_not() -> None:
    script, desk = Script(), LoudDesk()
    async with open_stage(script, desk=desk) as stage:
        script.drop()
        await stage.wait_text("no link")
        script.come_back()
        await stage.wait_gone("no link")
        assert desk.told == []
        script.drop(LinkState.PAUSED, said="the host key has changed")
        await stage.wait(lambda: desk.told, "a notification")
        stage.chat.note(Level.INFO, "drawn again")
        await stage.wait_text("drawn again")
        assert desk.told == [
            ("devbox: new thread", "no link, and it waits for you: the host key has changed")
        ]


async def test_nothing_is_told_while_somebody_looks() -> None:
    script, desk = Script(), LoudDesk()
    async with open_stage(script, desk=desk) as stage:
        stage.app.post_message(events.AppFocus())
        await stage.pilot.pause()
        await turn_ends(stage, script)
        script.turn()
        script.ask_command()
        await stage.wait_text("Run this command?")
        assert desk.told == []
        # What was seen is no news later.
        stage.app.post_message(events.AppBlur())
        await stage.pilot.pause()
        script.item("agentMessage", "b", text="later")
        await stage.wait_text("later")
        assert desk.told == []
        script.ask_command(1, command="make clean")
        await stage.wait(lambda: desk.told, "a notification")
        assert [body for _, body in desk.told] == ["may this run? make clean"]


async def test_only_what_the_user_wants_to_hear_of_is_told() -> None:
    script, desk = Script(), LoudDesk()
    settings = TuiSettings(notify_on=(NotifyOn.QUESTION,))
    async with open_stage(script, desk=desk, options=TuiOptions(settings=settings)) as stage:
        await turn_ends(stage, script)
        script.turn()
        script.ask_command()
        await stage.wait_text("Run this command?")
        question = {"id": "q", "header": "Colour", "question": "Which one?", "options": None}
        script.ask(5, "item/tool/requestUserInput", questions=[question])
        await stage.wait(lambda: desk.told, "a notification")
        assert desk.told == [("devbox: new thread", "a question: Which one?")]
        await stage.wait_text("Which one?")


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("item/fileChange/requestApproval", {"reason": "outside"}, "may these files be changed? outside"),
        (
            "item/commandExecution/requestApproval",
            {"command": "x", "networkApprovalContext": {"host": "example.org"}},
            "may it reach example.org?",
        ),
        ("item/permissions/requestApproval", {"permissions": {}}, "may it have more permissions?"),
    ],
)
async def test_every_kind_of_request_has_its_words(method: str, params: dict[str, object], said: str) -> None:
    script, desk = Script(), LoudDesk()
    async with open_stage(script, desk=desk) as stage:
        script.ask(9, method, **params)
        await stage.wait(lambda: desk.told, "a notification")
        assert desk.told[0][1] == said


async def test_a_form_of_a_server_is_told_with_its_name() -> None:
    script, desk = Script(), LoudDesk()
    async with open_stage(script, desk=desk) as stage:
        schema = {"type": "object", "properties": {"p": {"type": "string"}}}
        asked = {"serverName": "jira", "mode": "form", "message": "Which project?", "requestedSchema": schema}
        script.ask(9, "mcpServer/elicitation/request", **asked)
        await stage.wait_text("Which project?")
        await stage.wait(lambda: desk.told, "a notification")
        assert desk.told == [("devbox: new thread", "jira asks: Which project?")]
