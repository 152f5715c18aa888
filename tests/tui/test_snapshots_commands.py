"""How the screens of commands look, as SVG. After a change that is meant: ``pytest --snapshot-update``."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import OptionList, Static

from codex_ssh.tui.widgets.page_view import PageView
from tests.support.waiting import until
from tests.tui.conversation import Script
from tests.tui.program import fill
from tests.tui.test_commands_files import Devbox, added, changed
from tests.tui.test_commands_settings import with_permissions
from tests.tui.test_commands_tools import with_mcp
from tests.tui.test_commands_work import with_terminals
from tests.tui.test_snapshots import Snap, SnapApp, settled


def filled(script: Script) -> SnapApp:
    """Give the application with a conversation in it."""
    fill(script)
    script.turn("completed", durationMs=95_000)
    return SnapApp(script)


def on_a_devbox() -> Script:
    """Give a server with files and changes."""
    devbox = Devbox()
    devbox.diff = changed("codex/door.py", old="    return shut(door)", new="    return open(door)")
    devbox.untracked = {"wall.py": added("wall.py", 3)}
    devbox.files["/w/notes.md"] = "".join(f"# line {at}\n" for at in range(1, 300)).encode()
    return devbox.script()


async def typed(pilot: Pilot[object], line: str, wanted: str) -> None:
    """Type a command, and wait until what it shows is there."""
    await settled(pilot)
    app = pilot.app
    assert isinstance(app, SnapApp)
    app.type_command(line)

    await until(lambda: wanted in said(app.screen), wanted)
    await pilot.pause(0.2)


def said(screen: Screen[Any]) -> str:
    """Give what a screen has to show. Drawing it here would keep what is behind a dialog from being drawn."""
    parts = [str(option.prompt) for options in screen.query(OptionList) for option in options.options]
    parts += [str(widget.content) for widget in screen.query(Static)]
    parts += [row.text for view in screen.query(PageView) for row in view._rows]
    return "\n".join(parts)


@pytest.mark.parametrize("size", [(40, 20), (80, 24), (140, 45)])
def test_a_diff(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[object]) -> None:
        await typed(pilot, "/diff", "wall.py  new")
        await pilot.press("v")
        await pilot.pause(0.2)

    assert snap_compare(filled(on_a_devbox()), terminal_size=size, run_before=show)


@pytest.mark.parametrize("size", [(40, 20), (80, 24)])
def test_a_file(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[object]) -> None:
        await typed(pilot, "/view notes.md:42", "# line 42")
        await pilot.press("slash", *"line 5")
        await pilot.pause(0.2)

    assert snap_compare(filled(on_a_devbox()), terminal_size=size, run_before=show)


@pytest.mark.parametrize("size", [(40, 20), (80, 24)])
def test_choosing_a_directory(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[object]) -> None:
        await typed(pilot, "/cd", "docs/")

    assert snap_compare(filled(on_a_devbox()), terminal_size=size, run_before=show)


@pytest.mark.parametrize("size", [(40, 20), (80, 24)])
def test_choosing_permissions(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[object]) -> None:
        await typed(pilot, "/permissions", "Ask for approval")

    assert snap_compare(filled(with_permissions(full=False)), terminal_size=size, run_before=show)


def test_full_access(snap_compare: Snap) -> None:
    async def show(pilot: Pilot[object]) -> None:
        await typed(pilot, "/permissions full", "type devbox")

    assert snap_compare(filled(with_permissions()), terminal_size=(80, 24), run_before=show)


@pytest.mark.parametrize("size", [(40, 20), (80, 24)])
def test_the_keys(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[object]) -> None:
        await typed(pilot, "/keys", "/export")
        await pilot.press("right_square_bracket")
        await pilot.pause(0.2)

    assert snap_compare(filled(Script()), terminal_size=size, run_before=show)


def test_mcp_servers(snap_compare: Snap) -> None:
    async def show(pilot: Pilot[object]) -> None:
        await typed(pilot, "/mcp", "file:///a")

    assert snap_compare(filled(with_mcp()), terminal_size=(80, 24), run_before=show)


def test_stopping_everything(snap_compare: Snap) -> None:
    async def show(pilot: Pilot[object]) -> None:
        await typed(pilot, "/stop all", "stop all 2?")

    assert snap_compare(
        filled(with_terminals("make watch", "npm start")), terminal_size=(40, 20), run_before=show
    )
