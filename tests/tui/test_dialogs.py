"""What all dialogs have in common, on screens of three sizes; how they look is in ``__snapshots__``."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from codex_ssh.tui.screens.pick_screen import Choice, PickScreen
from tests.support.waiting import until
from tests.tui.conversation import Script
from tests.tui.test_snapshots import Snap, SnapApp

SIZES = [(40, 20), (80, 24), (140, 45)]

CHOICES = [
    Choice(value="a", label="make the tests green", about="running  2 min ago  /home/alice/src/app"),
    Choice(value="b", label="a very long name of a thread that no screen of a usual width has room for"),
    Choice(value="c", label="[red]no markup[/red]", about="\x1b[31mno escape"),
]


async def opened(pilot: Pilot[object]) -> None:
    app = pilot.app
    assert isinstance(app, SnapApp)
    await until(lambda: app.chat.transcript is not None, "the thread")
    app.push_screen(PickScreen("go on with which thread?", CHOICES))
    await until(lambda: isinstance(app.screen, PickScreen), "the dialog")
    await pilot.press("down")
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
def test_a_list_to_pick_from(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(SnapApp(Script()), terminal_size=size, run_before=opened)
