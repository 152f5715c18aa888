"""A lifeline that stands before another one, and passes everything through.

Lives here: the passing. Not here: what anybody does on the way (:mod:`codex_ssh.tui.recorder`,
:mod:`codex_ssh.tui.approving`). Nothing here imports Textual.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.lifecycle import LinkStatus
from codex_ssh.core.rpc import Json, Notification, Request, RequestId
from codex_ssh.tui.bridge import Conversation, Lifeline


class PassingLifeline:
    """Stands before a lifeline; front ends use it in its place. Giving the sessions is the subclass's.

    Args:
        lifeline: What it stands before.

    Attributes:
        on_change: To be called when the status or the round trip changed.
        round_trip: As the lifeline's.
    """

    def __init__(self, lifeline: Lifeline) -> None:
        self._lifeline = lifeline
        self.on_change: Callable[[], None] = lambda: None
        self.round_trip = lifeline.round_trip
        lifeline.on_change = self._changed

    @property
    def facts(self) -> ServerFacts:
        """What is known about the server."""
        return self._lifeline.facts

    @property
    def status(self) -> LinkStatus:
        """Where the link is."""
        return self._lifeline.status

    @property
    def silent_for(self) -> float:
        """Seconds since anything came from the server."""
        return self._lifeline.silent_for

    def try_now(self) -> None:
        """Reconnect at once instead of waiting."""
        self._lifeline.try_now()

    async def fence(self) -> None:
        """Make sure that nothing sent over an earlier connection arrives any more; raises ``LinkLost``."""
        await self._lifeline.fence()

    def _changed(self) -> None:
        self.round_trip = self._lifeline.round_trip
        self.on_change()


class PassingSession:
    """Stands before a session; calls are the subclass's."""

    def __init__(self, session: Conversation) -> None:
        self._session = session

    async def answer(self, request_id: RequestId, result: Json) -> None:
        """Answer a request of the server's; raises ``LinkLost``."""
        await self._session.answer(request_id, result)

    async def refuse(self, request_id: RequestId, code: int, message: str) -> None:
        """Answer a request of the server's with an error; raises ``LinkLost``."""
        await self._session.refuse(request_id, code, message)

    def knows(self, method: str) -> bool | None:
        """Whether the server has a method; None while that is not known."""
        return self._session.knows(method)

    async def learn_methods(self) -> None:
        """Learn which methods the server has; raises ``LinkLost``."""
        await self._session.learn_methods()

    async def incoming(self) -> AsyncIterator[Notification | Request]:
        """Give all that comes unasked, in order; ends by raising ``LinkLost``."""
        async for message in self._session.incoming():
            yield message
