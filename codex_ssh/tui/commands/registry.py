"""Every slash command, and reading what is typed as one.

Lives here: the list, finding and parsing. Not here: what a command does (the modules beside this one).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from textual.fuzzy import FuzzySearch

from codex_ssh.core.draft import Draft
from codex_ssh.tui.commands import (
    composer_commands,
    file_commands,
    handoff_commands,
    look_commands,
    port_commands,
    reading_commands,
    save_commands,
    session_commands,
    settings_commands,
    tell_commands,
    thread_commands,
    tool_commands,
    transcript_commands,
    work_commands,
)
from codex_ssh.tui.commands.slash_command import SlashCommand

if TYPE_CHECKING:
    from codex_ssh.tui.chat import Chat

COMMANDS: Final = (
    *thread_commands.COMMANDS,
    *settings_commands.COMMANDS,
    *session_commands.COMMANDS,
    *file_commands.COMMANDS,
    *save_commands.COMMANDS,
    *port_commands.COMMANDS,
    *work_commands.COMMANDS,
    *transcript_commands.COMMANDS,
    *handoff_commands.COMMANDS,
    *tool_commands.COMMANDS,
    *reading_commands.COMMANDS,
    *look_commands.COMMANDS,
    *composer_commands.COMMANDS,
    *tell_commands.COMMANDS,
)
"""All there are, in the order of the menu."""

_BY_NAME: Final = {command.name: command for command in COMMANDS}

Knows = Callable[[str], bool | None]
"""Whether the app server has a method; None while nobody knows."""


def offered(knows: Knows) -> tuple[SlashCommand, ...]:
    """Give the commands that work with an app server, as far as is known."""
    return tuple(command for command in COMMANDS if lacks(command, knows) == "")


def lacks(command: SlashCommand, knows: Knows) -> str:
    """Give the method a command needs and the app server is known not to have; empty when there is none."""
    return next((method for method in command.needs if knows(method) is False), "")


def hindrance(command: SlashCommand, chat: Chat) -> str:
    """Give why a command cannot be done just now; empty when it can."""
    if lacking := lacks(command, chat.knows):
        if chat.options.approves_only:
            return "would change something, and this view only approves"
        return f"does not work with this app server: it has no {lacking!r}"
    if command.of_thread and chat.transcript is None:
        return "needs a thread, and none is open yet"
    if command.needs and not chat.is_online:
        return "needs the app server, and there is no link just now"
    if command.when_idle and chat.transcript is not None and chat.transcript.state.is_running:
        return "waits for the end of the turn: try again then, or interrupt it"
    return ""


def matching(text: str, knows: Knows) -> tuple[SlashCommand, ...]:
    """Give the commands a half-typed line may become, the likeliest first; none when it is no command.

    Letters but the first may be left out: ``/cmp`` finds ``/compact``. What begins with them comes first.
    """
    if not text.startswith("/") or "\n" in text or " " in text:
        return ()
    typed = text[1:].lower()
    commands = offered(knows)
    begun = [command for command in commands if command.name.startswith(typed)]
    search = FuzzySearch()
    scores = {
        command.name: search.match(typed, command.name)[0]
        for command in commands
        if command not in begun and command.name[0] == typed[0]
    }
    others = [command for command in commands if scores.get(command.name, 0) > 0]
    return (*begun, *sorted(others, key=lambda command: -scores[command.name]))


def parse(text: str) -> tuple[SlashCommand, list[str]] | None:
    """Read a typed line as a command and its arguments; None when it is none.

    Only known names are commands: a message may well begin with a path. What has several lines is a message,
    unless the command takes a text.
    """
    words = text.split()
    if not words or not text.lstrip().startswith("/"):
        return None
    found = _BY_NAME.get(words[0][1:].lower())
    if found is None or (not found.takes_text and "\n" in text.strip()):
        return None
    if found.takes_text:
        rest = text.lstrip()[len(words[0]) :].strip()
        return found, [rest] if rest else []
    return found, words[1:]


def parse_draft(draft: Draft) -> tuple[SlashCommand, list[str]] | None:
    """Read what was written as a command; None when it is a message.

    What is folded in it makes it a message, unless the command takes a text and its name was typed.
    """
    found = parse(draft.text)
    if found is None or not draft.folds:
        return found
    return found if found[0].takes_text and isinstance(draft.pieces[0], str) else None
