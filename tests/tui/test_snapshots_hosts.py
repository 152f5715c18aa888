"""How the screens about several hosts look, as SVG."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from codex_ssh.core.keymap import Keymap
from codex_ssh.tui import palette
from codex_ssh.tui.screens.tell_screen import TellScreen
from tests.support.waiting import until
from tests.tui.conversation import Script
from tests.tui.stage import on_top
from tests.tui.surfaces import badge
from tests.tui.test_snapshots import Snap, SnapApp

SIZES = [(40, 20), (80, 24), (140, 45)]

BADGES = [
    badge("devbox", title="fix the parser", cwd="/home/alice/src/parser"),
    badge("gpu", state="running", mark="▶", style=palette.BUSY, title="train it", cwd="/srv/model", waits=1),
    badge("web", state="was running", mark="▶", style=palette.BUSY, link="no link, last contact 8 s ago"),
    badge("old", refuses="another codex process has its thread"),
]


@pytest.mark.parametrize("size", SIZES)
def test_hosts_to_say_something_to(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def shown(pilot: Pilot[object]) -> None:
        app = pilot.app
        assert isinstance(app, SnapApp)
        await until(lambda: app.chat.transcript is not None, "the thread")
        app.push_screen(TellScreen(lambda: BADGES, "pull, and run the tests\nin both trees", Keymap()))
        await on_top(app, TellScreen)
        await pilot.press("down", "space")
        await pilot.pause()

    assert snap_compare(SnapApp(Script()), terminal_size=size, run_before=shown)
