"""Drawing the user's attention to something, by the terminal or by a program of this machine.

Lives here: which way, and doing it without waiting. Not here: when and about what (:mod:`codex_ssh.tui`), and
what the terminal's ways look like (:mod:`codex_ssh.core.terminal_codes`).
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.terminal_codes import (
    BELL,
    Through,
    notification,
    pass_through,
    way_to_notify,
    what_is_between,
)
from codex_ssh.core.tui_settings import Notifications
from codex_ssh.local.program import run_program

log = logging.getLogger(__name__)

COMMAND_SECONDS: Final = 10.0
"""How long a program that notifies may take."""

TMUX_SECONDS: Final = 1.0

_TEXT_CHARACTERS: Final = 500


async def notify(
    title: str,
    body: str,
    *,
    way: Notifications,
    command: Sequence[str],
    environment: Mapping[str, str],
    write_terminal: Callable[[str], None],
) -> None:
    """Notify once.

    Args:
        title: Any text.
        body: Any text.
        way: As it is set: ``AUTO`` is the command if there is one, else by the terminal.
        command: A program and its arguments; title and body come behind them.
        environment: Our variables.
        write_terminal: Writes a control sequence to the terminal.
    """
    if way in (Notifications.AUTO, Notifications.COMMAND) and command:
        if await _run_command(command, title, body, environment):
            return
        way = Notifications.BELL
    elif way is Notifications.COMMAND:
        return
    between = what_is_between(environment)
    if way is Notifications.AUTO:
        outer = await _outer_terminal(environment) if between is Through.TMUX else ""
        way = way_to_notify(environment, outer)
    sequence = notification(way, title, body)
    if sequence in ("", BELL) or between is Through.NOTHING:
        found = sequence
    else:
        # tmux may drop what goes through it, and marks the window at a bell.
        found = pass_through(sequence, between) + BELL
    if found:
        write_terminal(found)


async def _run_command(command: Sequence[str], title: str, body: str, environment: Mapping[str, str]) -> bool:
    ran = await run_program(
        [*command, _argument(title), _argument(body)], seconds=COMMAND_SECONDS, environment=environment
    )
    if ran is None or ran.code != 0:
        log.warning("the notification command %s failed", command[0])
        return False
    return True


def _argument(text: str) -> str:
    """Give a text that no program takes for an option of its own."""
    text = plain_line(text)[:_TEXT_CHARACTERS]
    return f" {text}" if text.startswith("-") else text


async def tells_focus(environment: Mapping[str, str]) -> bool:
    """Whether what the terminal says about its focus is so.

    tmux calls the pane one looks at focused, whether or not anybody looks at the terminal tmux is shown in;
    that it asks only with ``focus-events``, which is off unless somebody turns it on.
    """
    if what_is_between(environment) is not Through.TMUX:
        return True
    return await _said_by_tmux(environment, "show-options", "-sv", "focus-events") == "on"


async def _outer_terminal(environment: Mapping[str, str]) -> str:
    """Ask tmux which terminal it is shown in: its name, and what it calls itself."""
    words = ("display-message", "-p", "#{client_termname} #{client_termtype}")
    return await _said_by_tmux(environment, *words)


async def _said_by_tmux(environment: Mapping[str, str], *words: str) -> str:
    program = shutil.which("tmux", path=environment.get("PATH"))
    if program is None:
        return ""
    ran = await run_program([program, *words], seconds=TMUX_SECONDS, most=1024, environment=environment)
    return ran.out.decode("utf-8", "replace").strip() if ran is not None and ran.code == 0 else ""
