"""Slash commands about how the TUI looks."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from codex_ssh.core.config_value import E, did_you_mean, names
from codex_ssh.core.entry import Level
from codex_ssh.core.tui_settings import StatusItem, ThemeName, TitleItem, TuiSettings
from codex_ssh.errors import DeskFailed, UsageError
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.screens.pick_screen import Choice
from codex_ssh.tui.themes import THEMES

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


BUILT_IN: Final = "default"
OFF: Final = "off"


async def theme(app: CodexApp, words: list[str]) -> None:
    """Choose a theme; the one that is looked at in the list is on meanwhile."""
    known = {name.value: name for name in ThemeName}
    if words and words[0] not in known:
        app.chat.note(Level.ERROR, f"there is no theme {words[0]!r}", did_you_mean(words[0], known))
        return
    chosen: str | None = words[0] if words else None
    if chosen is None:
        before = app.look
        choices = [
            Choice(value=one.name.value, label=one.name.value, about=one.about) for one in THEMES.values()
        ]
        chosen = await app.pick(
            "which theme?", choices, at=before.value, preview=lambda name: app.wear(known[name])
        )
        if chosen is None:
            app.wear(before)
            return
    app.wear(known[chosen])
    held = _keep(app, "theme", chosen)
    if app.no_color:
        held = f"NO_COLOR is set, so there are no colours. {held}".strip()
    if held:
        app.chat.note(Level.INFO, f"theme {chosen}", held)


async def status_line(app: CodexApp, words: list[str]) -> None:
    """Choose the pieces of the status line, and their order."""
    chosen = _chosen(app, "status", words, StatusItem, app.status_items, TuiSettings().status)
    if chosen is not None:
        app.status_items = chosen


async def title(app: CodexApp, words: list[str]) -> None:
    """Choose the pieces of the terminal's title, and their order."""
    chosen = _chosen(app, "title", words, TitleItem, app.title_items, TuiSettings().title)
    if chosen is not None:
        app.title_items = chosen


def _chosen(
    app: CodexApp,
    key: str,
    words: Sequence[str],
    known: type[E],
    shown: Sequence[E],
    built_in: tuple[E, ...],
) -> tuple[E, ...] | None:
    """Read a choice of pieces and keep it; without one, what is shown and what there is are said."""
    if not words:
        left = " ".join(item.value for item in known if item not in shown)
        app.chat.note(Level.INFO, f"{key}: {_said(shown)}", f"there are also: {left}" if left else "")
        return None
    try:
        items = (
            built_in if list(words) == [BUILT_IN] else names(OFF if list(words) == [OFF] else words, known)
        )
    except UsageError as error:
        app.chat.note(Level.ERROR, str(error), error.hint)
        return None
    held = _keep(app, key, [item.value for item in items])
    app.chat.note(Level.INFO, f"{key}: {_said(items)}", held)
    return items


def _said(items: Sequence[enum.Enum]) -> str:
    return " ".join(str(item.value) for item in items) or OFF


def _keep(app: CodexApp, key: str, value: str | Sequence[str]) -> str:
    """Keep a choice, and say why it will not hold the next time, where it will not."""
    try:
        return app.desk.keep(key, value)
    except DeskFailed as failed:
        return str(failed)


COMMANDS: Final = (
    SlashCommand(name="theme", about="whose colours are used", argument="[THEME]", run=theme),
    SlashCommand(
        name="statusline",
        about="the pieces of the status line, in their order",
        argument="[PIECES | default | off]",
        run=status_line,
    ),
    SlashCommand(
        name="title",
        about="the pieces of the terminal's title, in their order",
        argument="[PIECES | default | off]",
        run=title,
    ),
)
