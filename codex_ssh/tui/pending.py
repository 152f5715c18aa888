"""What the app server asked and nobody answered yet, over every link and for every thread.

Lives here: which requests wait, which of them we answered, and answers that wait for the link. Not here: what
a request looks like (:mod:`codex_ssh.core.ask`) and its thread's transcript.

A request of the server's is known by its number only within one run of it: what waited when the link broke is
answered when the server asks the very same again, and never blindly.
"""

from __future__ import annotations

from codex_ssh.core.ask import Ask, ElicitationAsk, QuestionsAsk
from codex_ssh.core.rpc import Json, RequestId
from codex_ssh.core.transcript import Transcript


class Pending:
    """The requests that wait: of the thread shown, then of threads it started."""

    def __init__(self) -> None:
        self._elsewhere: dict[RequestId, Ask] = {}
        self._answered: set[RequestId] = set()
        self._held: dict[RequestId, tuple[Ask, Json]] = {}
        self._is_answer_open = False

    def asks(self, transcript: Transcript | None) -> tuple[Ask, ...]:
        """Give all that wait."""
        own = transcript.asks if transcript is not None else ()
        return (*own, *self._elsewhere.values())

    def take(self, ask: Ask, transcript: Transcript | None) -> None:
        """Take a request."""
        if transcript is None or not transcript.ask(ask):
            self._elsewhere[ask.request_id] = ask

    def answered(self, ask: Ask, transcript: Transcript | None, *, declined: bool) -> None:
        """Note that we answer it now."""
        self._elsewhere.pop(ask.request_id, None)
        self._answered.add(ask.request_id)
        if transcript is not None:
            transcript.answered(ask.request_id, declined=declined)

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

    def take_open_answer(self) -> bool:
        """Tell, once, whether an answer was given that the server had not taken when the link was lost."""
        is_open, self._is_answer_open = self._is_answer_open, False
        return is_open
