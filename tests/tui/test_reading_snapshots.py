"""How finding, reading by keyboard and nothing but text look, as SVG."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from tests.support.waiting import until
from tests.tui.conversation import Script
from tests.tui.program import fill
from tests.tui.test_snapshots import Snap, SnapApp, settled

SIZES = [(80, 24), (40, 20)]


def played() -> SnapApp:
    script = Script()
    fill(script)
    script.turn("completed", durationMs=95_000)
    return SnapApp(script)


async def drawn(pilot: Pilot[object]) -> None:
    """Wait until the view has its size and shows what it should."""
    await pilot.pause(0.2)
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
def test_a_match_among_others(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def found(pilot: Pilot[object]) -> None:
        await settled(pilot)
        app = pilot.app
        assert isinstance(app, SnapApp)
        await pilot.press("f3", *"test", "up")
        app.pane._bar.input.cursor_blink = False
        await until(lambda: " of " in app.pane._search.words(""), "all is found")
        await drawn(pilot)

    assert snap_compare(played(), terminal_size=size, run_before=found)


@pytest.mark.parametrize("size", SIZES)
def test_a_cursor_on_an_entry(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def reading(pilot: Pilot[object]) -> None:
        await settled(pilot)
        await pilot.press("f4", "k", "k")
        await drawn(pilot)

    assert snap_compare(played(), terminal_size=size, run_before=reading)


@pytest.mark.parametrize("size", SIZES)
def test_nothing_but_text(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def raw(pilot: Pilot[object]) -> None:
        await settled(pilot)
        await pilot.press("f6")
        await drawn(pilot)

    assert snap_compare(played(), terminal_size=size, run_before=raw)
