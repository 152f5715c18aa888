"""How the list of threads looks, as SVG."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from codex_ssh.tui.screens.threads_screen import ThreadsScreen
from tests.support.waiting import until
from tests.tui.conversation import Script, thread
from tests.tui.program import fill
from tests.tui.stage import on_top
from tests.tui.test_snapshots import Snap, SnapApp, settled
from tests.tui.test_threads_screen import ACTIVE, WAITING, listing

NOON = 43_200


def several() -> Script:
    script = listing(
        thread("t-run", preview="fix the failing test", updatedAt=NOON, status=ACTIVE),
        thread("t-wait", name="deploy", updatedAt=NOON, status=WAITING, gitInfo={"branch": "main"}),
        thread("t-old", preview="what does the parser do with tabs?", updatedAt=NOON, cwd="/srv/elsewhere"),
    )
    script.replies["thread/turns/list"] = lambda _: {
        "data": [
            {
                "id": "turn",
                "status": "completed",
                "items": [
                    {"type": "userMessage", "id": "u", "content": [{"type": "text", "text": "try again"}]},
                    {"type": "agentMessage", "id": "a", "text": "The test fails in the parser."},
                ],
            }
        ]
    }
    fill(script)
    script.turn("completed", durationMs=95_000)
    return script


@pytest.mark.parametrize("size", [(40, 20), (80, 24), (140, 45)])
def test_the_list_of_threads(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def shown(pilot: Pilot[object]) -> None:
        await settled(pilot)
        app = pilot.app
        assert isinstance(app, SnapApp)
        app.type_command("/resume")
        screen = await on_top(app, ThreadsScreen)
        await until(lambda: "parser" in str(screen._preview_text()), "the preview")
        await until(lambda: not app.chat.roster.is_reading, "the threads")
        await pilot.pause(0.2)

    assert snap_compare(SnapApp(several()), terminal_size=size, run_before=shown)
