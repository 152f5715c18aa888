"""Slash commands about the session: model, sign-in, what is known, leaving."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from codex_ssh.core.entry import Level
from codex_ssh.tui.bridge import ExitReason
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.pages import help_text, status_text
from codex_ssh.tui.screens.pick_screen import Choice

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


async def model(app: CodexApp, words: list[str]) -> None:
    """Choose a model and an effort for the turns that follow."""
    if words:
        app.chat.choose_model(words[0], words[1] if len(words) > 1 else "")
        app.chat.note(Level.INFO, f"from the next turn on: {' '.join(words[:2])}")
        return
    models = await app.chat.models()
    choices = [Choice(value=one.id, label=one.name, about=one.description) for one in models]
    chosen_id = await app.pick("which model, from the next turn on?", choices) if choices else None
    chosen = next((one for one in models if one.id == chosen_id), None)
    if chosen is None:
        return
    effort: str | None = ""
    if chosen.efforts:
        choices = [
            Choice(value=name, label=name, about="the model's own" if name == chosen.default_effort else "")
            for name in chosen.efforts
        ]
        effort = await app.pick(f"{chosen.name}: which effort?", choices)
    if effort is not None:
        app.chat.choose_model(chosen.id, effort)


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
    SlashCommand(name="model", about="choose model and effort", argument="[MODEL [EFFORT]]", run=model),
    SlashCommand(name="login", about="sign in to codex on the devbox", run=login),
    SlashCommand(name="status", about="server, thread, model, tokens", run=status),
    SlashCommand(name="help", about="the keys and the commands", run=show_help),
    SlashCommand(name="quit", about="leave; a running turn goes on", run=leave),
)
