"""A view that only approves: it answers, whatever else is tried, and a phone's screen is enough for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from codex_ssh.core.looking import LOOKS
from codex_ssh.core.methods import thread_archive
from codex_ssh.errors import NotAllowed
from codex_ssh.tui.approving import approving
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.screens.threads_screen import ThreadsScreen
from tests.tui.conversation import Script, thread
from tests.tui.stage import Stage, open_stage

THREAD = "t-1"
PHONE = (40, 20)


@asynccontextmanager
async def view(
    script: Script, resume: str | None = THREAD, size: tuple[int, int] = PHONE
) -> AsyncGenerator[Stage, None]:
    options = TuiOptions(approves_only=True, offers_running=True, resume=resume, grace_seconds=0, patience=0)
    async with open_stage(
        script, size=size, options=options, through=approving(script), ready=resume is not None
    ) as stage:
        yield stage
    assert {method for method, _ in script.calls} <= LOOKS | {"fence"}


async def test_an_approval_is_given_on_a_phone_by_keyboard_alone() -> None:
    script = Script()
    script.replies["thread/list"] = lambda _: {"data": [thread(THREAD, name="fix the parser")]}
    async with view(script, resume=None) as stage:
        await stage.on_top(ThreadsScreen)
        await stage.wait_text("fix the parser")
        await stage.pilot.press("enter")
        await stage.wait_text("this view only approves")
        script.turn()
        script.ask_command(7, "make test")
        await stage.wait_text("Run this command?")
        assert "devbox" in stage.screen()
        await stage.pilot.press("y")
        await stage.wait(lambda: script.answers, "the answer")
        assert script.answers == [(7, {"decision": "accept"})]


@pytest.mark.parametrize("text", ["do it", "!rm -rf x"])
async def test_nothing_is_said(text: str) -> None:
    script = Script()
    async with view(script) as stage:
        await stage.type(text)
        await stage.wait_text("not sent: this view only approves")
        assert stage.composer.text == text


async def test_no_key_and_no_command_changes_anything() -> None:
    script = Script()
    script.replies["collaborationMode/list"] = lambda _: {"data": []}
    async with view(script, size=(80, 24)) as stage:
        script.turn()
        await stage.wait_text("running")
        await stage.pilot.press("shift+tab", "alt+up", "alt+down", "escape")
        await stage.type("/compact")
        await stage.type("/new")
        await stage.type("/rename x")
        await stage.wait_text("/rename would change something, and this view only approves")
        await stage.type("/tell them")
        await stage.wait_text("/tell: this view only approves")
        assert stage.composer.text == "/tell them"
        assert "this view only approves: turn/interrupt is not asked" in stage.screen()
        offered = {command.name for command in stage.app.offered}
        assert offered.isdisjoint({"new", "compact", "review", "fork", "goal", "stop"}), offered
        assert {"resume", "status", "keys", "quit"} <= offered


async def test_the_list_of_threads_only_chooses() -> None:
    script = Script()
    script.replies["thread/list"] = lambda _: {"data": [thread(THREAD, name="fix the parser")]}
    async with view(script, resume=None, size=(80, 24)) as stage:
        screen = await stage.on_top(ThreadsScreen)
        await stage.wait_text("fix the parser")
        assert "archive" in stage.screen(), "what was put away can be looked at"
        assert "F9" not in stage.screen()
        await stage.pilot.press("ctrl+n", "ctrl+a", "f2", "f9", "f9")
        assert stage.app.screen is screen
        await stage.pilot.press("escape")
        await stage.wait_text("/resume lists the threads there are")


async def test_a_thread_that_is_not_there_makes_no_new_one() -> None:
    script = Script()
    script.refuses("thread/resume", "no rollout found for thread id gone")
    async with open_stage(
        script,
        options=TuiOptions(approves_only=True, resume="gone", grace_seconds=0),
        through=approving(script),
        ready=False,
    ) as stage:
        await stage.wait_text("rollout found for thread id gone")
        assert not script.asked("thread/start")


async def test_after_a_drop_it_looks_on_again() -> None:
    script = Script()
    async with view(script, size=(80, 24)) as stage:
        script.drop()
        await stage.wait_text("no link")
        script.come_back()
        await stage.wait(lambda: len(script.asked("thread/resume")) == 2, "the thread again")
        await stage.wait_text("idle")
        script.turn()
        script.ask_command(8)
        await stage.wait_text("Run this command?")
        await stage.pilot.press("d")
        await stage.wait(lambda: script.answers == [(8, {"decision": "decline"})], "the answer")


async def test_what_it_does_not_ask_is_not_known_either() -> None:
    script = Script()
    async for session in approving(script).sessions():
        assert session.knows("thread/list")
        assert session.knows("turn/start") is False
        with pytest.raises(NotAllowed, match="this view only approves: thread/archive is not asked"):
            await session.call(thread_archive(THREAD))
        break
    assert script.calls == []
