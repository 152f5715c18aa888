"""Links are shown whole before they are opened, only web pages are, and what cannot be done is said."""

from __future__ import annotations

import pytest

from codex_ssh.core.tui_settings import TuiSettings
from codex_ssh.errors import DeskFailed
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen
from codex_ssh.tui.widgets.transcript_view import TranscriptView
from tests.tui.machine import Machine
from tests.tui.stage import Stage, open_stage


async def linked(stage: Stage, text: str) -> None:
    stage.script.turn()
    stage.script.item("agentMessage", "a", text=text)
    await stage.wait_text("• ")


async def test_a_link_is_shown_whole_with_its_host_before_it_is_opened() -> None:
    machine = Machine()
    async with open_stage(desk=machine) as stage:
        await linked(stage, "see [docs](https://docs.example:8080/a/b?c=d) now")
        await stage.pilot.press("f4", "l")
        await stage.wait_text("https://docs.example:8080/a/b?c=d · o: open")
        await stage.pilot.press("o")
        await stage.wait_text("open this in the browser here?")
        await stage.wait_text("host: docs.example:8080")
        await stage.pilot.press("n")
        await stage.wait(lambda: len(stage.app.screen_stack) == 1, "no is said")
        assert machine.opened == []
        await stage.pilot.press("o")
        await stage.wait_text("open this in the browser here?")
        await stage.pilot.press("y")
        await stage.wait(lambda: machine.opened, "it is opened")
        assert machine.opened == ["https://docs.example:8080/a/b?c=d"]
        await stage.wait_text("docs.example:8080 opened in the browser")
        await stage.pilot.press("y")
        await stage.wait(lambda: machine.copied, "the address")
        assert machine.copied == ["https://docs.example:8080/a/b?c=d"]


async def test_a_click_on_a_link_asks_as_well() -> None:
    machine = Machine()
    async with open_stage(desk=machine) as stage:
        await linked(stage, "https://docs.example/")
        await stage.pilot.click(TranscriptView, offset=(8, 0))
        await stage.on_top(ConfirmScreen)
        await stage.wait_text("host: docs.example")
        await stage.pilot.press("escape")
        assert machine.opened == []


async def test_without_the_question_only_what_looks_strange_is_asked_about() -> None:
    machine = Machine()
    options = TuiOptions(grace_seconds=0, settings=TuiSettings(confirm_links=False))
    async with open_stage(desk=machine, options=options) as stage:
        await linked(stage, "https://docs.example/ and https://bank.example@evil.example/")
        await stage.pilot.press("f4", "o")
        await stage.wait(lambda: machine.opened == ["https://docs.example/"], "opened at once")
        await stage.pilot.press("l", "right", "o")
        await stage.wait_text("the host is evil.example")
        assert len(machine.opened) == 1


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "file:///etc/passwd", "vscode://x/y", "data:text/html,x"]
)
async def test_anything_else_is_never_opened(address: str) -> None:
    machine = Machine()
    async with open_stage(desk=machine) as stage:
        await linked(stage, f"[click me](<{address}>)")
        await stage.pilot.press("f4", "o")
        await stage.pilot.pause()
        assert machine.opened == []
        assert len(stage.app.screen_stack) == 1


async def test_a_browser_that_is_missing_is_said() -> None:
    machine = Machine()
    machine.failure = DeskFailed("there is no browser here")
    options = TuiOptions(grace_seconds=0, settings=TuiSettings(confirm_links=False))
    async with open_stage(desk=machine, options=options) as stage:
        await linked(stage, "https://docs.example/")
        await stage.pilot.press("f4", "o")
        await stage.wait_text("not opened: there is no browser here")


async def test_a_file_of_the_devbox_is_not_for_the_browser() -> None:
    machine = Machine()
    async with open_stage(desk=machine) as stage:
        stage.script.refuses("fs/getMetadata", "No such file or directory (os error 2)")
        await linked(stage, "look at src/main.py:12")
        await stage.pilot.press("f4", "y")
        await stage.wait(lambda: machine.copied == ["src/main.py:12"], "where it is")
        await stage.pilot.press("o")
        await stage.wait(lambda: stage.script.asked("fs/getMetadata"), "the file is asked for")
        assert stage.script.asked("fs/getMetadata")[0]["path"] == "/w/src/main.py"
        await stage.wait_text("/w/src/main.py: No such file or directory")
        assert machine.opened == []


async def test_an_entry_without_a_link_says_so() -> None:
    async with open_stage() as stage:
        await linked(stage, "no link here")
        await stage.pilot.press("f4", "o")
        await stage.wait_text("there is no link in this entry")
