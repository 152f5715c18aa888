"""A lifeline that passes everything through and writes it down.

Lives here: what is noted, and when. Not here: its form (:mod:`codex_ssh.core.recording`), what is left out
(:mod:`codex_ssh.core.discreet`), and the file (:mod:`codex_ssh.local.recording_file`). Nothing here imports
Textual.

Recording never costs the session anything: when the tape is full, or the disk is, that is said in the
transcript once, and the session goes on without it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from codex_ssh.core.call import Call
from codex_ssh.core.discreet import LEFT_OUT, Discreet
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.lifecycle import LinkStatus
from codex_ssh.core.recording import (
    Event,
    Header,
    Heard,
    LinkStepped,
    Moment,
    Resized,
    Sent,
    SessionBegan,
    SessionLost,
    Stopped,
    TripMeasured,
    encode_header,
    encode_moment,
)
from codex_ssh.core.rpc import ErrorResponse, Json, Message, Notification, Request, RequestId, Response
from codex_ssh.errors import CodexSshError, LinkLost, RpcFailed
from codex_ssh.tui.bridge import Conversation, Lifeline
from codex_ssh.tui.passing import PassingLifeline, PassingSession

log = logging.getLogger(__name__)

T = TypeVar("T")

Size = tuple[int, int]
"""Columns and lines of a terminal."""


class Tape(Protocol):
    """Where lines are written."""

    def write(self, line: str) -> None:
        """Write a line, at once; raises ``OSError`` when it cannot be written whole."""


class Recorder(PassingLifeline):
    """Records a lifeline; front ends use it in its place.

    Args:
        lifeline: What is recorded.
        tape: Where to.
        discreet: Leaves out what nobody should read.
        version: Of this codex-ssh.
        began: Now, as ISO 8601 in UTC.
        now: The monotonic clock, in seconds.
        size: Gives the terminal's size.

    Raises:
        OSError: The first line cannot be written.
    """

    def __init__(
        self,
        lifeline: Lifeline,
        tape: Tape,
        discreet: Discreet,
        *,
        version: str,
        began: str,
        now: Callable[[], float],
        size: Callable[[], Size],
    ) -> None:
        super().__init__(lifeline)
        self._tape: Tape | None = tape
        self._discreet = discreet
        self._now = now
        self._began_at = now()
        self._read_size = size
        self._size = size()
        self._status: LinkStatus | None = None
        self._trip: float | None = None
        self._calls = 0
        self._trouble = ""
        columns, lines = self._size
        header = Header(
            version=version,
            began=began,
            facts=self._masked(lifeline.facts),
            columns=columns,
            lines=lines,
            left_out=LEFT_OUT,
        )
        tape.write(encode_header(header))
        self._note_link()

    # ---------------------------------------------------------------- the lifeline

    async def sessions(self) -> AsyncIterator[Conversation]:
        """Give the session that is open and each that follows; raises what ends the link for good."""
        try:
            async for session in self._lifeline.sessions():
                self.note(SessionBegan(self._masked(self.facts)))
                yield _Session(session, self)
        except CodexSshError as error:
            self.finish(str(error))
            raise

    def _changed(self) -> None:
        self.round_trip = self._lifeline.round_trip
        self._note_link()
        self.on_change()

    # ---------------------------------------------------------------- writing

    def note(self, event: Event) -> None:
        """Write down what happened just now."""
        if self._size != (size := self._read_size()):
            self._size = size
            self.note(Resized(*size))
        if self._tape is None:
            return
        try:
            self._write(event)
        except OSError as error:
            self._tape = None
            self._trouble = f"the recording ends here: {error.strerror or error}"
            log.warning("%s", self._trouble)

    def note_message(self, direction: type[Sent | Heard], message: Message) -> None:
        """Write down what was said, as far as it is anybody's business."""
        if self._tape is not None:
            for masked in self._discreet.message(message):
                self.note(direction(masked))

    def finish(self, why: str = "") -> None:
        """Write down what is held back, and why there is no more when it ends against the user's will."""
        for message in self._discreet.rest():
            self.note(Heard(message))
        if why:
            self.note(Stopped(self._discreet.text(why)))
        self._tape = None

    def take_trouble(self) -> Notification | None:
        """Give, once, the words that say why nothing is recorded any more."""
        trouble, self._trouble = self._trouble, ""
        return Notification(method="warning", params={"message": trouble}) if trouble else None

    def next_call(self) -> int:
        """Give the number of the next request."""
        self._calls += 1
        return self._calls

    def _write(self, event: Event) -> None:
        assert self._tape is not None
        self._tape.write(encode_moment(Moment(self._now() - self._began_at, event)))

    def _note_link(self) -> None:
        status, trip = self._lifeline.status, self._lifeline.round_trip
        if status != self._status:
            self._status = status
            due = max(0.0, status.next_try - self._now()) if status.next_try is not None else None
            self.note(LinkStepped(status.state, status.attempt, self._discreet.text(status.reason), due))
        if trip is not None and round(trip, 3) != self._trip:  # what the status line shows
            self._trip = round(trip, 3)
            self.note(TripMeasured(self._trip))

    def _masked(self, facts: ServerFacts) -> ServerFacts:
        return replace(facts, warnings=tuple(self._discreet.text(warning) for warning in facts.warnings))


class _Session(PassingSession):
    """One session of a recorded lifeline."""

    def __init__(self, session: Conversation, recorder: Recorder) -> None:
        super().__init__(session)
        self._recorder = recorder

    async def call(self, call: Call[T]) -> T:
        recorder, number = self._recorder, self._recorder.next_call()
        recorder.note_message(Sent, Request(id=number, method=call.method, params=call.params))

        def decode(result: Json) -> T:
            recorder.note_message(Heard, Response(id=number, result=result))
            return call.decode(result)

        try:
            return await self._session.call(replace(call, decode=decode))
        except RpcFailed as failed:
            refusal = ErrorResponse(id=number, code=failed.code, message=failed.said, data=failed.data)
            recorder.note_message(Heard, refusal)
            raise

    async def answer(self, request_id: RequestId, result: Json) -> None:
        self._recorder.note_message(Sent, Response(id=request_id, result=result))
        await self._session.answer(request_id, result)

    async def refuse(self, request_id: RequestId, code: int, message: str) -> None:
        self._recorder.note_message(Sent, ErrorResponse(id=request_id, code=code, message=message))
        await self._session.refuse(request_id, code, message)

    async def incoming(self) -> AsyncIterator[Notification | Request]:
        recorder = self._recorder
        try:
            async for message in self._session.incoming():
                recorder.note_message(Heard, message)
                if (trouble := recorder.take_trouble()) is not None:
                    yield trouble
                yield message
        except LinkLost as lost:
            recorder.note(SessionLost(lost.message, lost.said))
            raise
