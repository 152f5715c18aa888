"""The machine in front of the user can write to the terminal as long as the TUI has it."""

from __future__ import annotations

from codex_ssh.tui.desk import NoDesk, write_nothing
from tests.tui.stage import open_stage


async def test_a_sequence_reaches_the_terminal_only_while_the_screen_is_ours() -> None:
    desk = NoDesk()
    async with open_stage(desk=desk) as stage:
        written: list[str] = []
        driver = stage.app._driver
        assert driver is not None
        driver.write = written.append  # type: ignore[method-assign, assignment]
        desk.write_terminal("\x1b]9;hello\a")
        assert "\x1b]9;hello\a" in written
    assert desk.write_terminal is write_nothing
