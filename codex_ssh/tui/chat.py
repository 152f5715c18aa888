"""One conversation as the TUI drives it: what is asked of the server, and the transcript that comes of it.

Lives here: intents (send, interrupt, answer, new, resume …), the reader of what comes unasked, and what a
status line shows. Not here: widgets. Nothing here imports Textual: whoever draws is told by ``on_change``
when something changed, and looks when it suits, so reading never waits for drawing.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from codex_ssh.core.ask import Ask, UnknownAsk, decode_ask
from codex_ssh.core.entry import Level
from codex_ssh.core.events import AskResolved, Event, decode_event
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.items import UserMessage
from codex_ssh.core.login import NOBODY
from codex_ssh.core.methods import (
    Call,
    Model,
    OpenThread,
    Order,
    model_list,
    thread_items_list,
    thread_list,
    thread_resume,
    thread_start,
    thread_turns_list,
    thread_unsubscribe,
    turn_interrupt,
    turn_start,
    turn_steer,
)
from codex_ssh.core.rpc import METHOD_NOT_FOUND, Json, Notification, Request, RequestId
from codex_ssh.core.thread import Thread, Turn
from codex_ssh.core.transcript import Transcript
from codex_ssh.errors import LinkLost, RpcFailed
from codex_ssh.tui.bridge import Conversation, TuiOptions
from codex_ssh.tui.sign_in import SignIn

log = logging.getLogger(__name__)

PING_SECONDS: Final = 5.0
PING_TIMEOUT_SECONDS: Final = 20.0
HISTORY_ITEMS: Final = 200
"""Items of a page of history; older pages come when somebody scrolls to them."""
HISTORY_TURNS: Final = 100
THREADS_LISTED: Final = 100
_BATCH: Final = 200
"""After so many messages in one go others get a turn."""


class Chat:
    """The state of the conversation.

    Attributes:
        transcript: The thread shown; None until one is open.
        doing: What is being waited for, in words; empty mostly.
        model, effort: Chosen for the next turns; empty takes the thread's.
        round_trip: The last WebSocket round trip in seconds; None while unknown.
        draft: A message the server did not take, for the composer to take back.
        lost: Why the link ended.
        sign_in: The sign-in to codex on the devbox that is offered or under way.
        on_change: Called when anything changed.
    """

    def __init__(self, conversation: Conversation, options: TuiOptions, tasks: asyncio.TaskGroup) -> None:
        self.options = options
        self.transcript: Transcript | None = None
        self.doing = ""
        self.model = ""
        self.effort = ""
        self.round_trip: float | None = None
        self.draft = ""
        self.lost: LinkLost | None = None
        self.on_change: Callable[[], None] = lambda: None
        self._conversation = conversation
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()
        self._asks_elsewhere: dict[RequestId, Ask] = {}
        self._older: tuple[str | None, str | None] = (None, None)
        self._loading_older = False
        self._opening = 0
        self._early: list[Event | Ask] = []
        self.sign_in = SignIn(
            lambda: self._conversation,
            facts=lambda: self.facts,
            spawn=self._spawn,
            changed=self._changed,
            note=self.note,
        )

    @property
    def facts(self) -> ServerFacts:
        """What is known about the server."""
        return self._conversation.facts

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What waits for an answer: of this thread, then of threads it started."""
        own = self.transcript.asks if self.transcript is not None else ()
        return (*own, *self._asks_elsewhere.values())

    @property
    def has_turns(self) -> bool:
        """Whether the server stores anything of the thread."""
        entries = self.transcript.entries if self.transcript is not None else ()
        return any(entry.turn_id for entry in entries)

    def said(self) -> list[str]:
        """Give what the user said in this thread, the oldest first: the composer's history."""
        entries = self.transcript.entries if self.transcript is not None else ()
        return [entry.content.text for entry in entries if isinstance(entry.content, UserMessage)]

    # ---------------------------------------------------------------- intents

    def open(self) -> None:
        """Open the thread the options ask for."""
        self._do(self._open(), "opening the thread")

    def send(self, text: str) -> None:
        """Say something: begin a turn, or steer the one that runs."""
        if self.transcript is not None:
            self._do(self._send(self.transcript, text))

    def interrupt(self) -> None:
        """Stop the running turn."""
        transcript = self.transcript
        if transcript is not None and transcript.state.is_running:
            self._do(self._call(turn_interrupt(transcript.thread_id, transcript.turn_id or "")))

    def answer(self, ask: Ask, result: Json, *, declined: bool) -> None:
        """Answer a request of the server's."""
        self._asks_elsewhere.pop(ask.request_id, None)
        if self.transcript is not None:
            self.transcript.answered(ask.request_id, declined=declined)
        self._do(self._conversation.answer(ask.request_id, result))

    def new(self) -> None:
        """Begin a new thread; the old one goes on by itself."""
        self._do(self._new(), "starting a thread")

    def resume(self, thread_id: str) -> None:
        """Go on with another thread."""
        self._do(self._resume(thread_id), "opening the thread")

    def load_older(self) -> None:
        """Load the page of history before the oldest shown, if there is one."""
        if self._older[0] is not None and not self._loading_older:
            self._loading_older = True
            self._do(self._load_older())

    def choose_model(self, model: str, effort: str = "") -> None:
        """Use a model, and maybe an effort, from the next turn on."""
        self.model, self.effort = model, effort
        self.on_change()

    def note(self, level: Level, text: str, details: str = "") -> None:
        """Say something in the transcript."""
        if self.transcript is not None:
            self.transcript.note(level, text, details)
        self.on_change()

    async def threads(self) -> tuple[Thread, ...]:
        """Give threads to resume, the last updated first; raises RpcFailed, LinkLost."""
        page = await self._conversation.call(thread_list(limit=THREADS_LISTED))
        return page.data

    async def models(self) -> tuple[Model, ...]:
        """Give models to choose from; raises RpcFailed, LinkLost."""
        return (await self._conversation.call(model_list())).data

    # ---------------------------------------------------------------- what they do

    def _do(self, coroutine: Coroutine[None, None, None], doing: str = "") -> None:
        self.doing = doing or self.doing
        self._spawn(self._guarded(coroutine, doing))
        self.on_change()

    async def _guarded(self, coroutine: Coroutine[None, None, None], doing: str) -> None:
        """Run an intent; what the server refuses is shown, a lost link is shown by whoever reads."""
        try:
            await coroutine
        except RpcFailed as failed:
            self.note(Level.ERROR, f"{doing} failed: {failed}" if doing else str(failed))
        except LinkLost as lost:
            log.info("an intent met a lost link: %s", lost)
        finally:
            if doing and self.doing == doing:
                self.doing = ""
            self.on_change()

    async def _open(self) -> None:
        options = self.options
        thread_id = options.resume or ""
        if options.last and not thread_id:
            page = await self._conversation.call(thread_list(cwd=options.cwd, limit=1))
            thread_id = page.data[0].id if page.data else ""
        if thread_id:
            try:
                await self._resume(thread_id)
            except RpcFailed as failed:
                await self._start()
                self.note(
                    Level.ERROR, f"thread {thread_id} could not be resumed, this is a new one", failed.said
                )
        else:
            await self._start()
            if options.last:
                self.note(Level.INFO, "there was no thread to go on with, this is a new one")
        for warning in self.facts.warnings:
            self.note(Level.WARNING, warning)
        if self.facts.signed_out:
            self.sign_in.offer(NOBODY)
            self.draft = options.prompt  # it would only fail; the user sends it once signed in
        elif options.prompt and self.transcript is not None:
            await self._send(self.transcript, options.prompt)

    async def _new(self) -> None:
        await self._leave()
        await self._start()

    async def _start(self) -> None:
        options = self.options
        model = self.model or options.model
        call = thread_start(
            cwd=options.cwd, model=model, approval_policy=options.approval_policy, sandbox=options.sandbox
        )
        with self._being_opened():
            self._show(await self._conversation.call(call))
        self._older = (None, None)

    async def _resume(self, thread_id: str) -> None:
        with self._being_opened():
            opened = await self._conversation.call(thread_resume(thread_id, model=self.options.model))
            if self.transcript is not None and self.transcript.thread_id != opened.thread.id:
                await self._leave()
            self._show(opened)
        transcript = self.transcript
        if transcript is None:
            return
        try:
            turns = await self._conversation.call(thread_turns_list(thread_id, limit=HISTORY_TURNS))
            items = await self._conversation.call(
                thread_items_list(thread_id, order=Order.NEWEST_FIRST, limit=HISTORY_ITEMS)
            )
        except RpcFailed as failed:
            # A thread without a turn has no history, and codex says so with this code.
            if failed.code != METHOD_NOT_FOUND:
                raise
            return
        transcript.load(turns.data[::-1], items.data[::-1])
        self._older = (items.cursor, turns.cursor)

    async def _load_older(self) -> None:
        transcript, (items_at, turns_at) = self.transcript, self._older
        try:
            if transcript is None or items_at is None:
                return
            items = await self._conversation.call(
                thread_items_list(
                    transcript.thread_id, order=Order.NEWEST_FIRST, limit=HISTORY_ITEMS, cursor=items_at
                )
            )
            turns: tuple[Turn, ...] = ()
            turns_next: str | None = None
            if turns_at is not None:
                page = await self._conversation.call(
                    thread_turns_list(transcript.thread_id, limit=HISTORY_TURNS, cursor=turns_at)
                )
                turns, turns_next = page.data[::-1], page.cursor
            if transcript is self.transcript:
                transcript.load_older(turns, items.data[::-1])
                self._older = (items.cursor, turns_next)
        finally:
            self._loading_older = False

    def _show(self, opened: OpenThread) -> None:
        self.transcript = Transcript(opened)
        self.model = self.effort = ""
        self._asks_elsewhere.clear()
        early, self._early = self._early, []
        for said in early:
            self._fold(said)
        self.on_change()

    @contextmanager
    def _being_opened(self) -> Generator[None, None, None]:
        """Keep what comes for a thread before it is shown: the reader may be ahead of the answer's taker."""
        self._opening += 1
        try:
            yield
        finally:
            self._opening -= 1
            if not self._opening and self.transcript is not None:
                self._early.clear()

    async def _leave(self) -> None:
        if self.transcript is not None:
            await self._call(thread_unsubscribe(self.transcript.thread_id))

    async def _call(self, call: Call[Any]) -> None:
        await self._conversation.call(call)

    async def _send(self, transcript: Transcript, text: str) -> None:
        number = uuid.uuid4().hex
        transcript.sent(number, text)
        self.on_change()
        try:
            if transcript.turn_id is not None and await self._steered(transcript, text, number):
                return
            call = turn_start(
                transcript.thread_id, text, client_message_id=number, model=self.model, effort=self.effort
            )
            transcript.started(await self._conversation.call(call))
        except RpcFailed:
            transcript.unsent(number)
            self.draft = text
            raise
        except LinkLost:
            self.draft = text
            raise

    async def _steered(self, transcript: Transcript, text: str, number: str) -> bool:
        """Steer the running turn; False when it ended meanwhile."""
        turn_id = transcript.turn_id
        if turn_id is None:
            return False
        try:
            await self._conversation.call(
                turn_steer(transcript.thread_id, turn_id, text, client_message_id=number)
            )
        except RpcFailed as failed:
            if "active turn" not in failed.said:
                raise
            return False
        return True

    # ---------------------------------------------------------------- what comes unasked

    async def _read(self) -> None:
        try:
            count = 0
            async for message in self._conversation.incoming():
                await self._take(message)
                self.on_change()
                count += 1
                if count % _BATCH == 0:
                    await asyncio.sleep(0)
        except LinkLost as lost:
            self.lost = lost
            self.on_change()

    async def _take(self, message: Notification | Request) -> None:
        if isinstance(message, Request):
            await self._take_request(message)
            return
        event = decode_event(message)
        self.sign_in.hear(event)
        if self._is_early(getattr(event, "thread_id", "")):
            self._early.append(event)
        else:
            self._fold(event)

    async def _take_request(self, request: Request) -> None:
        ask = decode_ask(request)
        if isinstance(ask, UnknownAsk):
            message = f"unsupported remote app-server request `{ask.method}`"
            await self._conversation.refuse(ask.request_id, METHOD_NOT_FOUND, message)
            self.note(Level.INFO, f"the server asked for {ask.method!r}, which codex-ssh cannot do; refused")
        elif self._is_early(ask.thread_id):
            self._early.append(ask)
        else:
            self._fold(ask)

    def _is_early(self, thread_id: str) -> bool:
        """Whether this may be about a thread that is not shown yet."""
        if self.transcript is None:
            return True
        return self._opening > 0 and thread_id != self.transcript.thread_id

    def _fold(self, said: Event | Ask) -> None:
        if isinstance(said, Ask):
            if self.transcript is None or not self.transcript.ask(said):
                self._asks_elsewhere[said.request_id] = said
            return
        if self.transcript is not None:
            self.transcript.apply(said)
        if isinstance(said, AskResolved):
            self._asks_elsewhere.pop(said.request_id, None)

    async def _ping(self) -> None:
        try:
            while True:
                try:
                    async with asyncio.timeout(PING_TIMEOUT_SECONDS):
                        self.round_trip = await self._conversation.ping()
                except TimeoutError:
                    self.round_trip = None
                self.on_change()
                await asyncio.sleep(PING_SECONDS)
        except LinkLost as lost:
            log.info("a ping met a lost link: %s", lost)

    def run(self) -> None:
        """Start reading what comes unasked and measuring round trips."""
        self._spawn(self._ping())
        self._spawn(self._read())

    def stop(self) -> None:
        """Cancel all that is under way."""
        for task in self._running:
            task.cancel()

    def _changed(self) -> None:
        self.on_change()

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = self._tasks.create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


@asynccontextmanager
async def open_chat(conversation: Conversation, options: TuiOptions) -> AsyncGenerator[Chat, None]:
    """Give a chat that reads its conversation; at the end its tasks are cancelled, the turn goes on."""
    async with asyncio.TaskGroup() as tasks:
        chat = Chat(conversation, options, tasks)
        chat.run()
        try:
            yield chat
        finally:
            chat.stop()
