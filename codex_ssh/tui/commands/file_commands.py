"""Slash commands about the devbox's files: what changed, one file, the directory to work in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codex_ssh.core.entry import Level
from codex_ssh.core.git_diff import parse_git_diff
from codex_ssh.core.workspace_methods import DirectoryEntry
from codex_ssh.tui import remote_files
from codex_ssh.tui.commands.paging import show_page
from codex_ssh.tui.commands.slash_command import SlashCommand, thread_of
from codex_ssh.tui.page import diff_page, language_of, text_page
from codex_ssh.tui.remote_git import working_tree
from codex_ssh.tui.screens.browse_screen import BrowseScreen
from codex_ssh.tui.thread_settings import UPDATE

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp
    from codex_ssh.tui.chat import Chat


async def diff(app: CodexApp, words: list[str]) -> None:
    """Show what is not committed, or what the last turn changed."""
    transcript = thread_of(app)
    if words == ["turn"]:
        changes = parse_git_diff(transcript.diff)
        if not changes:
            app.chat.note(Level.INFO, "no turn seen here changed a file")
            return
        await show_page(app, diff_page("changed by the last turn", changes, text=transcript.diff))
        return
    tree = await working_tree(app.chat, transcript.cwd)
    changes = parse_git_diff(tree.diff)
    notes = ["the diff is too long and cut off"] if tree.is_cut else []
    notes += [f"untracked, not shown: {name}" for name in tree.left_out]
    if not changes and not notes:
        app.chat.note(Level.INFO, f"everything in {transcript.cwd} is committed")
        return
    title = f"not committed on {app.chat.facts.host}"
    await show_page(app, diff_page(title, changes, text=tree.diff, notes=notes))


async def view(app: CodexApp, words: list[str]) -> None:
    """Show a file of the devbox."""
    if not words:
        app.composer.take("/view ")
        return
    await show_file(app, " ".join(words))


async def show_file(app: CodexApp, path: str) -> None:
    """Show a file of the devbox, at a line where one is named; raises DevboxFailed, RpcFailed, LinkLost."""
    name, line = remote_files.split_line(path)
    transcript = app.chat.transcript
    full = await remote_files.absolute(app.chat, name, transcript.cwd if transcript is not None else "/")
    found = await remote_files.read_text(app.chat, full)
    cut = f", the first {remote_files.FILE_BYTES // 2**20} MiB" if found.is_cut else ""
    title = f"{full} on {app.chat.facts.host}{cut}"
    page = text_page(title, found.text, line=line, language=language_of(full))
    await show_page(app, page, save=lambda: app.type_command(f"/save {full}"))


async def choose_directory(app: CodexApp, chat: Chat, start: str) -> str | None:
    """Let the user choose a directory of a host; gives its path, or None."""

    async def resolve(typed: str, seen_from: str) -> str:
        return await remote_files.absolute(chat, typed, seen_from)

    async def look(listed: str) -> tuple[DirectoryEntry, ...]:
        return await remote_files.directory(chat, listed)

    return await app.push_screen_wait(BrowseScreen(chat.facts.host, start, look, resolve))


async def cd(app: CodexApp, words: list[str]) -> None:
    """Work in another directory."""
    transcript = thread_of(app)
    if words:
        path: str | None = await remote_files.absolute(app.chat, " ".join(words), transcript.cwd)
    else:
        path = await choose_directory(app, app.chat, transcript.cwd)
    if path is None:
        return
    await remote_files.check_directory(app.chat, path)
    await app.thread_settings.change_directory(path)
    app.chat.note(Level.INFO, f"from the next turn on in {path}")


COMMANDS: Final = (
    SlashCommand(
        name="diff",
        about="what is not committed there, or what the last turn changed",
        argument="[turn]",
        run=diff,
        needs=("command/exec",),
        of_thread=True,
    ),
    SlashCommand(
        name="view",
        about="a file of the devbox",
        argument="PATH[:LINE]",
        run=view,
        needs=("fs/getMetadata", "fs/readFile"),
    ),
    SlashCommand(
        name="cd",
        about="work in another directory, from the next turn on",
        argument="[PATH]",
        run=cd,
        needs=(UPDATE, "fs/readDirectory"),
        of_thread=True,
    ),
)
