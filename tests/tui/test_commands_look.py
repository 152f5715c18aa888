"""/theme, /statusline and /title: seen at once, kept, and honest about what is stronger."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from codex_ssh.core.terminal_codes import POP_TITLE, PUSH_TITLE, title_sequence
from codex_ssh.core.tui_settings import ThemeName
from codex_ssh.errors import DeskFailed
from codex_ssh.tui.desk import NoDesk
from tests.tui.stage import open_stage
from tests.tui.test_themes import colours


class KeepingDesk(NoDesk):
    """Keeps what it is told, or says why not."""

    def __init__(self, said: str = "", *, fails: bool = False) -> None:
        super().__init__()
        self.kept: list[tuple[str, str | Sequence[str]]] = []
        self._stronger = said
        self._fails = fails

    def keep(self, key: str, value: str | Sequence[str]) -> str:
        if self._fails:
            raise DeskFailed("the disk is full")
        self.kept.append((key, value))
        return self._stronger


async def test_the_one_that_is_looked_at_in_the_list_is_on() -> None:
    desk = KeepingDesk()
    async with open_stage(desk=desk) as stage:
        await stage.type("/theme")
        await stage.wait_text("which theme?")
        await stage.pilot.press("down")
        await stage.wait(lambda: stage.app.look is ThemeName.DARK, "tried on")
        await stage.wait(lambda: "#16181d" in colours(stage), "and seen behind the list")
        await stage.pilot.press("down")
        await stage.wait(lambda: "#fbfbfa" in colours(stage), "the next one")
        await stage.pilot.press("escape")
        await stage.wait_gone("which theme?")
        assert stage.app.look is ThemeName.TERMINAL
        await stage.wait(lambda: not any(name.startswith("#") for name in colours(stage)), "as it was")
        assert desk.kept == []


async def test_what_is_taken_is_kept_and_is_where_the_list_begins() -> None:
    desk = KeepingDesk()
    async with open_stage(desk=desk) as stage:
        await stage.type("/theme light")
        await stage.wait(lambda: desk.kept == [("theme", "light")], "kept")
        assert stage.app.look is ThemeName.LIGHT
        await stage.type("/theme")
        await stage.wait_text("which theme?")
        await stage.pilot.press("down", "enter")
        await stage.wait(lambda: desk.kept[-1] == ("theme", "high-contrast"), "the one after it")


@pytest.mark.parametrize(
    ("desk", "said"),
    [
        (KeepingDesk("config.toml says which it is the next time"), "config.toml says which"),
        (KeepingDesk(fails=True), "the disk is full"),
    ],
)
async def test_what_will_not_hold_is_said(desk: KeepingDesk, said: str) -> None:
    async with open_stage(desk=desk) as stage:
        await stage.type("/theme dark")
        await stage.wait_text(said)
        assert stage.app.look is ThemeName.DARK


async def test_a_theme_nobody_knows_gets_what_was_meant() -> None:
    async with open_stage() as stage:
        await stage.type("/theme drak")
        await stage.wait_text("there is no theme 'drak'")
        await stage.wait_text("did you mean 'dark'?")
        assert stage.app.look is ThemeName.TERMINAL


async def test_the_status_line_takes_another_order_at_once_and_keeps_it() -> None:
    desk = KeepingDesk()
    async with open_stage(desk=desk) as stage:
        await stage.type("/statusline server host")
        await stage.wait_text("app server 0.169.0 · devbox")
        assert stage.screen().splitlines()[-1].strip() == "app server 0.169.0 · devbox"
        assert desk.kept == [("status", ["server", "host"])]
        await stage.type("/statusline")
        await stage.wait_text("status: server host")
        await stage.wait_text("there are also: state")
        await stage.type("/statusline hots")
        await stage.wait_text("did you mean 'host'?")
        await stage.type("/statusline default")
        await stage.wait_text("● idle")


async def test_the_title_can_be_turned_off_and_on() -> None:
    desk = KeepingDesk()
    async with open_stage(desk=desk) as stage:
        written: list[str] = []
        driver = stage.app._driver
        assert driver is not None
        driver.write = written.append  # type: ignore[method-assign, assignment]
        await stage.type("/title off")
        await stage.wait(lambda: title_sequence("") + POP_TITLE in written, "its own title")
        assert desk.kept == [("title", [])]
        await stage.type("/title host")
        await stage.wait(lambda: PUSH_TITLE in written, "it is remembered")
        await stage.wait(lambda: title_sequence("devbox") in written, "ours")
