"""Slash commands about threads: beginning, choosing, naming, copying one, and putting one away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codex_ssh.core.attach_command import attach_command
from codex_ssh.core.entry import Level
from codex_ssh.core.methods import thread_archive, thread_delete, thread_name_set
from codex_ssh.tui.commands.slash_command import SlashCommand, thread_of
from codex_ssh.tui.screens.attach_screen import AttachScreen
from codex_ssh.tui.screens.pick_screen import Choice
from codex_ssh.tui.screens.threads_screen import NEW, ThreadsScreen

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


async def new(app: CodexApp, _words: list[str]) -> None:
    """Begin a new thread."""
    app.chat.new()


async def resume(app: CodexApp, words: list[str]) -> None:
    """Go on with another thread, which may be chosen from a list."""
    if words:
        app.chat.resume(words[0])
    else:
        await choose(app)


async def choose(app: CodexApp, why: str = "") -> None:
    """Let the user choose a thread, and open it; with none chosen, begin one where none is open."""
    chat = app.chat
    screen = ThreadsScreen(
        chat.roster,
        facts=chat.facts,
        cwd=chat.cwd,
        keymap=app.keymap,
        why=why,
        looks_only=chat.options.approves_only,
    )
    chosen = await app.push_screen_wait(screen)
    if chosen is None and chat.options.approves_only:
        if chat.transcript is None:
            chat.note(Level.INFO, "no thread is open", chat.ways)
        return
    if chosen == NEW or (chosen is None and chat.transcript is None):
        chat.new()
    elif chosen is not None:
        chat.resume(chosen)


async def rename(app: CodexApp, words: list[str]) -> None:
    """Name the thread."""
    transcript, name = app.chat.transcript, " ".join(words)
    if transcript is None or not name:
        app.chat.note(Level.INFO, "type the name behind it: /rename fix the parser")
        return
    await app.chat.call(thread_name_set(transcript.thread_id, name))
    app.chat.note(Level.INFO, f"this thread is called {name!r} now")


async def archive(app: CodexApp, _words: list[str]) -> None:
    """Put the thread away, and choose another one."""
    transcript = app.chat.transcript
    if transcript is not None:
        await app.chat.call(thread_archive(transcript.thread_id))
        await choose(app, "the thread was put away; which one now?")


async def delete(app: CodexApp, _words: list[str]) -> None:
    """Delete the thread for good, after a question."""
    transcript = app.chat.transcript
    if transcript is None:
        return
    choices = [
        Choice(value="no", label="no, keep it"),
        Choice(value="yes", label="yes, delete it and all that was said in it, for good"),
    ]
    if (
        await app.pick(f"delete {transcript.name or 'this thread'} on {app.chat.facts.host}?", choices)
        == "yes"
    ):
        await app.chat.call(thread_delete(transcript.thread_id))
        await choose(app, "the thread was deleted; which one now?")


async def attach(app: CodexApp, _words: list[str]) -> None:
    """Show how another device joins."""
    chat = app.chat
    if not chat.has_turns:
        chat.note(Level.INFO, "nothing was said yet: codex keeps a thread from its first turn on")
        return
    command = attach_command(chat.facts.host, thread_of(app).thread_id)
    await app.push_screen_wait(AttachScreen(chat.facts.host, command, app.keymap, app.desk))


async def fork(app: CodexApp, _words: list[str]) -> None:
    """Go on in a copy."""
    if app.chat.has_turns:
        app.chat.fork()
    else:
        app.chat.note(Level.INFO, "there is nothing to copy yet: nothing was said in this thread")


COMMANDS: Final = (
    SlashCommand(
        name="new",
        about="begin a new thread; the old one goes on by itself",
        run=new,
        needs=("thread/start",),
    ),
    SlashCommand(name="resume", about="go on with another thread", argument="[ID]", run=resume),
    SlashCommand(
        name="attach",
        about="this thread from a phone or another machine: the command, and a QR code",
        run=attach,
        of_thread=True,
    ),
    SlashCommand(name="fork", about="go on in a copy of this thread", run=fork, needs=("thread/fork",)),
    SlashCommand(
        name="rename",
        about="give this thread a name",
        argument="NAME",
        run=rename,
        needs=("thread/name/set",),
    ),
    SlashCommand(
        name="archive",
        about="put this thread away; the list of threads gets it back",
        run=archive,
        needs=("thread/archive",),
    ),
    SlashCommand(name="delete", about="delete this thread for good", run=delete, needs=("thread/delete",)),
)
