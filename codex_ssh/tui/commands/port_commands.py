"""Slash commands about ports of the devbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codex_ssh.core.entry import Level
from codex_ssh.core.ports import read_wishes
from codex_ssh.errors import UsageError
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.screens.ports_screen import PortsScreen

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


async def ports(app: CodexApp, words: list[str]) -> None:
    """List the ports, or open some."""
    try:
        wishes = read_wishes(words)
    except UsageError as error:
        app.chat.note(Level.ERROR, str(error), error.hint)
        return
    for wish in wishes:
        await app.chat.ports.open(wish)
    if not wishes:
        await app.push_screen_wait(PortsScreen(app.chat.ports, app.keymap, app.desk, app.chat.facts.host))
    app.view.follow()


COMMANDS: Final = (
    SlashCommand(
        name="ports", argument="[PORT …]", about="ports of the devbox: list, open here, close", run=ports
    ),
)
