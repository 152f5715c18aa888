"""A lifeline for a view that only approves: it looks on, answers what the server asks, and changes nothing.

Lives here: holding every session to that. Not here: which methods only look (:mod:`codex_ssh.core.looking`).
Nothing here imports Textual.

It is held here, where everything passes, and not key by key: what a later version of the TUI can do is not
allowed by being forgotten. Commands that need a method which is not allowed are not offered, as with an app
server that lacks it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

from codex_ssh.core.call import Call
from codex_ssh.core.looking import LOOKS
from codex_ssh.errors import NotAllowed
from codex_ssh.tui.bridge import Conversation, Lifeline
from codex_ssh.tui.passing import PassingLifeline, PassingSession

T = TypeVar("T")


def approving(lifeline: Lifeline) -> Lifeline:
    """Give a lifeline that stands before another one, and lets nothing through but looking and answering."""
    return _Approving(lifeline)


class _Approving(PassingLifeline):
    """Stands before a lifeline."""

    async def sessions(self) -> AsyncIterator[Conversation]:
        """Give the session that is open and each that follows; raises what ends the link for good."""
        async for session in self._lifeline.sessions():
            yield _Session(session)


class _Session(PassingSession):
    """One session, held to looking and answering."""

    async def call(self, call: Call[T]) -> T:
        if call.method not in LOOKS:
            raise NotAllowed(call.method)
        return await self._session.call(call)

    def knows(self, method: str) -> bool | None:
        return self._session.knows(method) if method in LOOKS else False
