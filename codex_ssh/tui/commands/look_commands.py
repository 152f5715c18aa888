"""Slash commands about how the TUI looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codex_ssh.core.config_value import did_you_mean
from codex_ssh.core.entry import Level
from codex_ssh.core.tui_settings import ThemeName
from codex_ssh.errors import DeskFailed
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.screens.pick_screen import Choice
from codex_ssh.tui.themes import THEMES

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


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
    try:
        held = app.desk.keep("theme", chosen)
    except DeskFailed as failed:
        held = str(failed)
    if app.no_color:
        held = f"NO_COLOR is set, so there are no colours. {held}".strip()
    if held:
        app.chat.note(Level.INFO, f"theme {chosen}", held)


COMMANDS: Final = (SlashCommand(name="theme", about="whose colours are used", argument="[THEME]", run=theme),)
