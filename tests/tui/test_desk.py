"""The machine in front of the user can write to the terminal as long as the TUI has it."""

from __future__ import annotations

import pytest
from textual import events

from codex_ssh.tui.desk import NoDesk, write_nothing
from tests.tui.conversation import Script
from tests.tui.stage import Stage, open_stage


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


class Vague(NoDesk):
    """Its terminal says that it has the focus, and does not know.

    Attributes:
        told: What the user was told.
    """

    def __init__(self, *, knows: bool) -> None:
        super().__init__()
        self.knows = knows
        self.told: list[str] = []

    async def tells_focus(self) -> bool:
        return self.knows

    def notify(self, title: str, body: str) -> None:
        self.told.append(body)


@pytest.mark.parametrize("knows", [True, False])
async def test_a_focus_nobody_knows_of_is_none(*, knows: bool) -> None:
    desk = Vague(knows=knows)
    script = Script()
    async with open_stage(script, desk=desk) as stage:
        stage.app.post_message(events.AppFocus())
        await stage.pilot.pause()
        script.turn()
        script.turn("completed")
        await stage.wait(lambda: not script_runs(stage), "the turn is over")
        await stage.pilot.pause()
        await stage.wait(lambda: knows or desk.told, "told when nobody knows")
    assert bool(desk.told) is not knows


def script_runs(stage: Stage) -> bool:
    transcript = stage.chat.transcript
    return transcript is None or transcript.state.is_running or not transcript.last_ended
