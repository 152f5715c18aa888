"""What a slash command is: its name, what it needs of the app server, and what it does.

Lives here: the value. Not here: which commands there are (:mod:`codex_ssh.tui.commands.registry`).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from codex_ssh.core.value import dataclass

if TYPE_CHECKING:
    from codex_ssh.core.transcript import Transcript
    from codex_ssh.tui.app import CodexApp

Deed = Callable[["CodexApp", list[str]], Coroutine[None, None, None]]
"""Does a command, given the words behind its name. What the server refuses may be raised: it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlashCommand:
    """One command.

    Attributes:
        name: What is typed behind the slash.
        about: What it is for, for the menu.
        argument: What may follow it, for the menu.
        needs: Methods of the app server; where it is known to lack one, the command is not offered.
        of_thread: It works on the thread shown, which has to be open.
        takes_text: What follows is one text, as it was written: with its line ends, and what was pasted.
        when_idle: The server takes it between two turns only: in a running one it would end it.
    """

    name: str
    about: str
    run: Deed
    argument: str = ""
    needs: tuple[str, ...] = ()
    of_thread: bool = False
    takes_text: bool = False
    when_idle: bool = False


def thread_of(app: CodexApp) -> Transcript:
    """Give the thread shown: commands that are marked as ``of_thread`` have one."""
    assert app.chat.transcript is not None
    return app.chat.transcript
