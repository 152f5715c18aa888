"""Commands of the user's own, run on the devbox in the thread: what ``!`` does in the composer.

Lives here: when one may be run, and saying what became of it. Not here: the call
(:func:`codex_ssh.core.methods.thread_shell_command`). Nothing here imports Textual.

A command is sent once and never again: nobody knows what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Final, Protocol, TypeVar

from codex_ssh.core.call import Call
from codex_ssh.core.draft import Draft, draft_of
from codex_ssh.core.entry import Level
from codex_ssh.core.methods import thread_shell_command
from codex_ssh.core.transcript import Transcript
from codex_ssh.errors import LinkLost

SHELL_COMMAND: Final = "thread/shellCommand"

SHELL_SECONDS: Final = 3600.0
"""A command is ended after that, as the server does by itself."""

T = TypeVar("T")


class Commanding(Protocol):
    """Whose commands these are."""

    draft: Draft
    is_read_only: bool

    @property
    def transcript(self) -> Transcript | None:
        """The thread shown."""

    @property
    def is_online(self) -> bool:
        """Whether there is a session, and all that was missed is known."""

    async def call(self, call: Call[T]) -> T:
        """Ask the server; raises RpcFailed, LinkLost."""

    def knows(self, method: str) -> bool | None:
        """Whether the server has a method; None while nobody knows."""

    def note(self, level: Level, text: str, details: str = "") -> None:
        """Say something in the transcript."""


class Shell:
    """Runs commands of the user's own.

    Args:
        client: Whose they are.
        do: Runs something beside, and shows what the server refuses.
    """

    def __init__(self, client: Commanding, do: Callable[[Coroutine[None, None, None], str], None]) -> None:
        self._client = client
        self._do = do

    def run(self, command: str) -> None:
        """Run a command as the user, without a sandbox; one that cannot be run is the draft again."""
        client = self._client
        why = ""
        if client.transcript is None or not client.is_online:
            why = "there is no link: the command was not run"
        elif client.is_read_only:
            why = "another codex process has this thread: no command is run in it"
        elif client.knows(SHELL_COMMAND) is False:
            why = f"this app server has no {SHELL_COMMAND!r}: the command was not run"
        if why or client.transcript is None:
            client.draft = draft_of(f"!{command}")
            client.note(Level.ERROR, why)
            return
        self._do(self._run(client.transcript.thread_id, command), "running the command")

    async def _run(self, thread_id: str, command: str) -> None:
        try:
            await self._client.call(thread_shell_command(thread_id, command, seconds=SHELL_SECONDS))
        except LinkLost:
            text = "the link was lost: whether this command ran is not known"
            self._client.note(Level.WARNING, text, command)
            raise
