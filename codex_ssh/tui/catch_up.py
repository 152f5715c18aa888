"""Catching up after a lost link: the server's account becomes the transcript, and what happened is told.

Lives here: what is done, and in which order, before anything is said over a new session. Not here: which
pages are read (:mod:`codex_ssh.tui.account`), the words (:mod:`codex_ssh.core.away`), and noticing the loss
(:mod:`codex_ssh.tui.chat`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from codex_ssh.core import away
from codex_ssh.core.ask import Ask
from codex_ssh.core.entry import Level
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.methods import OpenThread
from codex_ssh.core.rpc import Json
from codex_ssh.core.thread import ThreadState
from codex_ssh.core.transcript import Transcript
from codex_ssh.errors import RpcFailed
from codex_ssh.tui import threads
from codex_ssh.tui.account import SETTLE_SECONDS, read_missed
from codex_ssh.tui.bridge import Conversation, Lifeline, TuiOptions
from codex_ssh.tui.outgoing import Outgoing
from codex_ssh.tui.pending import Pending
from codex_ssh.tui.queue import Queue

log = logging.getLogger(__name__)


class Returning(Protocol):
    """Whoever comes back."""

    options: TuiOptions
    is_read_only: bool

    @property
    def transcript(self) -> Transcript | None:
        """The thread shown."""

    @property
    def facts(self) -> ServerFacts:
        """What is known about the server."""

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What waits for an answer."""

    @property
    def has_turns(self) -> bool:
        """Whether the server stores anything of the thread."""

    def conversation(self) -> Conversation:
        """Give the session that is open; raises LinkLost when there is none."""

    def answer(self, ask: Ask, result: Json, *, declined: bool) -> None:
        """Answer a request of the server's."""

    def note(self, level: Level, text: str, details: str = "") -> None:
        """Say something in the transcript."""

    async def start(self, cwd: str = "") -> None:
        """Start a thread and show it; raises RpcFailed, LinkLost."""

    def show(self, got: threads.Got, older: tuple[str | None, str | None] = (None, None)) -> Transcript:
        """Show a thread from scratch."""


class CatchUp:
    """What one client missed.

    Args:
        client: Whoever comes back.
        lifeline: Fences earlier connections.
        pending: The requests that waited.
        outgoing: The messages under way.
        queue: The messages for after the turn.

    Attributes:
        is_done: All that was missed is known.
    """

    def __init__(
        self, client: Returning, lifeline: Lifeline, pending: Pending, outgoing: Outgoing, queue: Queue
    ) -> None:
        self.is_done = True
        self._client = client
        self._lifeline = lifeline
        self._pending = pending
        self._outgoing = outgoing
        self._queue = queue
        self._seen: away.Seen | None = None

    def link_lost(self) -> None:
        """Remember what was there."""
        transcript = self._client.transcript
        if self._seen is None:
            self._seen = away.look(
                transcript.entries if transcript is not None else (),
                asks=len(self._client.asks),
                generation=self._client.facts.generation,
                at=_now(),
            )
        if transcript is not None:
            self.is_done = False
            transcript.link_lost()

    def was_away(self) -> bool:
        """Tell, once, whether a link was lost before any thread was shown."""
        seen, self._seen = self._seen, None
        return seen is not None

    async def catch_up(self, transcript: Transcript) -> None:
        """Learn from the server what happened while there was no link, and go on from there.

        Raises:
            RpcFailed: The thread cannot be had again.
            LinkLost: The link is gone once more.
        """
        client = self._client
        if client.is_read_only:
            self.is_done = True
            await self.reconcile(transcript)
            return
        if self._pending.take_open_answer():
            # A yes that an earlier connection still holds must not come after a no on this one.
            await self._lifeline.fence()
        try:
            opened = await threads.rejoin(client.conversation(), transcript.thread_id, client.options.model)
        except RpcFailed as failed:
            if client.has_turns:
                raise
            log.info("a thread without a turn is gone: %s", failed)
            await client.start(transcript.cwd)
            assert client.transcript is not None
            self._outgoing.move(transcript.thread_id, client.transcript)
        else:
            transcript.reopened(opened)
            # Before the thread is read: a message goes from the queue to the thread, and never back.
            await self._queue.read()
            await self._read_missed(transcript, opened)
        self.is_done = True
        self._tell_what_happened()
        for ask, result in self._pending.take_held(client.transcript):
            client.answer(ask, result, declined=False)
        await self._outgoing.deliver()

    async def patch(self, transcript: Transcript) -> None:
        """Read a turn once more that is over and was not heard from start to end."""
        await asyncio.sleep(SETTLE_SECONDS)
        await self.reconcile(transcript)

    async def reconcile(self, transcript: Transcript) -> None:
        """Make the transcript equal to the server's account; raises RpcFailed, LinkLost."""
        found = await read_missed(self._client.conversation(), transcript)
        if found.whole and transcript is self._client.transcript:
            transcript.load(found.turns, found.items)

    async def _read_missed(self, transcript: Transcript, opened: OpenThread) -> None:
        running = transcript.turn_id
        found = await read_missed(self._client.conversation(), transcript)
        if self._outgoing.lacks(transcript, found.items):
            # Before a message is sent again: what an earlier connection still holds arrives now or never.
            await self._lifeline.fence()
            await asyncio.sleep(SETTLE_SECONDS)
            found = await read_missed(self._client.conversation(), transcript)
        if not found.whole:
            older = (found.items_before, found.turns_before)
            transcript = self._client.show(threads.Got(thread=opened), older)
        transcript.load(found.turns, found.items)
        if running is not None and opened.thread.status.state is not ThreadState.ACTIVE:
            transcript.cut_off(running)
        self._outgoing.settle(transcript)

    def _tell_what_happened(self) -> None:
        client = self._client
        seen, self._seen = self._seen, None
        transcript = client.transcript
        if transcript is None or seen is None:
            return
        answered = transcript.settle_asks()
        if away.was_restarted(seen, client.facts.generation):
            transcript.server_restarted()
        lines = away.what_happened(
            seen,
            transcript.entries,
            asks=len(client.asks),
            answered=answered,
            generation=client.facts.generation,
        )
        if lines:
            away_for = f"{_now() - seen.at:.0f} s"
            client.note(Level.INFO, f"while there was no link ({away_for})", "\n".join(lines))


def _now() -> float:
    return asyncio.get_running_loop().time()
