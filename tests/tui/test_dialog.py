"""What comes while a dialog is on top and not built yet: keys, news of the server, its own end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual import events
from textual.screen import Screen

from codex_ssh.core.question import Question, QuestionKind
from codex_ssh.core.secret import Secret
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen
from codex_ssh.tui.screens.dialog import Dialog
from codex_ssh.tui.screens.inbox_screen import NoDecision
from codex_ssh.tui.screens.prompt_screen import PromptScreen
from codex_ssh.tui.screens.question_screen import QuestionScreen
from codex_ssh.tui.screens.waiting_screen import WaitingScreen
from tests.tui.conversation import Script
from tests.tui.program import fill
from tests.tui.stage import Stage, open_stage
from tests.tui.surfaces import SURFACES, questions

DIALOGS = [
    name for name, one in SURFACES.items() if one.screen is not None and issubclass(one.screen, Dialog)
]


class Moment:
    """Does something when a dialog was put on top, and before it can build itself."""

    def __init__(self, stage: Stage, do: Callable[[Dialog[Any]], object]) -> None:
        self.screens: list[Dialog[Any]] = []
        self._do = do
        stage.app.screen_change_signal.subscribe(stage.app, self._changed, immediate=True)

    def _changed(self, screen: Screen[Any]) -> None:
        if isinstance(screen, Dialog) and screen not in self.screens:
            self.screens.append(screen)
            assert not screen.is_built
            self._do(screen)


@pytest.mark.parametrize("name", DIALOGS)
async def test_its_keys_do_nothing_before_it_can_be_seen(name: str) -> None:
    script = Script()
    fill(script)
    async with open_stage(script, ready=False) as stage, asyncio.TaskGroup() as pressing:

        async def press_all(screen: Dialog[Any]) -> None:
            for key, bindings in screen._bindings.key_to_bindings.items():
                # Others wait in its queue until it is built; Ctrl+C leaves whatever is on top.
                is_ours = key != "ctrl+c" and any(one.priority for one in bindings)
                if is_ours and not screen.is_built:
                    await stage.app.on_event(events.Key(key, None))

        moment = Moment(stage, lambda screen: pressing.create_task(press_all(screen)))
        await stage.wait_text("add")
        await SURFACES[name].open(stage)
        await stage.pilot.pause()
        assert stage.app.crash is None
        assert stage.app.screen is moment.screens[-1]
        assert script.answers == []


@pytest.mark.parametrize("name", DIALOGS)
async def test_it_may_be_taken_back_before_it_is_built(name: str) -> None:
    script = Script()
    fill(script)
    async with open_stage(script, ready=False) as stage:
        # Whoever does not put a request off is shown the next one, which is the same here.
        moment = Moment(stage, lambda screen: screen.dismiss(NoDecision.LATER if name == "inbox" else None))
        await stage.wait_text("add")
        await SURFACES[name].begin(stage)
        await stage.wait(lambda: moment.screens and len(stage.app.screen_stack) == 1, "it is gone")
        await stage.pilot.pause()
        assert stage.app.crash is None


@pytest.mark.parametrize("name", DIALOGS)
async def test_news_of_the_server_may_come_before_it_is_built(name: str) -> None:
    script = Script()
    fill(script)
    async with open_stage(script, ready=False) as stage, asyncio.TaskGroup() as telling:

        async def tell(screen: Dialog[Any]) -> None:
            while not screen.is_mounted:
                stage.chat.on_change()
                await asyncio.sleep(0)

        Moment(stage, lambda screen: telling.create_task(tell(screen)))
        await stage.wait_text("add")
        await SURFACES[name].open(stage)
        assert stage.app.crash is None


async def test_enter_that_was_on_its_way_answers_no_question() -> None:
    async with open_stage(options=TuiOptions(grace_seconds=3600)) as stage:
        await questions(stage)
        screen = await stage.on_top(QuestionScreen)
        await stage.pilot.press("down", "enter", "ctrl+d")
        assert stage.app.screen is screen
        assert screen.question.id == "a"
        assert stage.script.answers == []
        await stage.pilot.press("escape")
        assert stage.app.screen is not screen, "whoever wants to go on with what they typed can"


async def test_enter_that_was_on_its_way_sends_no_password() -> None:
    async with open_stage(options=TuiOptions(grace_seconds=3600)) as stage:
        question = Question(kind=QuestionKind.PASSWORD, host="devbox", text="Password?")
        answer: asyncio.Future[Secret | None] = asyncio.get_running_loop().create_future()
        stage.app.open_prompt(question, answer)
        await stage.on_top(PromptScreen)
        await stage.pilot.press("a", "b", "enter")
        assert not answer.done()
        await stage.pilot.press("escape")
        assert await answer is None


@pytest.mark.parametrize("is_built", [False, True])
async def test_it_leaves_once_nothing_lies_over_it_and_takes_nothing_else_away(is_built: bool) -> None:
    async with open_stage() as stage:
        app, below, above = stage.app, WaitingScreen("waiting"), ConfirmScreen("really?")
        left: list[object] = []
        app.push_screen(below, lambda _: left.append("below"))
        if is_built:
            await stage.on_top(WaitingScreen)
        else:
            below.dismiss(None)
        app.push_screen(above, left.append)
        if is_built:
            below.dismiss(None)
        await stage.on_top(ConfirmScreen)
        await stage.pilot.pause()
        assert (app.screen, left) == (above, [])
        await stage.pilot.press("y")
        await stage.wait(lambda: len(app.screen_stack) == 1, "both are gone")
        assert left == [True, "below"]
