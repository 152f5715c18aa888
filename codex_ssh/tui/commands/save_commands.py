"""The slash command that brings a file or a folder of the devbox to this machine."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from codex_ssh.core.copy_request import Conflict
from codex_ssh.core.entry import Level
from codex_ssh.tui import remote_files
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.screens.line_screen import LineScreen
from codex_ssh.tui.screens.pick_screen import Choice

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp

_CHOICES: Final = (
    Choice(value="rename", label="save it under another name", about="what is there stays"),
    Choice(value="replace", label="replace what is there"),
    Choice(value="skip", label="leave it out", about="what is there stays"),
)


async def save(app: CodexApp, words: list[str]) -> None:
    """Bring a file or a folder here, or give up what is on its way."""
    if words == ["stop"]:
        if not app.saves.stop():
            app.chat.note(Level.INFO, "nothing is on its way here")
        return
    if not words:
        app.composer.take("/save ")
        return
    await save_path(app, " ".join(words))


async def save_path(app: CodexApp, path: str) -> None:
    """Ask where to, and bring it; raises RpcFailed, LinkLost."""
    name, _ = remote_files.split_line(path)
    transcript = app.chat.transcript
    full = await remote_files.absolute(app.chat, name, transcript.cwd if transcript is not None else "/")
    screen = LineScreen(
        f"save {full} of {app.chat.facts.host} here as",
        "enter: save, esc: not; a folder gets it inside, ~ is your home directory",
        begin=f"./{posixpath.basename(full) or 'devbox'}",
    )
    to = await app.push_screen_wait(screen)
    if to is None:
        return

    async def choose(place: str, there: str, coming: str) -> Conflict:
        chosen = await app.pick(f"{place} is there ({there}), and another ({coming})", _CHOICES)
        return Conflict(chosen) if chosen is not None else Conflict.SKIP

    await app.saves.run(full, to, choose)


COMMANDS: Final = (
    SlashCommand(
        name="save",
        about="bring a file or folder of the devbox to this machine",
        argument="[PATH|stop]",
        run=save,
    ),
)
