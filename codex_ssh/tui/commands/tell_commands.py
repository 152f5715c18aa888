"""The slash command that says one thing to several hosts that are open.

Lives here: which hosts, the question that has to be answered by a word, and saying it. Not here: how a
message gets to one host (:mod:`codex_ssh.tui.outgoing`).

A host is told exactly what was confirmed or nothing: one that was left meanwhile, or shows another thread, or
works in another directory, is left out, and said to be. Nothing meant for one host ever goes to another.
"""

from __future__ import annotations

import time
from collections.abc import Sequence, Sized
from typing import TYPE_CHECKING, Final

from codex_ssh.core.draft import Draft, join_drafts, pasted
from codex_ssh.core.entry import Level
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.tui.badge import Badge, badge_of
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.screens.tell_screen import TellScreen

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp

_NAME: Final = "tell"


async def tell(app: CodexApp, words: list[str]) -> None:
    """Say something to several hosts."""
    if not words:
        app.composer.take(f"/{_NAME} ")
        return
    text = words[0]
    if why := _hindrance(app, text):
        app.chat.note(Level.ERROR, f"/{_NAME}: {why[0]}", why[1])
        _give_back(app, text)
        return
    whom = await app.push_screen_wait(TellScreen(lambda: _badges(app), text, app.keymap))
    if whom is None or not await app.sure(_question(whom), _details(whom, text), word=_count(whom)):
        _give_back(app, text)
        return
    _say(app, text, whom)


def _hindrance(app: CodexApp, text: str) -> tuple[str, str] | None:
    """Give why nothing can be said to several hosts, and what helps; None when it can."""
    if app.chat.options.approves_only:
        return "this view only approves", ""
    if app.lone is not None:
        return app.lone
    if text.startswith("!"):
        return "a shell command is run on one host at a time", "without /tell, it runs on the one shown"
    if _is_command(text):
        return "a slash command is for one host at a time", "without /tell, it is for the one shown"
    return None


def _is_command(text: str) -> bool:
    from codex_ssh.tui.commands.registry import parse  # which imports this module

    return parse(text) is not None


def _badges(app: CodexApp) -> list[Badge]:
    now = time.monotonic()
    return [badge_of(view.chat, now) for view in app.views]


# ---------------------------------------------------------------- the question


def _count(whom: Sized) -> str:
    return f"{len(whom)} host{'' if len(whom) == 1 else 's'}"


def _question(whom: Sequence[Badge]) -> str:
    return f"say this to {_count(whom)}?"


def _details(whom: Sequence[Badge], text: str) -> str:
    """Give the whole text behind a bar, then every host: they stand next to what is typed."""
    rows = [f"│ {line}" for line in plain_lines(text).split("\n")]
    for badge in whom:
        rows += ["", plain_line(f"{badge.who} in {badge.cwd}")]
        rows.append(f"  {plain_line(f'{badge.title}: {badge.state}')}; {badge.takes}")
    return "\n".join(rows)


# ---------------------------------------------------------------- saying it


def _say(app: CodexApp, text: str, whom: Sequence[Badge]) -> None:
    """Say it to those that are still what was confirmed; every conversation gets one line about it."""
    now = {badge.host: badge for badge in _badges(app)}
    views = {view.host: view for view in app.views}
    told: list[str] = []
    missed: list[str] = []
    for badge in whom:
        if why := _changed(badge, now.get(badge.host)):
            missed.append(f"not said to {plain_line(badge.host)}: {why}")
            continue
        told.append(badge.host)
        if views[badge.host] is app.here:
            app.view.follow()
        views[badge.host].desk.remember(text)
        views[badge.host].chat.send(text)
    if told:
        line = f"said to {_count(told)}: {', '.join(map(plain_line, told))}"
        for view in {views[host] for host in told} | {app.here}:
            view.chat.note(Level.INFO, line)
    for line in missed:
        app.chat.note(Level.ERROR, line)
    if not told:
        _give_back(app, text)


def _changed(badge: Badge, now: Badge | None) -> str:
    """Give why a host is not any more what was confirmed; empty when it is."""
    if now is None:
        return "it was left meanwhile"
    if now.refuses:
        return now.refuses
    if now.place != badge.place:
        return "another thread is shown there now, or it works in another directory"
    return ""


def _give_back(app: CodexApp, text: str) -> None:
    """Put what was not said into the composer again; what is long is folded, the command is not."""
    draft = Draft(pieces=(f"/{_NAME} ", *pasted(text).pieces))
    app.composer.take(join_drafts([draft, app.composer.draft]))


COMMANDS: Final = (
    SlashCommand(
        name=_NAME,
        about="say one thing to several open hosts, after a question",
        argument="TEXT",
        run=tell,
        takes_text=True,
    ),
)
