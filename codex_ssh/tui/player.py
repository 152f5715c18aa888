"""A lifeline that plays a recording: the conversation happens again, and nothing is asked of anybody.

Lives here: what comes when, and which recorded answer belongs to what is asked now. Not here: the form of a
recording (:mod:`codex_ssh.core.recording`) and the keys that pause and step
(:mod:`codex_ssh.tui.replay_app`). Nothing here imports Textual.

The same :class:`~codex_ssh.tui.chat.Chat` runs as in the session that was recorded. It asks by itself for
much of what it asked then, such as the history of a thread it opens, and gets the recorded answers. What the
user had it ask then is done for the user: another thread is opened, an approval is answered. A question that
was not asked then has no answer, which is what a lost link is to a chat: nothing comes of it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from codex_ssh.core.ask import UnknownAsk
from codex_ssh.core.call import Call
from codex_ssh.core.entry import Level
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.lifecycle import LinkState, LinkStatus
from codex_ssh.core.recording import (
    Event,
    Heard,
    LinkStepped,
    Moment,
    Recording,
    Sent,
    SessionBegan,
    SessionLost,
    Stopped,
    TripMeasured,
)
from codex_ssh.core.rpc import ErrorResponse, Json, Notification, Request, RequestId, Response
from codex_ssh.errors import LinkLost, RpcFailed, Stage
from codex_ssh.tui.bridge import Conversation, TuiOptions
from codex_ssh.tui.chat import Chat

T = TypeVar("T")

OPENERS: Final = ("thread/start", "thread/resume", "thread/fork")
"""What shows another thread."""

_OWN_SECONDS: Final = 2.0
"""How long a question may take that a chat asks by itself: it waits a moment between two tries."""

_BATCH: Final = 50
"""After so many moments in one go others get a turn."""


class _Question(NamedTuple):
    """What tells one question from another.

    About a thread these are not all its parameters: some come from settings, or change between versions.
    """

    method: str
    thread_id: str
    rest: str


def _question(method: str, params: Mapping[str, Json]) -> _Question:
    thread_id = str(params.get("threadId") or "")
    if method in OPENERS:
        return _Question(method, thread_id, "")
    if thread_id:
        return _Question(method, thread_id, str(params.get("cursor") or ""))
    return _Question(method, "", json.dumps(params, sort_keys=True, default=str))


@dataclass(slots=True, eq=False)
class _Session:
    """One session of the recording, as a chat sees it."""

    player: Player
    inbox: asyncio.Queue[Notification | Request | LinkLost] = field(default_factory=asyncio.Queue)

    async def call(self, call: Call[T]) -> T:
        return call.decode(await self.player.ask(call.method, call.params))

    async def answer(self, request_id: RequestId, result: Json) -> None:
        """Nobody hears it."""

    async def refuse(self, request_id: RequestId, code: int, message: str) -> None:
        """Nobody hears it."""

    def knows(self, method: str) -> bool | None:
        return None

    async def learn_methods(self) -> None:
        """There is nobody to learn from."""

    async def incoming(self) -> AsyncIterator[Notification | Request]:
        while True:
            message = await self.inbox.get()
            try:
                if isinstance(message, LinkLost):
                    raise message
                yield message
            finally:
                self.inbox.task_done()


class Player:
    """Plays a recording to one chat.

    Args:
        recording: What to play.
        speed: How many of its seconds pass in one; 0 plays all of it at once.

    Attributes:
        on_change: Called when the status, the round trip or the position changed.
        round_trip: As it was at this place.
        is_paused: It waits for :meth:`step`, or for :meth:`pause` once more.
        is_over: All of it was played.
        position: How many messages of it were played.
        count: How many there are.
    """

    def __init__(self, recording: Recording, *, speed: float = 1.0) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.round_trip: float | None = None
        self.is_paused = False
        self.is_over = False
        self.position = 0
        self._recording = recording
        self._speed = speed
        self._elapsed = 0.0
        self._heard_at = 0.0
        self._facts = recording.header.facts
        self._status = LinkStatus(state=LinkState.UP)
        self._sessions: asyncio.Queue[_Session] = asyncio.Queue()
        self._session = _Session(self)
        self._sessions.put_nowait(self._session)
        self._is_first = True
        self._is_lost = False
        self._steps = 0
        self._kick = asyncio.Event()
        questions: dict[RequestId | None, _Question] = {
            event.message.id: _question(event.message.method, event.message.params)
            for event in self._events()
            if isinstance(event, Sent) and isinstance(event.message, Request)
        }
        self._questions = questions
        self.count = sum(map(_is_message, self._events()))
        self._ahead = Counter(
            questions[event.message.id]
            for event in self._events()
            if isinstance(event, Heard)
            and isinstance(event.message, Response | ErrorResponse)
            and event.message.id in questions
        )
        self._waiting: defaultdict[_Question, deque[asyncio.Future[Json]]] = defaultdict(deque)
        self._unclaimed: dict[_Question, Response | ErrorResponse] = {}
        self._asked = asyncio.Event()
        self._chat_opens = True

    def _events(self) -> list[Event]:
        return [moment.event for moment in self._recording.moments]

    @property
    def options(self) -> TuiOptions:
        """How a chat begins as the recorded one did."""
        for event in self._events():
            if isinstance(event, Sent) and isinstance(event.message, Request):
                if event.message.method == "thread/resume":
                    return TuiOptions(resume=str(event.message.params.get("threadId") or "-"), patience=0)
                if event.message.method in OPENERS:
                    break
        return TuiOptions(patience=0)

    # ---------------------------------------------------------------- the lifeline

    @property
    def facts(self) -> ServerFacts:
        """What was known about the server."""
        return self._facts

    @property
    def status(self) -> LinkStatus:
        """Where the link was."""
        return self._status

    @property
    def silent_for(self) -> float:
        """Seconds since anything had come from the server."""
        return max(0.0, self._elapsed - self._heard_at)

    def try_now(self) -> None:
        """Nothing is reconnected."""

    async def fence(self) -> None:
        """Nothing can arrive late."""

    async def sessions(self) -> AsyncIterator[Conversation]:
        """Give each session there was; after the last one it waits."""
        while True:
            yield await self._sessions.get()

    async def ask(self, method: str, params: Mapping[str, Json]) -> Json:
        """Give the recorded answer once its time has come; raises RpcFailed as it did, or LinkLost."""
        question = _question(method, params)
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        if (passed := self._unclaimed.pop(question, None)) is not None:
            _settle(answer, method, passed)
        elif self._ahead[question] > len(self._waiting[question]):
            self._waiting[question].append(answer)
            self._asked.set()
        else:
            raise self._lost("that was not asked in the recording")
        return await answer

    # ---------------------------------------------------------------- keys

    @property
    def elapsed(self) -> float:
        """The place in seconds of the recording."""
        return self._elapsed

    def pause(self) -> None:
        """Pause, or go on."""
        self.is_paused, self._steps = not self.is_paused, 0
        self._wake()

    def step(self) -> None:
        """Go on to the next message, and pause there."""
        self.is_paused = True
        self._steps += 1
        self._wake()

    def to_end(self) -> None:
        """Play the rest at once."""
        self.is_paused, self._speed = False, 0.0
        self._wake()

    def describe(self) -> str:
        """Say in few words where it is."""
        mark = "■" if self.is_over else "‖" if self.is_paused else "▶"
        speed = f" ×{self._speed:g}" if self._speed not in (0.0, 1.0) else ""
        at, all_of_it = _clock(self._elapsed), _clock(self._recording.seconds)
        return f"{mark} replay {at}/{all_of_it} · {self.position}/{self.count}{speed}"

    def _wake(self) -> None:
        self._kick.set()
        self.on_change()

    # ---------------------------------------------------------------- playing

    async def play(self, chat: Chat) -> None:
        """Play all of it to a chat that has been told to open its thread."""
        for number, moment in enumerate(self._recording.moments):
            await self._wait_for(moment)
            await self._play(moment.event, chat)
            self.position += _is_message(moment.event)
            self.on_change()
            if number % _BATCH == 0:
                await asyncio.sleep(0)
        await self._settle()
        self.is_over = True
        for waiting in self._waiting.values():
            for answer in waiting:
                if not answer.done():
                    answer.set_exception(self._lost("the recording is over"))
        if self._recording.is_cut:
            chat.note(Level.WARNING, "the recording breaks off here: its last line is not whole")
        self.on_change()

    async def _wait_for(self, moment: Moment) -> None:
        while True:
            self._kick.clear()
            if self._steps:
                if _is_message(moment.event):
                    self._steps -= 1
                break
            if self.is_paused:
                await self._kick.wait()
                continue
            left = (moment.at - self._elapsed) / self._speed if self._speed else 0.0
            if left <= 0:
                break
            began = time.monotonic()
            try:
                async with asyncio.timeout(left):
                    await self._kick.wait()
            except TimeoutError:
                break
            self._elapsed = min(moment.at, self._elapsed + (time.monotonic() - began) * self._speed)
        self._elapsed = max(self._elapsed, moment.at)

    async def _play(self, event: Event, chat: Chat) -> None:
        match event:
            case Heard(Response() | ErrorResponse() as answer):
                await self._settle()
                self._answer(answer, chat)
                await self._settle()
            case Heard(Notification() | Request() as message):
                self._heard_at = self._elapsed
                if not self._is_lost:  # a chat does not listen to a session that is over
                    self._session.inbox.put_nowait(message)
            case Sent(Request() as request):
                await self._settle()
                await self._ask_for(request, chat)
            case Sent(Response(id=number, result=result)):
                await self._settle()
                _answer_ask(chat, number, result)
            case SessionBegan(facts):
                await self._begin(facts)
            case SessionLost(why, said):
                self._lose(why, said)
            case LinkStepped():
                self._step(event)
            case TripMeasured(seconds):
                self.round_trip = seconds
            case Stopped(why):
                chat.note(Level.WARNING, "nothing was recorded from here on", why)
            case _:
                pass

    async def _settle(self) -> None:
        """Let the chat take in all that came, and do what it does then."""
        await self._session.inbox.join()
        for _ in range(5):
            await asyncio.sleep(0)

    async def _ask_for(self, request: Request, chat: Chat) -> None:
        """Have the chat ask what it was made to ask then; what it asks by itself is its own business."""
        question = self._questions[request.id]
        self._unclaimed.pop(question, None)
        if request.method not in OPENERS:
            return
        if self._chat_opens and await self._comes(question):
            self._chat_opens = False
            return
        self._chat_opens = False
        if request.method == "thread/start":
            chat.new()
        elif request.method == "thread/resume":
            chat.resume(question.thread_id)
        else:
            chat.fork()
        await self._settle()

    async def _comes(self, question: _Question) -> bool:
        """Wait until the chat asks something by itself; False when it does not."""
        try:
            async with asyncio.timeout(_OWN_SECONDS):
                while not self._waiting[question]:
                    self._asked.clear()
                    await self._asked.wait()
        except TimeoutError:
            return False
        return True

    def _answer(self, answer: Response | ErrorResponse, chat: Chat) -> None:
        question = self._questions.get(answer.id)
        if question is None:
            return
        self._heard_at = self._elapsed
        self._ahead[question] -= 1
        if question.method in OPENERS:
            # A chat that is refused a thread asks for another one by itself.
            self._chat_opens = isinstance(answer, ErrorResponse)
        waiting = self._waiting[question]
        while waiting:
            if not (asked := waiting.popleft()).done():
                _settle(asked, question.method, answer)
                return
        if isinstance(answer, ErrorResponse) and question.method.startswith("turn/"):
            chat.note(Level.ERROR, str(_refusal(question.method, answer)))
        self._unclaimed[question] = answer

    async def _begin(self, facts: ServerFacts) -> None:
        self._facts = facts
        if self._is_first:
            self._is_first = False
            return
        if not self._is_lost:
            self._lose("the recording does not say why", "")
        await self._settle()
        self._unclaimed.clear()
        self._chat_opens = True
        self._is_lost = False
        self._session = _Session(self)
        self._sessions.put_nowait(self._session)
        await asyncio.sleep(0)

    def _lose(self, why: str, said: str) -> None:
        if self._is_lost:
            return
        self._is_lost = True
        lost = self._lost(why, said)
        for waiting in self._waiting.values():
            while waiting:
                if not (asked := waiting.popleft()).done():
                    asked.set_exception(lost)
        self._session.inbox.put_nowait(lost)

    def _step(self, event: LinkStepped) -> None:
        now = time.monotonic()
        due = now + event.next_try / (self._speed or 1) if event.next_try is not None else None
        self._status = LinkStatus(
            state=event.state, since=now, attempt=event.attempt, reason=event.reason, next_try=due
        )

    def _lost(self, why: str, said: str = "") -> LinkLost:
        return LinkLost(why, stage=Stage.SESSION, host=self._facts.host, said=said)


def _settle(asked: asyncio.Future[Json], method: str, answer: Response | ErrorResponse) -> None:
    if isinstance(answer, ErrorResponse):
        asked.set_exception(_refusal(method, answer))
    else:
        asked.set_result(answer.result)


def _refusal(method: str, answer: ErrorResponse) -> RpcFailed:
    return RpcFailed(method, code=answer.code, said=answer.message, data=answer.data)


def _answer_ask(chat: Chat, request_id: RequestId, result: Json) -> None:
    """Have the chat give the answer that was given then."""
    ask = next((ask for ask in chat.asks if ask.request_id == request_id), None)
    if ask is None or isinstance(ask, UnknownAsk):
        return
    given = next((decision for decision in ask.decisions if decision.result == result), None)
    chat.answer(ask, result, declined=given is not None and not given.verdict.lets_it_happen)


def _is_message(event: Event) -> bool:
    return isinstance(event, Sent | Heard)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
