"""Slash commands about reading the transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codex_ssh.tui.commands.slash_command import SlashCommand

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


async def find(app: CodexApp, words: list[str]) -> None:
    """Find text."""
    app.pane.find(" ".join(words))


async def raw(app: CodexApp, _words: list[str]) -> None:
    """Show nothing but text, or the usual again."""
    app.action_toggle_raw()


COMMANDS: Final = (
    SlashCommand(name="find", about="find text in the transcript", argument="[TEXT]", run=find),
    SlashCommand(name="raw", about="nothing but text, for the terminal's own selection; and back", run=raw),
)
