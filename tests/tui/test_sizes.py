"""A terminal of any size, changed at any moment: nothing breaks, and at 40×20 all can still be used."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from textual import events
from textual.screen import ModalScreen, Screen

import codex_ssh.tui.screens
from codex_ssh.tui.screens.dialog import Dialog
from tests.tui.conversation import Script
from tests.tui.program import fill
from tests.tui.stage import open_stage
from tests.tui.surfaces import LONG, SURFACES, approval

SIZES = [
    (1, 1),
    (300, 100),
    (2, 1),
    (1, 50),
    (300, 1),
    (5, 3),
    (12, 6),
    (80, 24),
    (20, 8),
    (139, 7),
    (3, 40),
    (59, 19),
    (61, 21),
    (40, 20),
]
"""The last one is the smallest that is promised to be usable."""


@pytest.mark.parametrize("name", SURFACES)
async def test_a_terminal_of_any_size_at_any_moment(name: str) -> None:
    surface, script = SURFACES[name], Script()
    fill(script)
    async with open_stage(script, ready=False) as stage:
        await stage.wait_text("add")
        await surface.open(stage)
        script.item("agentMessage", "s", done=False, text="")
        for number, size in enumerate(SIZES):
            script.delta("s", f"word{number} {LONG}\n\n" if number % 3 else "| a | b |\n|---|---|\n| c |\n")
            await stage.pilot.resize_terminal(*size)
            if number % 4 == 1:
                stage.app.post_message(events.AppBlur() if number % 8 == 1 else events.AppFocus())
            await stage.pilot.pause()
            assert stage.app.crash is None
            assert stage.app.size == size
        if surface.screen is not None:
            assert isinstance(stage.app.screen, surface.screen)
        for text in surface.shows:
            await stage.wait_text(text)
        assert all(len(line) <= 40 for line in stage.screen().splitlines())


async def test_the_composer_takes_what_is_typed_whatever_the_terminal_was_before() -> None:
    async with open_stage() as stage:
        for size in SIZES:
            await stage.pilot.resize_terminal(*size)
        await stage.type("hello there")
        await stage.wait_call("turn/start")
        assert stage.script.asked("turn/start")[0]["input"][0]["text"] == "hello there"


async def test_who_follows_the_end_follows_it_through_every_size() -> None:
    script = Script()
    fill(script)
    async with open_stage(script, ready=False) as stage:
        await stage.wait_text("add")
        script.item("agentMessage", "s", done=False, text="")
        for number, size in enumerate(SIZES):
            script.delta("s", f"word{number} {LONG}\n\n")
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
        script.delta("s", "the very end")
        await stage.wait_text("the very end")


async def test_an_approval_is_answered_at_the_smallest_size() -> None:
    script = Script()
    async with open_stage(script) as stage:
        script.turn()
        await approval(stage)
        for size in SIZES:
            await stage.pilot.resize_terminal(*size)
        await stage.pilot.press("d")
        await stage.wait(lambda: script.answers, "the answer")
        assert script.answers == [(0, {"decision": "decline"})]


def test_every_dialog_there_is_has_its_surface() -> None:
    for module in pkgutil.iter_modules(codex_ssh.tui.screens.__path__):
        importlib.import_module(f"codex_ssh.tui.screens.{module.name}")
    every = (*Dialog.__subclasses__(), *Screen.__subclasses__(), *ModalScreen.__subclasses__())
    ours = {kind for kind in every if kind.__module__.startswith("codex_ssh.")} - {Dialog}
    assert ours == {one.screen for one in SURFACES.values()} - {None}, "add the new one to SURFACES"
