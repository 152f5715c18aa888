"""What was said for after the running turn: kept by the app server where it can, else here.

Lives here: what waits, as it is shown, and taking it back. Not here: getting it to the server
(:mod:`codex_ssh.tui.outgoing`), and the calls (:mod:`codex_ssh.core.queue_methods`). Nothing here imports
Textual.

The server's queue survives us, and every client sees it. A server without one leaves the message in our own
outbox until the turn is over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol, TypeVar

from codex_ssh.core.attachment import Attachment
from codex_ssh.core.call import Call
from codex_ssh.core.draft import Draft, draft_of, join_drafts
from codex_ssh.core.entry import Level
from codex_ssh.core.events import TurnCompleted
from codex_ssh.core.fields import text_at
from codex_ssh.core.outbox import Delivery, Message
from codex_ssh.core.queue_methods import (
    QUEUE_ADD,
    QUEUE_CHANGED,
    Queued,
    queue_delete,
    queue_list,
    queue_start,
)
from codex_ssh.core.rpc import Notification
from codex_ssh.core.thread import TurnStatus
from codex_ssh.core.transcript import Transcript
from codex_ssh.core.value import dataclass
from codex_ssh.errors import RpcFailed
from codex_ssh.tui.outgoing import Outgoing

log = logging.getLogger(__name__)

T = TypeVar("T")


class Queueing(Protocol):
    """Whose queue it is."""

    draft: Draft
    is_read_only: bool

    @property
    def transcript(self) -> Transcript | None:
        """The thread shown."""

    async def call(self, call: Call[T]) -> T:
        """Ask the server; raises RpcFailed, LinkLost."""

    def knows(self, method: str) -> bool | None:
        """Whether the server has a method; None while nobody knows."""

    def send(self, text: str, attachments: Sequence[Attachment] = ()) -> None:
        """Say something now."""

    def note(self, level: Level, text: str, details: str = "") -> None:
        """Say something in the transcript."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that waits, as it is shown.

    Attributes:
        draft: What it says.
        is_here: It has not reached the server.
    """

    draft: Draft
    is_here: bool


class Queue:
    """The queue of the thread shown.

    Args:
        client: Whose it is.
        outgoing: The messages that are not known to have arrived.
        do: Runs something beside, and shows what the server refuses.
    """

    def __init__(
        self,
        client: Queueing,
        outgoing: Outgoing,
        do: Callable[[Coroutine[None, None, None], str], None],
    ) -> None:
        self._client = client
        self._outgoing = outgoing
        self._do = do
        self._there: tuple[Queued, ...] = ()

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """Everything that waits, in the order it will be said."""
        there = (Waiting(draft=draft_of(one.text, one.attachments), is_here=False) for one in self._there)
        here = (
            Waiting(
                draft=draft_of(one.text, one.attachments),
                is_here=one.delivery is not Delivery.ACCEPTED,
            )
            for one in self._here()
        )
        return (*there, *here)

    @property
    def is_paused(self) -> bool:
        """Whether it waits for the user, after an interrupted turn."""
        transcript = self._client.transcript
        return bool(self._there) and transcript is not None and transcript.turn_id is None

    def other_thread(self) -> None:
        """Forget what waits: another thread is shown."""
        self._there = ()

    def hear(self, notification: Notification) -> bool:
        """Read the queue again when it has changed; False for every other notification."""
        if notification.method != QUEUE_CHANGED:
            return False
        transcript = self._client.transcript
        if transcript is not None and text_at(notification.params, "threadId") == transcript.thread_id:
            self._do(self.read(), "")
        return True

    async def read(self) -> None:
        """Learn what waits on the server, if it has a queue; raises LinkLost."""
        transcript = self._client.transcript
        if transcript is None or self._client.is_read_only or self._client.knows(QUEUE_ADD) is False:
            return
        try:
            page = await self._client.call(queue_list(transcript.thread_id))
        except RpcFailed as failed:
            log.info("no queue: %s", failed)
            return
        if transcript is self._client.transcript:
            self._there = page.data
            self._outgoing.queued_there({one.client_id for one in page.data})

    async def start(self) -> None:
        """Go on with what waits, after an interrupted turn; raises RpcFailed, LinkLost."""
        transcript = self._client.transcript
        if transcript is not None and self._there:
            await self._client.call(queue_start(transcript.thread_id))

    def add(self, text: str, attachments: Sequence[Attachment] = ()) -> None:
        """Say something when the running turn is over; at once when none runs."""
        transcript = self._client.transcript
        if self._client.is_read_only:
            self._client.send(text, attachments)  # it knows what to say
        elif transcript is not None:
            self._outgoing.say(transcript, text, attachments, is_queued=True)
            self._do(self._outgoing.deliver(), "")

    def take_back(self, *, drop: bool = False) -> None:
        """Take back what was said last for after the turn: it is the client's draft then, or forgotten."""
        self._do(self._take_back(drop=drop), "")

    async def clear(self) -> None:
        """Forget all that waits; raises RpcFailed, LinkLost."""
        while self.waiting and await self._remove_last() is not None:
            pass

    def turn_over(self, event: TurnCompleted) -> None:
        """Go on with what waits here, where the server has no queue; after an interrupt it is given back."""
        transcript = self._client.transcript
        if transcript is None or event.thread_id != transcript.thread_id:
            return
        is_interrupted = event.turn.status is TurnStatus.INTERRUPTED
        if is_interrupted and self._client.knows(QUEUE_ADD) is False:
            here = self._here()
            for message in here:
                self._outgoing.forget(message.id)
            drafts = [draft_of(one.text, one.attachments) for one in here]
            self._client.draft = join_drafts([*drafts, self._client.draft])
        self._do(self._outgoing.turn_over(event.turn), "")

    async def _take_back(self, *, drop: bool) -> None:
        draft = await self._remove_last()
        if draft is None:
            self._client.note(Level.INFO, "it is under way already")
        elif not drop:
            self._client.draft = join_drafts([self._client.draft, draft])

    async def _remove_last(self) -> Draft | None:
        here = self._here()
        if here:
            if not self._outgoing.forget(here[-1].id):
                return None
            return draft_of(here[-1].text, here[-1].attachments)
        transcript = self._client.transcript
        if transcript is None or not self._there:
            return None
        last = self._there[-1]
        if not await self._client.call(queue_delete(transcript.thread_id, last.id)):
            return None
        self._there = tuple(one for one in self._there if one.id != last.id)
        return draft_of(last.text, last.attachments)

    def _here(self) -> list[Message]:
        transcript = self._client.transcript
        there = {one.client_id for one in self._there}
        return [
            one
            for one in self._outgoing.outbox.messages
            if one.is_queued
            and transcript is not None
            and one.thread_id == transcript.thread_id
            and one.id not in there
        ]
