"""What the user says, on its way to the app server: kept on disk, sent once, seen in the thread at last.

Lives here: sending, and what is done about a message when the link breaks under it. Not here: the states a
message goes through (:mod:`codex_ssh.core.outbox`) and when there is a link (:mod:`codex_ssh.tui.chat`).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final, Protocol, TypeVar

from codex_ssh.core.attachment import Attachment, Picture
from codex_ssh.core.call import Call
from codex_ssh.core.draft import Draft, draft_of, join_drafts
from codex_ssh.core.entry import Level
from codex_ssh.core.items import UserMessage
from codex_ssh.core.methods import StoredItem, turn_go_on, turn_start, turn_steer
from codex_ssh.core.outbox import Delivery, Kept, Message, Outbox
from codex_ssh.core.queue_methods import QUEUE_ADD, queue_add
from codex_ssh.core.thread import ThreadId, Turn, TurnId, TurnStatus
from codex_ssh.core.transcript import Transcript
from codex_ssh.core.upload import INLINE_BYTES
from codex_ssh.errors import RpcFailed
from codex_ssh.tui.bridge import Drafts
from codex_ssh.tui.carrier import Carrier, brought

log = logging.getLogger(__name__)

T = TypeVar("T")

_BRINGING: Final = "bringing an image to the devbox"


class Speaker(Protocol):
    """Whose words these are."""

    draft: Draft
    model: str
    effort: str
    carrier: Carrier
    doing: str

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

    def note(self, level: Level, text: str) -> None:
        """Say something in the transcript."""


class Outgoing:
    """The messages of one client that are not known to have arrived, and its draft.

    Args:
        speaker: Who talks.
        drafts: Keeps all of it on disk.
        left: What an earlier client left behind.

    Attributes:
        own: The ids of all messages said here.
    """

    def __init__(self, speaker: Speaker, drafts: Drafts, left: Kept) -> None:
        self.own: set[str] = set()
        self._speaker = speaker
        self._drafts = drafts
        self._left = left
        self._kept = Kept(thread_id=left.thread_id)
        self._is_delivering = False
        self._there: frozenset[str] = frozenset()

    @property
    def outbox(self) -> Outbox:
        """What was said and has not arrived for certain."""
        return self._kept.outbox

    def say(
        self,
        transcript: Transcript,
        text: str,
        attachments: Sequence[Attachment] = (),
        *,
        is_queued: bool = False,
    ) -> None:
        """Take a message; it is on disk and on the screen before anything is sent."""
        message = Message(
            id=uuid.uuid4().hex,
            thread_id=transcript.thread_id,
            text=text,
            attachments=tuple(attachments),
            is_queued=is_queued,
        )
        self.own.add(message.id)
        if not is_queued:
            transcript.sent(message.id, text, attachments)
        self._keep(draft=Draft(), outbox=self.outbox.put(message))

    def keep_draft(self, draft: Draft) -> None:
        """Keep what stands in the composer."""
        if not self._left:
            self._keep(draft=draft)

    def take_left(self, transcript: Transcript) -> Draft:
        """Give what an earlier client left and no thread has, once; it is not sent without the user."""
        left, self._left = self._left, Kept()
        self._keep(draft=join_drafts(left.drafts(but=self._seen(transcript))))
        return self._kept.draft

    def show(self, transcript: Transcript) -> None:
        """Begin with another thread; what still waits for it is shown in it."""
        self._keep(thread_id=transcript.thread_id)
        for message in self.outbox.messages:
            if message.thread_id == transcript.thread_id and not message.is_queued:
                transcript.sent(message.id, message.text, message.attachments)

    async def deliver(self) -> None:
        """Send what waits for the thread shown, one after the other, as far as there is a link.

        Raises:
            RpcFailed: The server refused one; the user has it back.
            LinkLost: It went away meanwhile.
        """
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while (transcript := self._speaker.transcript) is not None and self._speaker.is_online:
                message = self.outbox.next(
                    transcript.thread_id,
                    holds_queued=transcript.turn_id is not None and not self._has_queue,
                )
                if message is None or not await self._send(transcript, message):
                    return
        finally:
            self._is_delivering = False

    async def turn_over(self, turn: Turn) -> None:
        """Send what waited for the end of a turn; have answered what the turn took and did not answer.

        codex takes a message that comes in the moment a turn ends into the thread and leaves it there until
        another turn begins, whenever that is (0.163 and 0.169). Who said it has that turn begun.

        Raises:
            RpcFailed: The server refused a message; the user has it back.
            LinkLost: It went away meanwhile.
        """
        await self.deliver()
        speaker, transcript = self._speaker, self._speaker.transcript
        if transcript is None or transcript.turn_id is not None or turn.status is not TurnStatus.COMPLETED:
            return
        if self.own.isdisjoint(_unanswered(transcript, turn.id)):
            return
        speaker.note(Level.INFO, "your message came as the turn ended: another one answers it")
        try:
            go_on = turn_go_on(transcript.thread_id, model=speaker.model, effort=speaker.effort)
            transcript.started(await speaker.call(go_on))
        except RpcFailed as failed:
            if "EmptyInput" not in failed.said:
                raise
            log.info("another turn has begun already: %s", failed)

    def heard(self, message: UserMessage) -> None:
        """Note that a thread has a message."""
        if message.client_id:
            self._keep(outbox=self.outbox.done(message.client_id))

    def queued_there(self, client_ids: Collection[str]) -> None:
        """Note which messages wait on the server: they have arrived."""
        self._there = frozenset(client_ids)
        for number in client_ids:
            self._keep(outbox=self.outbox.done(number))

    def forget(self, message_id: str) -> bool:
        """Forget a message that was not sent; False when it is under way."""
        message = next((one for one in self.outbox.messages if one.id == message_id), None)
        if message is None or message.delivery is not Delivery.LOCAL:
            return False
        self._keep(outbox=self.outbox.done(message_id))
        return True

    def link_lost(self) -> None:
        """Note that nobody knows any more what became of the messages under way."""
        self._keep(outbox=self.outbox.lost())

    def lacks(self, transcript: Transcript, items: tuple[StoredItem, ...]) -> bool:
        """Whether an account of the thread does not have all messages under way."""
        told = {one.item.client_id for one in items if isinstance(one.item, UserMessage)}
        return bool(self.outbox.unconfirmed(transcript.thread_id) - told - self._seen(transcript))

    def settle(self, transcript: Transcript) -> None:
        """Take what the thread has, by the server's account, as the truth about the messages under way."""
        seen = self._seen(transcript)
        for message in self.outbox.messages:
            if message.id in seen:
                transcript.unsent(message.id)
        self._keep(outbox=self.outbox.told(transcript.thread_id, seen))

    def move(self, old: ThreadId, transcript: Transcript) -> None:
        """Take what waits for a thread the server does not know any more to the one in its place."""
        self._keep(outbox=self.outbox.moved(old, transcript.thread_id).told(transcript.thread_id, ()))
        self.show(transcript)

    # ---------------------------------------------------------------- one message

    async def _send(self, transcript: Transcript, message: Message) -> bool:
        """Send one message; False when the rest has to wait."""
        speaker = self._speaker
        message = replace(message, attachments=await self._brought(transcript, message))
        self._keep(outbox=self.outbox.sending(message.id))
        try:
            if message.is_queued and self._has_queue:
                call = queue_add(
                    transcript.thread_id,
                    message.text,
                    attachments=message.attachments,
                    client_message_id=message.id,
                )
                await speaker.call(call)
            elif message.is_queued or not await self._steered(transcript, message):
                if message.is_queued:
                    self._keep(outbox=self.outbox.due(message.id))
                    transcript.sent(message.id, message.text, message.attachments)
                begin = turn_start(
                    transcript.thread_id,
                    message.text,
                    attachments=message.attachments,
                    client_message_id=message.id,
                    model=speaker.model,
                    effort=speaker.effort,
                )
                transcript.started(await speaker.call(begin))
        except RpcFailed as failed:
            if failed.is_shutting_down:
                # It did nothing with it and goes away: its successor gets the message.
                self._keep(outbox=self.outbox.not_sent(message.id))
                speaker.note(
                    Level.WARNING, "the app server is shutting down: your message waits for the next one"
                )
                return False
            transcript.unsent(message.id)
            self._keep(outbox=self.outbox.done(message.id))
            speaker.draft = draft_of(message.text, message.attachments)
            raise
        self._keep(outbox=self.outbox.accepted(message.id))
        return True

    async def _brought(self, transcript: Transcript, message: Message) -> tuple[Attachment, ...]:
        """Give what goes along, large images as files on the devbox; what takes a while is said."""
        speaker = self._speaker
        if any(isinstance(one, Picture) and one.size > INLINE_BYTES for one in message.attachments):
            speaker.doing = _BRINGING
        try:
            return await brought(
                speaker.carrier,
                message.attachments,
                transcript.thread_id,
                lambda text: speaker.note(Level.WARNING, text),
            )
        finally:
            if speaker.doing == _BRINGING:
                speaker.doing = ""

    async def _steered(self, transcript: Transcript, message: Message) -> bool:
        """Steer the running turn; False when none runs, or it ended meanwhile."""
        turn_id = transcript.turn_id
        if turn_id is None:
            return False
        try:
            await self._speaker.call(
                turn_steer(
                    transcript.thread_id,
                    turn_id,
                    message.text,
                    attachments=message.attachments,
                    client_message_id=message.id,
                )
            )
        except RpcFailed as failed:
            if "active turn" not in failed.said:
                raise
            return False
        return True

    @property
    def _has_queue(self) -> bool:
        """Whether the server keeps what is for after the running turn, as far as is known."""
        return self._speaker.knows(QUEUE_ADD) is not False

    def _seen(self, transcript: Transcript) -> set[str]:
        """Which messages the server has, in the thread or in its queue."""
        return _in_thread(transcript) | self._there

    def _keep(
        self, *, thread_id: str | None = None, draft: Draft | None = None, outbox: Outbox | None = None
    ) -> None:
        kept = Kept(
            thread_id=self._kept.thread_id if thread_id is None else thread_id,
            draft=self._kept.draft if draft is None else draft,
            outbox=self._kept.outbox if outbox is None else outbox,
        )
        if kept != self._kept:
            self._kept = kept
            self._drafts.save(kept)


def _unanswered(transcript: Transcript, turn_id: TurnId) -> set[str]:
    """Give which messages stand behind all else in the last turn; the one it began with is none of them."""
    late: set[str] = set()
    for entry in reversed(transcript.entries):
        if entry.turn_id not in (turn_id, ""):
            break  # another turn is there already
        if isinstance(entry.content, UserMessage) and entry.turn_id:
            late.add(entry.content.client_id)
        elif entry.turn_id and not entry.key[1].startswith("#"):
            return late
    return set()


def _in_thread(transcript: Transcript) -> set[str]:
    return {
        entry.content.client_id
        for entry in transcript.entries
        if entry.turn_id and isinstance(entry.content, UserMessage) and entry.content.client_id
    }
