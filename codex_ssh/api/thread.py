"""Threads and turns as a program sees them.

Lives here: starting and steering turns, their events, and how they ended. Not here: the link
(:mod:`codex_ssh.api.connection`) and what events mean (:mod:`codex_ssh.core.events`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol, TypeVar

from codex_ssh.api.approval import Approval
from codex_ssh.core.attachment import Attachment
from codex_ssh.core.call import Call
from codex_ssh.core.events import Event, ItemCompleted, TurnCompleted, TurnStarted
from codex_ssh.core.items import AgentMessage, Item
from codex_ssh.core.methods import (
    OpenThread,
    thread_archive,
    thread_name_set,
    thread_unsubscribe,
    turn_interrupt,
    turn_start,
    turn_steer,
)
from codex_ssh.core.thread import ThreadId, TurnError, TurnId, TurnStatus
from codex_ssh.core.value import dataclass

T = TypeVar("T")


class Caller(Protocol):
    """Whoever asks the app server."""

    async def call(self, call: Call[T]) -> T:
        """Ask; raises RpcFailed, LinkLost."""

    def listen(self, thread_id: ThreadId) -> Listener:
        """Hear what is said of a thread from now on."""


class Listener:
    """What is said of one thread, from one moment on.

    Args:
        stop: Called when nobody listens any more.
    """

    def __init__(self, stop: Callable[[Listener], None]) -> None:
        self.queue: asyncio.Queue[Event | Approval | Exception] = asyncio.Queue()
        self._stop = stop

    def close(self) -> None:
        """Hear no more."""
        self._stop(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnResult:
    """How a turn ended.

    Attributes:
        answer: The last thing the model said, as markdown; empty when it said nothing.
        items: Everything that was finished in it, in order.
        error: Why it failed; None when it did not.
        duration_ms: Milliseconds; None when the server did not say.
    """

    id: TurnId
    status: TurnStatus
    answer: str
    items: tuple[Item, ...]
    error: TurnError | None
    duration_ms: int | None

    @property
    def is_completed(self) -> bool:
        """Whether it came to its end: neither failed nor was interrupted."""
        return self.status is TurnStatus.COMPLETED


class Turn:
    """A turn that goes on; made by :meth:`Thread.start`.

    Iterating gives its events as they come, each once, :class:`Approval` among them where the link was opened
    with ``approve="ask"``; it ends with the turn. :meth:`result` iterates what is left.

    Attributes:
        id: Its id.
    """

    def __init__(self, caller: Caller, thread_id: ThreadId, turn_id: TurnId, listener: Listener) -> None:
        self.id = turn_id
        self._caller = caller
        self._thread_id = thread_id
        self._listener = listener
        self._items: list[Item] = []
        self._result: TurnResult | None = None

    async def __aiter__(self) -> AsyncIterator[Event | Approval]:
        while self._result is None:
            said = await self._listener.queue.get()
            if isinstance(said, Exception):
                self._listener.close()
                raise said
            if self._is_ours(said):
                yield said

    def _is_ours(self, said: Event | Approval) -> bool:
        if isinstance(said, Approval):
            return getattr(said.ask, "turn_id", self.id) in ("", self.id)
        if isinstance(said, TurnStarted | TurnCompleted):
            if said.turn.id != self.id:
                return False
            if isinstance(said, TurnCompleted):
                self._finish(said)
            return True
        if getattr(said, "turn_id", self.id) not in ("", self.id):
            return False
        if isinstance(said, ItemCompleted):
            self._items.append(said.item)
        return True

    def _finish(self, ended: TurnCompleted) -> None:
        self._listener.close()
        turn = ended.turn
        answers = [item.text for item in self._items if isinstance(item, AgentMessage)]
        self._result = TurnResult(
            id=self.id,
            status=turn.status,
            answer=answers[-1] if answers else "",
            items=tuple(self._items),
            error=turn.error,
            duration_ms=turn.duration_ms,
        )

    async def result(self) -> TurnResult:
        """Wait for its end; an approval that comes meanwhile as an event is declined.

        Raises:
            LinkLost: There will be no link any more; the turn may still go on.
        """
        async for said in self:
            if isinstance(said, Approval) and not said.is_answered:
                await said.decline()
        assert self._result is not None
        return self._result

    async def steer(self, text: str, attachments: Sequence[Attachment] = ()) -> None:
        """Say something to it; the answer being streamed is cut.

        What comes in the moment it ends is taken by codex into the thread, and only the next turn answers it.

        Raises:
            RpcFailed: It is over, or will not be steered.
            LinkLost: The link was lost before the server said that it has it.
        """
        await self._caller.call(turn_steer(self._thread_id, self.id, text, attachments=attachments))

    async def interrupt(self) -> None:
        """Stop it; raises as :meth:`steer`."""
        await self._caller.call(turn_interrupt(self._thread_id, self.id))


class Thread:
    """A thread on the devbox; made by :meth:`codex_ssh.Link.start_thread` and its neighbours.

    Attributes:
        id: Its id, for :meth:`codex_ssh.Link.resume_thread`.
        name: The name somebody gave it; may be empty.
        cwd: Its directory on the devbox.
        model: What it asks.
    """

    def __init__(self, caller: Caller, opened: OpenThread) -> None:
        self.id = opened.thread.id
        self.name = opened.thread.name
        self.cwd = opened.cwd or opened.thread.cwd
        self.model = opened.model or opened.thread.model
        self._caller = caller

    async def start(
        self,
        text: str,
        attachments: Sequence[Attachment] = (),
        *,
        model: str = "",
        effort: str = "",
    ) -> Turn:
        """Start a turn.

        Args:
            text: What to do.
            attachments: Images and things named in the text.
            model: From this turn on; empty keeps the thread's.
            effort: The same.

        Raises:
            RpcFailed: The server will not.
            LinkLost: The link was lost before it answered; the turn may have begun.
        """
        listener = self._caller.listen(self.id)
        try:
            call = turn_start(self.id, text, attachments=attachments, model=model, effort=effort)
            turn = await self._caller.call(call)
        except BaseException:
            listener.close()
            raise
        return Turn(self._caller, self.id, turn.id, listener)

    async def run(self, text: str, attachments: Sequence[Attachment] = ()) -> TurnResult:
        """Start a turn and wait for its end; raises as :meth:`start` and :meth:`Turn.result`."""
        return await (await self.start(text, attachments)).result()

    async def rename(self, name: str) -> None:
        """Give it a name; raises RpcFailed, LinkLost, as all of these."""
        await self._caller.call(thread_name_set(self.id, name))
        self.name = name

    async def archive(self) -> None:
        """Put it away."""
        await self._caller.call(thread_archive(self.id))

    async def leave(self) -> None:
        """Hear no more of it; a turn goes on."""
        await self._caller.call(thread_unsubscribe(self.id))
