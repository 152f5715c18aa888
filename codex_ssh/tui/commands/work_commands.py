"""Slash commands that set the thread to work, and about what it left running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codex_ssh.core.entry import Level
from codex_ssh.core.goal import Goal, GoalStatus
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.work_methods import (
    BackgroundTerminal,
    ReviewTarget,
    background_terminals_clean,
    background_terminals_list,
    background_terminals_terminate,
    review_start,
    thread_compact_start,
    thread_goal_clear,
    thread_goal_get,
    thread_goal_set,
)
from codex_ssh.core.workspace_methods import fs_get_metadata
from codex_ssh.errors import RpcFailed
from codex_ssh.tui.caller import read_pages
from codex_ssh.tui.cells import seconds
from codex_ssh.tui.commands.slash_command import SlashCommand, thread_of
from codex_ssh.tui.remote_git import branches, commits
from codex_ssh.tui.screens.pick_screen import Choice

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp

INSTRUCTIONS_FILE: Final = "AGENTS.md"

_ALL: Final = "*"
"""No id of a terminal: those are numbers."""

INIT_PROMPT: Final = f"""\
Put a file {INSTRUCTIONS_FILE} at the root of this repository: a short guide for coding agents.

Look around first, and write down only what you found to be true:
- what the project is, and where its parts are;
- how it is built, run, checked and tested, with the exact commands;
- the style of the code and the names it uses;
- how tests are written, and which must pass;
- how commits and pull requests look, judged by the history;
- what must not be touched, and anything about security or configuration that is easy to get wrong.

Give it the title "Repository Guidelines" and short sections with headings. Stay below 400 words. \
Leave out what any good programmer would do anyway."""


async def compact(app: CodexApp, _words: list[str]) -> None:
    """Summarise the thread."""
    await app.chat.call(thread_compact_start(thread_of(app).thread_id))
    app.view.follow()


async def init(app: CodexApp, _words: list[str]) -> None:
    """Have the instructions for agents written, where there are none."""
    path = f"{thread_of(app).cwd.rstrip('/')}/{INSTRUCTIONS_FILE}"
    if app.chat.knows("fs/getMetadata") is not False:
        try:
            await app.chat.call(fs_get_metadata(path))
        except RpcFailed:
            pass  # there is none: that is what this is for
        else:
            app.chat.note(Level.INFO, f"{path} is there already, so nothing was done")
            return
    app.view.follow()
    app.chat.send(INIT_PROMPT)


# ---------------------------------------------------------------- review


async def review(app: CodexApp, words: list[str]) -> None:
    """Review changes."""
    target = ReviewTarget(instructions=" ".join(words)) if words else await _pick_target(app)
    if target is not None:
        transcript = thread_of(app)
        transcript.started(await app.chat.call(review_start(transcript.thread_id, target)))
        app.view.follow()


async def _pick_target(app: CodexApp) -> ReviewTarget | None:
    kinds = [
        Choice(value="branch", label="Against a branch", about="what a pull request would show"),
        Choice(value="uncommitted", label="What is not committed", about="staged, unstaged and untracked"),
        Choice(value="commit", label="A commit", about="chosen from the list"),
        Choice(value="custom", label="In your own words", about="/review WORDS does the same"),
    ]
    match await app.pick("review what?", kinds):
        case "branch":
            return await _pick_branch(app)
        case "uncommitted":
            return ReviewTarget()
        case "commit":
            return await _pick_commit(app)
        case "custom":
            app.composer.take("/review ")
    return None


async def _pick_branch(app: CodexApp) -> ReviewTarget | None:
    names, current = await branches(app.chat, thread_of(app).cwd)
    choices = [Choice(value=name, label=name) for name in names if name != current]
    if not choices:
        app.chat.note(Level.INFO, "there is no other branch to compare with")
        return None
    title = (
        f"what {plain_line(current)} adds to which branch?" if current else "the difference to which branch?"
    )
    branch = await app.pick(title, choices)
    return ReviewTarget(branch=branch) if branch else None


async def _pick_commit(app: CodexApp) -> ReviewTarget | None:
    found = await commits(app.chat, thread_of(app).cwd)
    choices = [Choice(value=one.sha, label=one.title, about=f"{one.sha[:9]}, {one.age}") for one in found]
    sha = await app.pick("which commit?", choices) if choices else None
    title = next((one.title for one in found if one.sha == sha), "")
    return ReviewTarget(sha=sha, title=title) if sha else None


# ---------------------------------------------------------------- goal


async def goal(app: CodexApp, words: list[str]) -> None:
    """Show, set, pause, resume or clear what the thread works towards."""
    thread_id = thread_of(app).thread_id
    match words:
        case []:
            found = await app.chat.call(thread_goal_get(thread_id))
            _say_goal(app, found)
        case ["pause"]:
            _say_goal(app, await app.chat.call(thread_goal_set(thread_id, status=GoalStatus.PAUSED)))
        case ["resume"]:
            _say_goal(app, await app.chat.call(thread_goal_set(thread_id, status=GoalStatus.ACTIVE)))
        case ["clear"]:
            had_one = await app.chat.call(thread_goal_clear(thread_id))
            app.chat.note(Level.INFO, "the goal is cleared" if had_one else "there was no goal")
        case _:
            _say_goal(app, await app.chat.call(thread_goal_set(thread_id, objective=" ".join(words))))
    app.view.follow()


def _say_goal(app: CodexApp, found: Goal | None) -> None:
    if found is None:
        app.chat.note(
            Level.INFO, "the thread has no goal", "/goal WORDS gives it one: it works on, turn after turn"
        )
        return
    used = f"{found.tokens_used} tokens" + (
        f" of {found.token_budget}" if found.token_budget is not None else ""
    )
    details = f"{found.objective}\n{used}, {seconds(found.seconds_used * 1000)} of work"
    app.chat.note(Level.INFO, f"goal, {found.status.value}", details)


# ---------------------------------------------------------------- terminals


async def terminals(app: CodexApp, _words: list[str]) -> None:
    """Say which commands run in the background."""
    found = await _terminals(app)
    rows = [f"{one.command}  {_about(one)}" for one in found]
    text = f"{len(found)} in the background" if found else "nothing runs in the background"
    app.chat.note(Level.INFO, text, "\n".join(rows))
    app.view.follow()


async def stop(app: CodexApp, words: list[str]) -> None:
    """Stop one command in the background, or all."""
    found = await _terminals(app)
    if not found:
        app.chat.note(Level.INFO, "nothing runs in the background")
        return
    choices = [Choice(value=one.id, label=one.command, about=_about(one)) for one in found]
    if len(found) > 1:
        choices.append(Choice(value=_ALL, label=f"all {len(found)}"))
    chosen = _ALL if words == ["all"] else await app.pick("stop which command?", choices)
    if chosen is None:
        return
    thread_id = thread_of(app).thread_id
    if chosen != _ALL:
        was_there = await app.chat.call(background_terminals_terminate(thread_id, chosen))
        app.chat.note(Level.INFO, "it is stopped" if was_there else "it had ended already")
    elif await app.sure(f"stop all {len(found)}?", "\n".join(one.command for one in found)):
        await app.chat.call(background_terminals_clean(thread_id))
        app.chat.note(Level.INFO, "all are stopped")


async def _terminals(app: CodexApp) -> list[BackgroundTerminal]:
    thread_id = thread_of(app).thread_id
    return await read_pages(app.chat, lambda cursor: background_terminals_list(thread_id, cursor=cursor))


def _about(terminal: BackgroundTerminal) -> str:
    pid = f"pid {terminal.pid}" if terminal.pid is not None else ""
    memory = f"{terminal.memory_kb // 1024} MiB" if terminal.memory_kb is not None else ""
    return ", ".join(part for part in (pid, memory, terminal.cwd) if part)


COMMANDS: Final = (
    SlashCommand(
        name="compact",
        about="summarise the thread, so that it takes less context",
        run=compact,
        needs=("thread/compact/start",),
        of_thread=True,
        when_idle=True,
    ),
    SlashCommand(
        name="review",
        about="review changes: a branch, a commit, what is not committed",
        argument="[WORDS]",
        run=review,
        needs=("review/start", "command/exec"),
        of_thread=True,
        when_idle=True,
    ),
    SlashCommand(
        name="init",
        about=f"have {INSTRUCTIONS_FILE} written, a guide for agents",
        run=init,
        of_thread=True,
        when_idle=True,
    ),
    SlashCommand(
        name="goal",
        about="what the thread works towards, turn after turn",
        argument="[WORDS|pause|resume|clear]",
        run=goal,
        needs=("thread/goal/get", "thread/goal/set", "thread/goal/clear"),
        of_thread=True,
    ),
    SlashCommand(
        name="ps",
        about="commands that run in the background",
        run=terminals,
        needs=("thread/backgroundTerminals/list",),
        of_thread=True,
    ),
    SlashCommand(
        name="stop",
        about="stop a command in the background, or all",
        argument="[all]",
        run=stop,
        needs=(
            "thread/backgroundTerminals/list",
            "thread/backgroundTerminals/terminate",
            "thread/backgroundTerminals/clean",
        ),
        of_thread=True,
    ),
)
