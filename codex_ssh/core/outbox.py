"""Messages on their way to the app server: what is certain about each, and what may be sent next.

Lives here: the states and steps, as values. Not here: sending (:mod:`codex_ssh.tui.outgoing`) and keeping
them on disk (:mod:`codex_ssh.local.drafts`).

A connection that breaks right behind a message leaves it open whether the app server saw it. Such a message
is *unconfirmed*: it is neither sent again nor given up until the server told what it has seen of the thread.

::

    LOCAL ─▶ SENT ─▶ ACCEPTED ─▶ (gone from here: the thread has it, or the server refused it)
      ▲        │         │
      │        ▼         ▼ the link is lost
      └─────── UNCONFIRMED ─▶ (gone from here: the thread has it)
     it has not

An answer is not the end: a server that is killed right behind it has stored nothing. A message is done when
it was seen in the thread.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection
from dataclasses import replace

from codex_ssh.core.attachment import Attachment
from codex_ssh.core.draft import NOTHING, Draft, draft_of
from codex_ssh.core.thread import ThreadId
from codex_ssh.core.value import dataclass


class Delivery(enum.Enum):
    """How far a message is; the value is the word a person reads."""

    LOCAL = "waiting for the link"
    SENT = "sending"
    ACCEPTED = "accepted"
    UNCONFIRMED = "sent, not confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something the user said to a thread.

    Attributes:
        id: Ours; the server gives it back as the user message's ``client_id``.
        attachments: What goes with the text.
        is_queued: It is for after the running turn.
    """

    id: str
    thread_id: ThreadId
    text: str
    attachments: tuple[Attachment, ...] = ()
    delivery: Delivery = Delivery.LOCAL
    is_queued: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """All messages that are not known to have arrived, the oldest first."""

    messages: tuple[Message, ...] = ()

    def put(self, message: Message) -> Outbox:
        """Add a message nobody has seen yet."""
        return Outbox(messages=(*self.messages, message))

    def next(self, thread_id: ThreadId, *, holds_queued: bool = False) -> Message | None:
        """Give the message to send now: the oldest of the thread, unless one before it is still open.

        Args:
            thread_id: The thread.
            holds_queued: A turn runs, and the server has no queue: what is for after it stays here.
        """
        open_ones = (
            one
            for one in self.messages
            if one.thread_id == thread_id
            and one.delivery is not Delivery.ACCEPTED
            and not (one.is_queued and holds_queued)
        )
        first = next(open_ones, None)
        return first if first is not None and first.delivery is Delivery.LOCAL else None

    def sending(self, message_id: str) -> Outbox:
        """Note that a message is given to the link now."""
        return self._with(message_id, Delivery.LOCAL, Delivery.SENT)

    def accepted(self, message_id: str) -> Outbox:
        """Note that the server said it has taken a message."""
        return self._with(message_id, Delivery.SENT, Delivery.ACCEPTED)

    def due(self, message_id: str) -> Outbox:
        """Note that the turn a message waited for is over: it is one as any other now."""
        return self._map(lambda one: replace(one, is_queued=False) if one.id == message_id else one)

    def not_sent(self, message_id: str) -> Outbox:
        """Note that the server would not take it now and did nothing with it."""
        return self._with(message_id, Delivery.SENT, Delivery.LOCAL)

    def done(self, message_id: str) -> Outbox:
        """Take a message out: the thread has it, the server refused it, or the user has it back."""
        return Outbox(messages=tuple(one for one in self.messages if one.id != message_id))

    def lost(self) -> Outbox:
        """Note that the link is gone."""
        open_now = (Delivery.SENT, Delivery.ACCEPTED)
        return self._map(
            lambda one: replace(one, delivery=Delivery.UNCONFIRMED) if one.delivery in open_now else one
        )

    def told(self, thread_id: ThreadId, seen: Collection[str]) -> Outbox:
        """Take the server's account of a thread: which messages it has; others it never saw."""
        kept: list[Message] = []
        for one in self.messages:
            if one.thread_id != thread_id or one.delivery is not Delivery.UNCONFIRMED:
                kept.append(one)
            elif one.id not in seen:
                kept.append(replace(one, delivery=Delivery.LOCAL))
        return Outbox(messages=tuple(kept))

    def moved(self, old: ThreadId, new: ThreadId) -> Outbox:
        """Take the messages of a thread that is gone to the one in its place."""
        return self._map(lambda one: replace(one, thread_id=new) if one.thread_id == old else one)

    def unconfirmed(self, thread_id: ThreadId) -> frozenset[str]:
        """Give the ids of the messages of a thread nobody knows the fate of."""
        return frozenset(
            one.id
            for one in self.messages
            if one.thread_id == thread_id and one.delivery is Delivery.UNCONFIRMED
        )

    def _with(self, message_id: str, before: Delivery, after: Delivery) -> Outbox:
        return self._map(
            lambda one: (
                replace(one, delivery=after) if one.id == message_id and one.delivery is before else one
            )
        )

    def _map(self, change: Callable[[Message], Message]) -> Outbox:
        return Outbox(messages=tuple(change(one) for one in self.messages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a client keeps on disk, so that nothing typed is lost with it.

    Attributes:
        thread_id: The thread shown; empty before there is one.
        draft: What stands in the composer.
        outbox: What was said and has not arrived for certain.
    """

    thread_id: str = ""
    draft: Draft = NOTHING
    outbox: Outbox = Outbox()

    def __bool__(self) -> bool:
        return bool(self.draft or self.outbox.messages)

    def drafts(self, *, but: Collection[str]) -> tuple[Draft, ...]:
        """Give everything typed, the oldest first, without the messages that arrived."""
        messages = (message for message in self.outbox.messages if message.id not in but)
        return (*(draft_of(one.text, one.attachments) for one in messages), self.draft)
