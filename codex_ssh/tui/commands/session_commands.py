"""Slash commands about the session: sign-in, what is known, leaving."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from codex_ssh.core.entry import Level
from codex_ssh.tui.bridge import ExitReason
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.pages import help_text, status_text

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


async def login(app: CodexApp, _words: list[str]) -> None:
    """Sign in to codex on the devbox."""
    app.chat.sign_in.offer()


async def status(app: CodexApp, _words: list[str]) -> None:
    """Say all that is known."""
    app.chat.note(Level.INFO, "status", status_text(app.chat, time.time()))
    app.view.follow()


async def show_help(app: CodexApp, _words: list[str]) -> None:
    """Say the keys and the commands."""
    app.chat.note(Level.INFO, "keys and commands", help_text(app.keymap, app.offered))
    app.view.follow()


async def leave(app: CodexApp, _words: list[str]) -> None:
    """Leave."""
    app.finish(ExitReason.QUIT)


COMMANDS: Final = (
    SlashCommand(name="login", about="sign in to codex on the devbox", run=login),
    SlashCommand(name="status", about="server, thread, model, tokens", run=status),
    SlashCommand(name="help", about="the keys and the commands", run=show_help),
    SlashCommand(name="quit", about="leave; a running turn goes on", run=leave),
)
