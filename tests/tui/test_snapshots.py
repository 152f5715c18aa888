"""How the screen looks, as SVG. After a change that is meant: ``pytest --snapshot-update tests/tui``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from textual.pilot import Pilot

from codex_ssh.core.attachment import Picture
from codex_ssh.core.draft import Draft, harmless, image_fold
from codex_ssh.core.rpc import Json
from codex_ssh.core.tui_settings import ThemeName, TuiSettings
from codex_ssh.tui.app import CodexApp
from codex_ssh.tui.bridge import NoDrafts, TuiOptions
from codex_ssh.tui.chat import Chat
from tests.support.waiting import until
from tests.tui.conversation import Script
from tests.tui.program import fill

Snap = Callable[..., bool]


class Tasks(asyncio.TaskGroup):
    """Tasks of an application that makes its own event loop: they end with it."""

    def create_task(self, coro: Coroutine[Any, Any, Any], **_: Any) -> asyncio.Task[Any]:  # type: ignore[override]
        return asyncio.get_running_loop().create_task(coro)


class SnapApp(CodexApp):
    """Opens its conversation when it starts, as the snapshot plugin wants it."""

    def __init__(self, script: Script, theme: ThemeName = ThemeName.TERMINAL) -> None:
        options = TuiOptions(grace_seconds=0, settings=TuiSettings(theme=theme))
        super().__init__(Chat(script, options, Tasks(), NoDrafts()))

    def on_mount(self) -> None:
        # Textual calls the handler of the class above by itself.
        self.chat.run()

    def on_unmount(self) -> None:
        self.chat.stop()


async def settled(pilot: Pilot[object]) -> None:
    """Wait until everything that was said is on the screen, and stop what blinks and counts."""
    app = pilot.app
    assert isinstance(app, SnapApp)
    await until(lambda: app.chat.transcript is not None and app.chat.round_trip is not None, "the thread")
    await until(lambda: app.chat.transcript is not None and app.chat.transcript.usage.total, "all was said")
    await until(lambda: app.chat.surroundings.account is not None, "what is beside the thread")
    app.here.turn_since = None
    app.composer.cursor_blink = False
    await pilot.pause(0.2)
    await still(pilot)


async def still(pilot: Pilot[object]) -> None:
    """Wait until the transcript neither grows nor scrolls: entries get their height one by one."""
    app = pilot.app
    assert isinstance(app, SnapApp)
    seen: list[tuple[float, float]] = []

    def is_still() -> bool:
        seen.append((app.view.max_scroll_y, app.view.scroll_y))
        return len(seen) > 5 and len(set(seen[-5:])) == 1 and app.view.is_vertical_scroll_end

    await until(is_still, "nothing moves")
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (40, 20), (300, 100)])
def test_a_conversation(snap_compare: Snap, size: tuple[int, int]) -> None:
    script = Script()
    fill(script)
    script.turn("completed", durationMs=95_000)
    assert snap_compare(SnapApp(script), terminal_size=size, run_before=settled)


@pytest.mark.parametrize("size", [(40, 20), (80, 24)])
def test_an_approval(snap_compare: Snap, size: tuple[int, int]) -> None:
    script = Script()
    fill(script)
    script.ask_command(reason="the sandbox has no network")

    async def asked(pilot: Pilot[object]) -> None:
        await settled(pilot)
        app = pilot.app
        assert isinstance(app, SnapApp)
        await until(lambda: app._asks.card.display and app._asks.card.has_focus, "the card")
        app._refresh_status()  # where the keyboard is decides what the line says
        app._refresh_status = lambda: None  # type: ignore[method-assign]
        app.here.status.show(None, app.status_items)
        await still(pilot)

    assert snap_compare(SnapApp(script), terminal_size=size, run_before=asked)


@pytest.mark.parametrize("size", [(40, 20), (100, 40)])
@pytest.mark.parametrize("theme", list(ThemeName)[1:], ids=lambda theme: theme.value)
def test_a_theme(snap_compare: Snap, theme: ThemeName, size: tuple[int, int]) -> None:
    script = Script()
    fill(script)
    script.turn("completed", durationMs=95_000)
    assert snap_compare(SnapApp(script, theme), terminal_size=size, run_before=settled)


def test_the_command_menu(snap_compare: Snap) -> None:
    script = Script()
    fill(script)
    script.turn("completed", durationMs=95_000)

    async def typed(pilot: Pilot[object]) -> None:
        await settled(pilot)
        await pilot.press("slash", "down")

    assert snap_compare(SnapApp(script), terminal_size=(80, 24), run_before=typed)


SIGNS = {"/": "slash", "@": "at", "$": "dollar_sign", "!": "exclamation_mark"}
PATHS = ["src/calc.py", "src/tests/", "doc/how to add numbers without losing your mind, part two.md"]
SKILLS = {"greet": "says hello, nicely", "release": "cuts a release and says what is in it, at length"}


def with_finds(script: Script) -> Script:
    """Let files and skills be found."""

    def update(params: Json) -> Json:
        files = [{"root": "/w", "path": path, "match_type": "file"} for path in PATHS * 4]
        script.tell("fuzzyFileSearch/sessionUpdated", files=files, **params)
        return {}

    skills = [{"name": name, "description": SKILLS[name], "path": "/s", "enabled": True} for name in SKILLS]
    script.replies |= {
        "fuzzyFileSearch/sessionStart": lambda _: {},
        "fuzzyFileSearch/sessionUpdate": update,
        "skills/list": lambda _: {"data": [{"skills": skills}]},
    }
    return script


@pytest.mark.parametrize("size", [(80, 24), (40, 20)])
@pytest.mark.parametrize("typed", ["/", "@s", "$", "!make"], ids=["commands", "files", "skills", "shell"])
def test_what_is_offered(snap_compare: Snap, size: tuple[int, int], typed: str) -> None:
    script = with_finds(Script())
    fill(script)
    script.turn("completed", durationMs=95_000)

    async def offered(pilot: Pilot[object]) -> None:
        await settled(pilot)
        app = pilot.app
        assert isinstance(app, SnapApp)
        for character in typed:
            await pilot.press(SIGNS.get(character, character))
        await until(lambda: not app.chat.search.is_busy, "the answer")
        if typed == "$":
            await until(lambda: app.here.popup.chosen, "the skills")
        await pilot.press("down")
        await still(pilot)

    assert snap_compare(SnapApp(script), terminal_size=size, run_before=offered)


@pytest.mark.parametrize("size", [(80, 24), (40, 20)])
def test_what_waits_and_what_is_folded(snap_compare: Snap, size: tuple[int, int]) -> None:
    script = with_finds(Script())
    fill(script)
    texts = ["then run the tests", "and say what is slow in them, with numbers, in a table", "c", "d"]
    waiting = [{"id": text, "input": [{"type": "text", "text": text}]} for text in texts]
    script.replies["thread/queue/list"] = lambda _: {"data": waiting}

    async def shown(pilot: Pilot[object]) -> None:
        await settled(pilot)
        app = pilot.app
        assert isinstance(app, SnapApp)
        script.say("thread/queue/changed")
        await until(lambda: app.here.queue.display, "what waits")
        app.composer.put(harmless("look at "))
        app.composer.put_text("line\n" * 1234)
        image = image_fold(Picture(url="data:,x", label="shot.png 3×2, 78 B"))
        app.composer.put(Draft(pieces=(" and ", image)))
        app._refresh_status()
        app._refresh_status = lambda: None  # type: ignore[method-assign]
        app.here.status.show(None, app.status_items)
        await still(pilot)

    assert snap_compare(SnapApp(script), terminal_size=size, run_before=shown)
