"""What the app server asked and nobody answered yet, over every link and for every thread.

Lives here: which requests wait and for how long, which of them we answered, answers that wait for the link,
and what is known of other threads that ask. Not here: what a request looks like (:mod:`codex_ssh.core.ask`)
and its thread's transcript.

A request of the server's is known by its number only within one run of it: what waited when the link broke is
answered when the server asks the very same again, and never blindly.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from codex_ssh.core.ask import Ask, CommandAsk, ElicitationAsk, FileChangeAsk, QuestionsAsk
from codex_ssh.core.events import Event, ItemCompleted, ItemStarted, PatchUpdated, ThreadNamed, ThreadStarted
from codex_ssh.core.items import CommandExecution, FileChange, ItemId, ItemStatus
from codex_ssh.core.rpc import Json, RequestId
from codex_ssh.core.thread import ThreadId
from codex_ssh.core.transcript import Transcript

_EDITS_KEPT: Final = 50
_BELIEVED_SECONDS: Final = 7 * 24 * 3600.0


class Pending:
    """The requests that wait: of the thread shown, then of threads it started.

    Args:
        clock: Monotonic seconds.
        unix_clock: Unix time in seconds.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, unix_clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._unix_clock = unix_clock
        self._elsewhere: dict[RequestId, Ask] = {}
        self._answered: set[RequestId] = set()
        self._held: dict[RequestId, tuple[Ask, Json]] = {}
        self._is_answer_open = False
        self._heard: dict[RequestId, tuple[Ask, float]] = {}
        self._names: dict[ThreadId, str] = {}
        self._edits: dict[tuple[ThreadId, ItemId], FileChange] = {}
        self._given: dict[tuple[ThreadId, ItemId], bool] = {}

    def asks(self, transcript: Transcript | None) -> tuple[Ask, ...]:
        """Give all that wait."""
        own = transcript.asks if transcript is not None else ()
        return (*own, *self._elsewhere.values())

    def hear(self, event: Event) -> None:
        """Note what an event tells of a thread that may ask: its name, and the edits it is about to make."""
        match event:
            case ThreadStarted(thread=thread):
                self._names[thread.id] = thread.title
            case ThreadNamed(thread_id=number, name=name):
                self._names[number] = name
            case ItemStarted(thread_id=number, item=FileChange() as edit):
                self._edits[number, edit.id] = edit
                while len(self._edits) > _EDITS_KEPT:
                    del self._edits[next(iter(self._edits))]
            case PatchUpdated(thread_id=number, item_id=item) if (number, item) in self._edits:
                edit = self._edits[number, item]
                self._edits[number, item] = replace(edit, changes=event.changes)

    def thread_name(self, thread_id: ThreadId) -> str:
        """Give how a thread is called; its id where nobody told."""
        return self._names.get(thread_id) or thread_id

    def edit_of(self, ask: Ask, transcript: Transcript | None) -> FileChange | None:
        """Give the edit a request is about; None where it was not told."""
        own = transcript.edit_of(ask) if transcript is not None else None
        return own or self._edits.get((ask.thread_id, getattr(ask, "item_id", ItemId(""))))

    def waited(self, ask: Ask) -> float:
        """Give the seconds a request waits: since it was heard, or longer by what the devbox says.

        A devbox whose clock is off by more than a week is not believed.
        """
        first = self._heard.get(ask.request_id)
        heard = self._clock() - first[1] if first is not None else 0.0
        started = getattr(ask, "started_ms", 0) / 1000
        told = self._unix_clock() - started
        return max(heard, told) if started and 0 < told < _BELIEVED_SECONDS else heard

    def take(self, ask: Ask, transcript: Transcript | None) -> None:
        """Take a request."""
        first = self._heard.get(ask.request_id)
        if first is None or first[0] != ask:
            self._heard[ask.request_id] = (ask, self._clock())
        if transcript is None or not transcript.ask(ask):
            self._elsewhere[ask.request_id] = ask

    def answered(self, ask: Ask, transcript: Transcript | None, *, declined: bool) -> None:
        """Note that we answer it now."""
        self._elsewhere.pop(ask.request_id, None)
        self._heard.pop(ask.request_id, None)
        self._answered.add(ask.request_id)
        if isinstance(ask, CommandAsk | FileChangeAsk):
            self._given[ask.thread_id, ask.item_id] = declined
        if transcript is not None:
            transcript.answered(ask.request_id, declined=declined)

    def overruled(self, event: Event) -> str:
        """Give how a request was decided that we answered too late, in a word; empty when it was as we said.

        The first answer counts, and nobody is told that his was not the first: what became of it tells.
        """
        if not isinstance(event, ItemCompleted) or not isinstance(event.item, CommandExecution | FileChange):
            return ""
        declined = self._given.pop((event.thread_id, event.item.id), None)
        was_declined = event.item.status is ItemStatus.DECLINED
        if declined is None or declined is was_declined:
            return ""
        # What was stopped, or could not be done, says nothing about the answer.
        happened = (
            event.item.status is ItemStatus.COMPLETED or getattr(event.item, "exit_code", None) is not None
        )
        return "declined" if was_declined else "approved" if happened else ""

    def hold(self, ask: Ask, result: Json) -> None:
        """Keep the answer to a form that was filled in without a link; other answers are given anew."""
        if isinstance(ask, QuestionsAsk | ElicitationAsk):
            self._held[ask.request_id] = (ask, result)

    def take_held(self, transcript: Transcript | None) -> list[tuple[Ask, Json]]:
        """Give the answers kept for requests the server made again; the others are void."""
        held, self._held = self._held, {}
        asks = self.asks(transcript)
        return [(ask, result) for ask, result in held.values() if ask in asks]

    def resolved(self, request_id: RequestId, transcript: Transcript | None) -> bool:
        """Note that the server wants no answer any more, and say whether that is news."""
        known = any(ask.request_id == request_id for ask in self.asks(transcript))
        was_ours = request_id in self._answered
        self._answered.discard(request_id)
        self._heard.pop(request_id, None)
        self._elsewhere.pop(request_id, None)
        return known and not was_ours

    def other_thread(self) -> None:
        """Forget the requests of the threads the last one started."""
        self._elsewhere.clear()

    def link_lost(self) -> None:
        """Forget what only holds for one link."""
        self._elsewhere.clear()
        self._is_answer_open = self._is_answer_open or bool(self._answered)
        self._answered.clear()
        self._given.clear()

    def take_open_answer(self) -> bool:
        """Tell, once, whether an answer was given that the server had not taken when the link was lost."""
        is_open, self._is_answer_open = self._is_answer_open, False
        return is_open
