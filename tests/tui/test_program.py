"""On a real terminal: the screen comes back after a crash, and nothing of it is shown there."""

import sys
from pathlib import Path

import pytest

from tests.conftest import StartTmux

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.tmux


async def test_a_crash_gives_the_terminal_back_and_prints_no_values(start_tmux: StartTmux) -> None:
    argv = [sys.executable, "-m", "tests.tui.program", "crash"]
    terminal = await start_tmux(argv, environment={"PYTHONPATH": str(ROOT)}, columns=100, lines=30)
    assert await terminal.wait_exit() == 1
    screen = await terminal.history()
    assert "ZeroDivisionError" in screen
    assert "canary" not in screen.replace("len(canary)", "")
    assert not await terminal.full_screen()


async def test_an_approval_is_taken_by_key_and_leaving_says_what_goes_on(start_tmux: StartTmux) -> None:
    argv = [sys.executable, "-m", "tests.tui.program", "approval"]
    terminal = await start_tmux(argv, environment={"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}, columns=180)
    await terminal.wait_text("Run this command?")
    assert await terminal.full_screen()
    await terminal.wait_text("waiting for approval 1 s")
    await terminal.key("y")
    await terminal.wait_gone("Run this command?")
    await terminal.key("C-q")
    await terminal.wait_text("turn_running=True")
    assert await terminal.wait_exit() == 0
