"""The slash command that hands work over to another host."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from codex_ssh.core.entry import Level
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.transcript import Transcript
from codex_ssh.errors import CopyFailed, DevboxFailed, RpcFailed, StageError
from codex_ssh.tui import remote_files
from codex_ssh.tui.commands.file_commands import choose_directory
from codex_ssh.tui.commands.slash_command import SlashCommand, thread_of
from codex_ssh.tui.handoff import bring, first_guess, gather
from codex_ssh.tui.screens.handoff_screen import HandoffScreen
from codex_ssh.tui.screens.hosts_screen import Chosen
from codex_ssh.tui.screens.waiting_screen import wait_for

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp
    from codex_ssh.tui.widgets.host_view import HostView


async def handoff(app: CodexApp, words: list[str]) -> None:
    """Hand the thread's work over to another host, where a new thread goes on with it."""
    here, transcript = app.here, thread_of(app)
    if app.visits is None:
        here.chat.note(Level.INFO, "there is only this host here")
        return
    host = words[0] if words else await app.choose_other_host("hand over to which host?")
    if not host:
        return
    if host == here.host:
        here.chat.note(
            Level.ERROR, f"this is {plain_line(host)}: /fork goes on in a copy here, /cd somewhere else"
        )
        return
    there = app.view_of(host)
    if there is not None and there.composer.draft:
        here.chat.note(
            Level.ERROR, f"there is something unsent in the composer of {host}: send or clear it first"
        )
        return
    was_open = there is not None
    there = there or await app.open_host(Chosen(host=host))
    if there is None:
        return
    if there.chat.facts.transport == "wss":
        here.chat.note(Level.ERROR, f"{host} is reached without SSH, and files go by SSH alone")
        is_done = False
    else:
        is_done = await _hand_over(app, here, transcript, there, " ".join(words[1:]))
    if not is_done and not was_open and there in app.views:
        app.leave_host(there)


async def _hand_over(
    app: CodexApp, here: HostView, transcript: Transcript, there: HostView, typed: str
) -> bool:
    """Ask what there is to ask, and do it; whether it is done."""
    try:
        directory = await _directory(app, there, typed, transcript.cwd)
        if directory is None:
            return False
        gathered = await wait_for(
            app,
            f"collecting the work on {plain_line(here.host)}",
            partial(gather, here.chat, transcript, there.chat, directory),
        )
        goes = await app.push_screen_wait(HandoffScreen(gathered, app.keymap)) if gathered else None
        if gathered is None or goes is None:
            return False

        async def deliver() -> bool:
            await bring(gathered, goes, there.chat)
            app.show(there)  # before its draft is taken for a message that came back
            return True

        if not await wait_for(app, f"bringing it to {plain_line(there.host)}", deliver):
            return False
    except (CopyFailed, DevboxFailed, RpcFailed, StageError) as failed:
        details = [getattr(failed, "said", ""), failed.hint, "this thread is as it was; /handoff begins anew"]
        here.chat.note(
            Level.ERROR,
            f"nothing was handed over to {there.host}: {failed}",
            "\n".join(filter(None, details)),
        )
        return False
    here.chat.note(Level.INFO, f"handed over to {gathered.place}", "this thread stays as it is")
    return True


async def _directory(app: CodexApp, there: HostView, typed: str, cwd: str) -> str | None:
    """Give the directory to go on in; None where the user chooses none."""
    if not typed:
        looking = partial(first_guess, there.chat, cwd)
        start = await wait_for(app, f"looking at {plain_line(there.host)}", looking)
        return await choose_directory(app, there.chat, start) if start is not None else None
    seen_from = there.chat.cwd or await remote_files.home(there.chat)
    path = await remote_files.absolute(there.chat, typed, seen_from)
    await remote_files.check_directory(there.chat, path)
    return path


COMMANDS: Final = (
    SlashCommand(
        name="handoff",
        about="hand the work over to another host, where a new thread goes on",
        argument="[HOST [DIRECTORY]]",
        run=handoff,
        needs=("thread/items/list", "command/exec", "thread/start"),
        of_thread=True,
        when_idle=True,
    ),
)
