"""Slash commands about threads: beginning one, going on with one, copying one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from codex_ssh.core.entry import Level
from codex_ssh.core.thread import Thread, ThreadState
from codex_ssh.tui.cells import seconds
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.screens.pick_screen import Choice

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


async def new(app: CodexApp, _words: list[str]) -> None:
    """Begin a new thread."""
    app.chat.new()


async def resume(app: CodexApp, words: list[str]) -> None:
    """Go on with another thread, which may be chosen from a list."""
    if words:
        app.chat.resume(words[0])
        return
    threads = await app.chat.list_threads()
    if threads:
        choices = [
            Choice(value=thread.id, label=thread.title, about=_about(thread, time.time()))
            for thread in threads
        ]
        chosen = await app.pick("go on with which thread?", choices)
        if chosen is not None:
            app.chat.resume(chosen)
            return
    if app.chat.transcript is None:
        app.chat.open()
    elif not threads:
        app.chat.note(Level.INFO, "there are no threads to go on with")


async def fork(app: CodexApp, _words: list[str]) -> None:
    """Go on in a copy."""
    app.chat.fork()


def _about(thread: Thread, now: float) -> str:
    age = f"{seconds(max(0, int(now - thread.updated_at)) * 1000)} ago" if thread.updated_at else ""
    state = "running" if thread.status.state is ThreadState.ACTIVE else ""
    return "  ".join(part for part in (state, age, thread.cwd) if part)


COMMANDS: Final = (
    SlashCommand(name="new", about="begin a new thread; the old one goes on by itself", run=new),
    SlashCommand(name="resume", about="go on with another thread", argument="[ID]", run=resume),
    SlashCommand(name="fork", about="go on in a copy of this thread", run=fork, needs=("thread/fork",)),
)
