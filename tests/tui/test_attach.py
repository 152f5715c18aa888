"""How another device joins: the command, the code that a camera reads, and when there is none."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from codex_ssh.core.attach_command import attach_command
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.screens.attach_screen import AttachScreen
from tests.support.qr_reader import read_qr
from tests.support.waiting import until
from tests.tui.conversation import THREAD, Script
from tests.tui.machine import Machine
from tests.tui.stage import on_top, open_stage
from tests.tui.test_snapshots import Snap, SnapApp

COMMAND = attach_command("devbox", THREAD)
LONG = attach_command("alice@devbox.example.org:2222", "019b1234-5678-7abc-8def-0123456789ab")


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (60, 45)])
async def test_a_camera_reads_it_and_enter_copies_it(size: tuple[int, int]) -> None:
    script, machine = Script(), Machine()
    async with open_stage(script, desk=machine, size=size) as stage:
        await stage.type("/attach")
        await stage.wait_text("nothing was said yet")
        await stage.type("hello")
        await stage.wait_call("turn/start")
        script.turn("completed")
        await stage.wait_text("idle")
        await stage.type("/attach")
        await stage.on_top(AttachScreen)
        await stage.wait(lambda: read_qr(stage.screen().splitlines()) == [COMMAND], "a code")
        await stage.pilot.press("enter")
        await stage.wait_text("copied to the clipboard")
        assert machine.copied == [COMMAND]
        await stage.pilot.press("escape")
        await stage.wait(lambda: len(stage.app.screen_stack) == 1, "back")


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (40, 20)])
def test_how_it_looks(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def shown(pilot: Pilot[object]) -> None:
        app = pilot.app
        assert isinstance(app, SnapApp)
        await until(lambda: app.chat.transcript is not None, "the thread")
        app.push_screen(AttachScreen("alice@devbox.example.org:2222", LONG, app.keymap, app.desk))
        await on_top(app, AttachScreen)
        await pilot.pause()

    assert snap_compare(SnapApp(Script()), terminal_size=size, run_before=shown)


async def test_a_code_that_would_be_cut_off_is_left_out() -> None:
    async with open_stage(size=(40, 20), options=TuiOptions(grace_seconds=0)) as stage:
        stage.app.push_screen(AttachScreen("devbox", LONG, stage.app.keymap, stage.app.desk))
        await stage.on_top(AttachScreen)
        await stage.wait_text("the QR code needs")
        assert "█" not in stage.screen()
        await stage.pilot.resize_terminal(100, 30)
        await stage.wait(lambda: read_qr(stage.screen().splitlines()) == [LONG], "a code")
