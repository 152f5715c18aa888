"""The slash commands: their names and what they are for. What they do stands in :mod:`codex_ssh.tui.app`."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class CommandName(enum.Enum):
    """A slash command; the value is what is typed."""

    NEW = "new"
    RESUME = "resume"
    FORK = "fork"
    MODEL = "model"
    LOGIN = "login"
    STATUS = "status"
    HELP = "help"
    QUIT = "quit"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlashCommand:
    """One command.

    Attributes:
        argument: What may follow it, for the menu.
    """

    name: CommandName
    about: str
    argument: str = ""


COMMANDS: Final = (
    SlashCommand(name=CommandName.NEW, about="begin a new thread; the old one goes on by itself"),
    SlashCommand(name=CommandName.RESUME, about="go on with another thread", argument="[ID]"),
    SlashCommand(name=CommandName.FORK, about="go on in a copy of this thread"),
    SlashCommand(name=CommandName.MODEL, about="choose model and effort", argument="[MODEL [EFFORT]]"),
    SlashCommand(name=CommandName.LOGIN, about="sign in to codex on the devbox"),
    SlashCommand(name=CommandName.STATUS, about="server, thread, model, tokens"),
    SlashCommand(name=CommandName.HELP, about="the keys"),
    SlashCommand(name=CommandName.QUIT, about="leave; a running turn goes on"),
)


def matching(text: str) -> tuple[SlashCommand, ...]:
    """Give the commands a half-typed line may become; none when it is no command."""
    if not text.startswith("/") or "\n" in text or " " in text:
        return ()
    return tuple(command for command in COMMANDS if command.name.value.startswith(text[1:].lower()))


def parse(text: str) -> tuple[CommandName, list[str]] | None:
    """Read a typed line as a command and its arguments; None when it is none.

    Only known names are commands: a message may well begin with a path.
    """
    words = text.split()
    if not words or "\n" in text.strip() or not words[0].startswith("/"):
        return None
    found = next((command.name for command in COMMANDS if command.name.value == words[0][1:].lower()), None)
    return (found, words[1:]) if found is not None else None
