"""What the devbox tells beside the thread: the git branch of its directory, the account, and other threads.

Lives here: when that is asked for, and what is known of it. Not here: the calls
(:mod:`codex_ssh.core.remote_command`, :mod:`codex_ssh.core.limits`) and how it is shown
(:mod:`codex_ssh.tui.status_items`). Nothing here imports Textual.

Nothing is polled: the branch is asked for when a thread is shown, when its directory changes and when a turn
is over, for that is when it changes; limits come by themselves, once asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable

from codex_ssh.core.events import (
    AccountUpdated,
    Event,
    LimitsUpdated,
    SettingsUpdated,
    ThreadClosed,
    ThreadStatusChanged,
    TurnCompleted,
)
from codex_ssh.core.limits import Limits, account_rate_limits_read
from codex_ssh.core.methods import Account, account_read
from codex_ssh.core.remote_command import git_branch, read_branch
from codex_ssh.core.thread import Need, Thread, ThreadId
from codex_ssh.core.transcript import Transcript
from codex_ssh.errors import LinkLost, RpcFailed
from codex_ssh.tui.bridge import Conversation

log = logging.getLogger(__name__)

_WITH_LIMITS = "chatgpt"
"""The kind of account that has limits."""


class Surroundings:
    """What is known beside the thread; all of it may be missing, and none of it is waited for.

    Args:
        conversation: Gives who is asked; another one after each reconnect.
        transcript: Gives the thread shown.
        knows: Whether the app server has a method; None while nobody knows.
        spawn: Runs something beside the rest.
        changed: Called when anything changed.

    Attributes:
        branch: The git branch of the thread's directory; empty without one, remote text.
        account: Who is signed in on the devbox; None while unknown.
        limits: What is left to that account.
        waiting: Other threads that wait for somebody, as far as was heard since the link is up.
    """

    def __init__(
        self,
        conversation: Callable[[], Conversation],
        *,
        transcript: Callable[[], Transcript | None],
        knows: Callable[[str], bool | None],
        spawn: Callable[[Coroutine[None, None, None]], object],
        changed: Callable[[], None],
    ) -> None:
        self.branch = ""
        self.account: Account | None = None
        self.limits = Limits()
        self.waiting: set[ThreadId] = set()
        self._conversation = conversation
        self._transcript = transcript
        self._knows = knows
        self._spawn = spawn
        self._changed = changed

    def look(self) -> None:
        """Ask for everything: another thread is shown, or the link is back."""
        self.branch = ""
        self._spawn(self._guarded(self._read_branch))
        self._spawn(self._guarded(self._read_account))

    def link_lost(self) -> None:
        """Forget what is not told again."""
        self.waiting.clear()

    def see(self, threads: Iterable[Thread]) -> None:
        """Take in what a list says about threads."""
        self.waiting |= {thread.id for thread in threads if thread.status.need is Need.WAITING}

    def hear(self, event: Event) -> None:
        """Take in what the server said, after the transcript did."""
        transcript = self._transcript()
        match event:
            case LimitsUpdated():
                self.limits = self.limits.updated(event.news)
                self._changed()
            case ThreadStatusChanged():
                if event.status.need is Need.WAITING:
                    self.waiting.add(event.thread_id)
                else:
                    self.waiting.discard(event.thread_id)
                self._changed()
            case ThreadClosed():
                self.waiting.discard(event.thread_id)
            case AccountUpdated():
                self._spawn(self._guarded(self._read_account))
            case TurnCompleted() | SettingsUpdated():
                if transcript is not None and event.thread_id == transcript.thread_id:
                    self._spawn(self._guarded(self._read_branch))
            case _:
                pass

    async def _read_branch(self) -> None:
        transcript = self._transcript()
        call = git_branch(transcript.cwd) if transcript is not None else None
        if call is None or self._knows(call.method) is False:
            return
        try:
            branch = read_branch(await self._conversation().call(call))
        except RpcFailed as failed:  # no git there, or no way to run it
            log.info("the branch is not known: %s", failed)
            branch = ""
        if transcript is self._transcript() and branch != self.branch:
            self.branch = branch
            self._changed()

    async def _read_account(self) -> None:
        self.account = await self._conversation().call(account_read())
        self.limits = Limits()
        if self.account.kind == _WITH_LIMITS:
            self.limits = await self._conversation().call(account_rate_limits_read())
        self._changed()

    async def _guarded(self, read: Callable[[], Awaitable[None]]) -> None:
        try:
            await read()
        except (RpcFailed, LinkLost) as failed:
            log.info("something beside the thread is not known: %s", failed)
