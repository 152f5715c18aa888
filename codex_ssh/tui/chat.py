"""One conversation as the TUI drives it: what is asked of the server, and the transcript that comes of it.

Lives here: intents (send, interrupt, answer, new, resume …), the reader of what comes unasked, and what a
status line shows. Not here: catching up after a lost link (:mod:`codex_ssh.tui.catch_up`), which history is
asked for (:mod:`codex_ssh.tui.account`), messages on their way (:mod:`codex_ssh.tui.outgoing`), and widgets.
Nothing here imports Textual: whoever draws is told by ``on_change`` when something changed, and looks when it
suits, so reading never waits for drawing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from codex_ssh.core.ask import Ask, UnknownAsk, decode_ask
from codex_ssh.core.attachment import Attachment
from codex_ssh.core.call import Call
from codex_ssh.core.draft import Draft, draft_of
from codex_ssh.core.entry import Level
from codex_ssh.core.entry_list import EntryList
from codex_ssh.core.events import (
    AskResolved,
    Event,
    ItemCompleted,
    ItemStarted,
    ThreadReverted,
    TurnCompleted,
    decode_event,
)
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.items import UserMessage
from codex_ssh.core.lifecycle import LinkState, LinkStatus
from codex_ssh.core.methods import (
    Model,
    OpenThread,
    model_list,
    thread_fork,
    thread_unsubscribe,
    turn_interrupt,
)
from codex_ssh.core.outbox import Outbox
from codex_ssh.core.rpc import Json, Notification, Request
from codex_ssh.core.side_notes import SideNotes
from codex_ssh.core.transcript import Transcript
from codex_ssh.errors import CodexSshError, LinkLost, RpcFailed, Stage
from codex_ssh.tui import threads
from codex_ssh.tui.bridge import (
    Conversation,
    Drafts,
    ExitReason,
    Lifeline,
    NoDrafts,
    TuiOptions,
    TuiOutcome,
)
from codex_ssh.tui.carrier import Carrier, NoCarrier
from codex_ssh.tui.catch_up import CatchUp
from codex_ssh.tui.chores import Chores
from codex_ssh.tui.early import Early
from codex_ssh.tui.file_search import FileSearch
from codex_ssh.tui.leaving import outcome_of
from codex_ssh.tui.opening import Opening
from codex_ssh.tui.outgoing import Outgoing
from codex_ssh.tui.past import Past
from codex_ssh.tui.pending import Pending
from codex_ssh.tui.port_watch import PortKeeper, ports_of
from codex_ssh.tui.queue import Queue
from codex_ssh.tui.roster import Roster
from codex_ssh.tui.shell import Shell
from codex_ssh.tui.sign_in import SignIn
from codex_ssh.tui.surroundings import Surroundings

log = logging.getLogger(__name__)

T = TypeVar("T")

QUIET_SECONDS: Final = 30.0
"""A turn that runs and says nothing for so long is compared with the server's account."""

_BATCH: Final = 200
"""After so many messages in one go others get a turn."""


class Chat:
    """The state of the conversation.

    Attributes:
        transcript: The thread shown; None until one is open.
        foreword: What is said until then.
        doing: What is being waited for, in words; empty mostly.
        model, effort: Chosen for the next turns; empty takes the thread's.
        draft: A message the server did not take, for the composer to take back.
        lost: What ended the link for good.
        pending: What the server asked and nobody answered yet.
        is_read_only: Another codex process has the thread: it is looked at, and nothing can be said in it.
        on_change: Called when anything changed.
        sign_in: The sign-in to codex on the devbox that is offered or under way.
        surroundings: What the devbox tells beside the thread: branch, account, limits.
        roster: The threads of this app server, once somebody looked at them.
        offers_threads: Threads go on there, and the user has not said which one is wanted.
        queue: What was said for after the running turn.
        shell: Commands of the user's own.
        past: What is before what is shown, and the way back.
        search: Files and skills of the devbox, for the composer.
        ports: Ports of the devbox, offered and open here.
        carrier: Brings files there and back.
    """

    def __init__(
        self,
        lifeline: Lifeline,
        options: TuiOptions,
        tasks: asyncio.TaskGroup,
        drafts: Drafts,
        keeper: PortKeeper | None = None,
        carrier: Carrier | None = None,
    ) -> None:
        self.options = options
        self.carrier: Carrier = carrier or NoCarrier()
        self.transcript: Transcript | None = None
        self.foreword = EntryList()
        self._notes = SideNotes(self.foreword, lambda: "")
        self.doing = ""
        self.model = ""
        self.effort = ""
        self.draft = Draft()
        self.lost: CodexSshError | None = None
        self.is_read_only = False
        self.on_change: Callable[[], None] = lambda: None
        self.offers_threads = False
        self.roster = Roster(self.conversation, self._changed)
        self._lifeline = lifeline
        self._conversation: Conversation | None = None
        self._outgoing = Outgoing(self, drafts, options.left)
        self.queue = Queue(self, self._outgoing, self._do)
        self.shell = Shell(self, self._do)
        self.past = Past(self, self._do)
        self.pending = Pending()
        self._catch_up = CatchUp(self, lifeline, self.pending, self._outgoing, self.queue)
        self._chores = Chores(self.conversation, spawn=self._spawn, note=self.note, patience=options.patience)
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()
        self._early = Early()
        self._opening = Opening(self, self._outgoing, self._early)
        self._open_again: Callable[[], None] = lambda: None
        self._heard_at = 0.0
        self._state = LinkState.UP
        self.search = FileSearch(self, self._spawn)
        self.ports = ports_of(self, keeper, self._spawn, self._changed)
        self.sign_in = SignIn(
            self.conversation,
            facts=lambda: self.facts,
            spawn=self._spawn,
            changed=self._changed,
            note=self.note,
        )
        self.surroundings = Surroundings(
            self.conversation,
            transcript=lambda: self.transcript,
            knows=self.knows,
            spawn=self._spawn,
            changed=self._changed,
        )

    @property
    def facts(self) -> ServerFacts:
        """What is known about the server."""
        return self._lifeline.facts

    @property
    def status(self) -> LinkStatus:
        """Where the link is."""
        return self._lifeline.status

    @property
    def round_trip(self) -> float | None:
        """The last WebSocket round trip in seconds; None while unknown."""
        return self._lifeline.round_trip

    @property
    def silent_for(self) -> float:
        """Seconds since anything came from the server."""
        return self._lifeline.silent_for

    @property
    def is_online(self) -> bool:
        """Whether there is a session, and all that was missed is known."""
        return self._conversation is not None and self._catch_up.is_done

    @property
    def outbox(self) -> Outbox:
        """What was said and has not arrived for certain."""
        return self._outgoing.outbox

    @property
    def own_messages(self) -> Collection[str]:
        """The client ids of the messages said here."""
        return self._outgoing.own

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What waits for an answer: of this thread, then of threads it started."""
        return self.pending.asks(self.transcript)

    @property
    def cwd(self) -> str:
        """The directory on the devbox, as far as it is known; may be empty."""
        return self.transcript.cwd if self.transcript is not None else self.options.cwd

    @property
    def has_turns(self) -> bool:
        """Whether the server stores anything of the thread."""
        entries = self.transcript.entries if self.transcript is not None else ()
        return any(entry.turn_id for entry in entries)

    def said(self) -> list[str]:
        """Give what the user said in this thread, the oldest first: the composer's history."""
        entries = self.transcript.entries if self.transcript is not None else ()
        return [entry.content.text for entry in entries if isinstance(entry.content, UserMessage)]

    def outcome(self, reason: ExitReason, typed: Draft | None = None) -> TuiOutcome:
        """Say how it ended, and what stands in the composer then."""
        return outcome_of(self, reason, typed)

    # ---------------------------------------------------------------- intents

    def open(self) -> None:
        """Open the thread the options ask for."""
        self._open_again = self.open
        self._do(self._opening.first(), "opening the thread")

    def send(self, text: str, attachments: Sequence[Attachment] = ()) -> None:
        """Say something: begin a turn, or steer the one that runs. Without a link it waits for one."""
        if self.is_read_only:
            self.draft = draft_of(text, attachments)
            self.note(Level.ERROR, "another codex process has this thread: /fork goes on in a copy of it")
        elif self.transcript is not None:
            self._outgoing.say(self.transcript, text, attachments)
            self._do(self._outgoing.deliver())

    def interrupt(self) -> None:
        """Stop the running turn."""
        transcript = self.transcript
        if transcript is not None and transcript.state.is_running:
            self._do(self._call(turn_interrupt(transcript.thread_id, transcript.turn_id or "")))

    def answer(self, ask: Ask, result: Json, *, declined: bool) -> None:
        """Answer a request of the server's; without a link that waits for the very same request."""
        if not self.is_online:
            self.pending.hold(ask, result)
            return
        self.pending.answered(ask, self.transcript, declined=declined)
        self._do(self.conversation().answer(ask.request_id, result))

    def new(self) -> None:
        """Begin a new thread; the old one goes on by itself."""
        self._do(self._opening.new(), "starting a thread")

    def resume(self, thread_id: str) -> None:
        """Go on with another thread."""
        self._open_again = lambda: self.resume(thread_id)
        self._do(self._opening.chosen(thread_id), "opening the thread")

    def fork(self) -> None:
        """Go on in a copy of the thread."""
        if self.transcript is not None:
            self._do(self.go_on_in(thread_fork(self.transcript.thread_id)), "copying the thread")

    def choose_model(self, model: str, effort: str = "") -> None:
        """Use a model, and maybe an effort, from the next turn on."""
        self.model, self.effort = model, effort
        self.on_change()

    def keep_draft(self, draft: Draft) -> None:
        """Keep on disk what stands in the composer."""
        self._outgoing.keep_draft(draft)

    def try_now(self) -> None:
        """Reconnect at once."""
        self._lifeline.try_now()

    def note(self, level: Level, text: str, details: str = "") -> None:
        """Say something in the transcript; before there is one, where it will be."""
        if self.transcript is not None:
            self.transcript.note(level, text, details)
        else:
            self._notes.note("", level, text, details)
        self.on_change()

    def knows(self, method: str) -> bool | None:
        """Whether the app server has a method; None while nobody knows."""
        return self._conversation.knows(method) if self._conversation is not None else None

    async def call(self, call: Call[T]) -> T:
        """Ask the server; raises RpcFailed, LinkLost."""
        return await self.conversation().call(call)

    async def models(self) -> tuple[Model, ...]:
        """Give models to choose from; raises RpcFailed, LinkLost."""
        return (await self.call(model_list())).data

    @property
    def ways(self) -> str:
        """How to go on where no thread is open, in words."""
        return self._opening.ways

    # ---------------------------------------------------------------- what they do

    def conversation(self) -> Conversation:
        """Give the session that is open; raises LinkLost when there is none."""
        if self._conversation is None:
            raise LinkLost("there is no connection just now", stage=Stage.SESSION, host=self.facts.host)
        return self._conversation

    def _do(self, coroutine: Coroutine[None, None, None], doing: str = "") -> None:
        self.doing = doing or self.doing
        task = self._spawn(self._guarded(coroutine, doing))
        # Cancelled before it began, it never comes to what it holds.
        task.add_done_callback(lambda _: coroutine.close())
        self.on_change()

    async def _guarded(self, coroutine: Coroutine[None, None, None], doing: str) -> None:
        """Run an intent; what the server refuses is shown, a lost link is shown by whoever reads."""
        try:
            await coroutine
        except RpcFailed as failed:
            hint = "" if self.transcript is not None else self.ways
            self.note(Level.ERROR, f"{doing} failed: {failed}" if doing else str(failed), hint)
        except LinkLost as lost:
            log.info("an intent met a lost link: %s", lost)
        finally:
            if doing and self.doing == doing:
                self.doing = ""
            self.ports.settle()
            self.on_change()

    async def start(self, cwd: str = "") -> None:
        """Start a thread and show it, in the options' directory or another; raises RpcFailed, LinkLost."""
        await self._opening.start(cwd)

    async def begin_in(self, cwd: str) -> None:
        """Begin a new thread in a directory, because the user wants one; raises RpcFailed, LinkLost."""
        await self._opening.new(cwd)

    async def go_on_in(self, copy: Call[OpenThread]) -> None:
        """Go on in a copy of the thread; raises RpcFailed, LinkLost."""
        with self._early.opening():
            got = threads.Got(thread=await self.call(copy))
            await self.leave()
            copied = self.show(got)
        await self.past.load_newest(copied)

    def show(self, got: threads.Got, older: tuple[str | None, str | None] = (None, None)) -> Transcript:
        """Show another thread, or the same one from scratch.

        Args:
            got: What the server gave.
            older: Cursors of the history before it, of items and of turns; None where there is none.
        """
        self.past.begin(older)
        transcript = self.transcript = Transcript(got.thread)
        self.is_read_only = got.is_read_only
        self.model = self.effort = ""
        self.pending.other_thread()
        self.queue.other_thread()
        self._outgoing.show(transcript)
        for said in self._early.take():
            self._fold(said)
        self.surroundings.look()
        self.ports.settle()
        self.on_change()
        return transcript

    async def leave(self) -> None:
        """Hear no more of the thread shown; raises LinkLost."""
        if self.transcript is None or self.is_read_only:
            return
        try:
            await self.call(thread_unsubscribe(self.transcript.thread_id))
        except RpcFailed as failed:  # a server that was restarted does not know it: then there is no need
            log.info("a thread could not be left: %s", failed)

    async def _call(self, call: Call[Any]) -> None:
        await self.call(call)

    # ---------------------------------------------------------------- what comes unasked

    async def _live(self) -> None:
        """Read every session there is, one after the other."""
        try:
            async for session in self._lifeline.sessions():
                self._conversation = session
                self._heard_at = self._now()
                self._do(session.learn_methods())
                if self.transcript is not None and not self._catch_up.is_done:
                    self._do(self._come_back(self.transcript), "catching up")
                elif self.transcript is None and self._catch_up.was_away():
                    self._open_again()
                try:
                    await self._read(session)
                except LinkLost as lost:
                    self._link_lost(lost)
        except CodexSshError as error:
            self.lost = error
            self.on_change()

    async def _read(self, session: Conversation) -> None:
        count = 0
        async for message in session.incoming():
            self._heard_at = self._now()
            await self._take(message)
            self.ports.settle()
            self.on_change()
            count += 1
            if count % _BATCH == 0:
                await asyncio.sleep(0)

    async def _take(self, message: Notification | Request) -> None:
        if isinstance(message, Request):
            self._take_request(message)
            return
        if self.search.hear(message):
            return
        if self.queue.hear(message):
            return
        event = decode_event(message)
        self.sign_in.hear(event)
        if isinstance(event, AskResolved):
            self._chores.resolved(event.request_id)
        if (listed := self.roster.hear(event)) is not None:
            self._do(self.roster.look_up(listed))
        if isinstance(event, ItemStarted | ItemCompleted) and isinstance(event.item, UserMessage):
            self._outgoing.heard(event.item)
        if self._early.keep(event, getattr(event, "thread_id", ""), self.transcript):
            return
        self._fold(event)
        if isinstance(event, TurnCompleted) and self.transcript is not None:
            if self.transcript.is_patchy:
                self._do(self._catch_up.patch(self.transcript))
            self.queue.turn_over(event)
        if isinstance(event, ThreadReverted) and self.transcript is not None and self.transcript.is_reverted:
            self._do(self.past.reload(self.transcript))

    def _take_request(self, request: Request) -> None:
        if self._chores.take(request):
            return
        ask = decode_ask(request)
        if isinstance(ask, UnknownAsk):
            self._chores.take_unknown(request)
        elif not self._early.keep(ask, ask.thread_id, self.transcript):
            self._fold(ask)

    def _fold(self, said: Event | Ask) -> None:
        if isinstance(said, Ask):
            self.pending.take(said, self.transcript)
            return
        self.pending.hear(said)
        if isinstance(said, AskResolved) and self.pending.resolved(said.request_id, self.transcript):
            self.note(Level.INFO, "the request was answered elsewhere, or is not needed any more")
        if how := self.pending.overruled(said):
            self.note(Level.WARNING, f"the request was answered elsewhere before you did, and was {how}")
        if self.transcript is not None:
            self.transcript.apply(said)
        self.surroundings.hear(said)

    # ---------------------------------------------------------------- the link

    async def _come_back(self, transcript: Transcript) -> None:
        await self._catch_up.catch_up(transcript)
        self.surroundings.look()

    def _link_lost(self, lost: LinkLost) -> None:
        log.info("the session ended: %s", lost)
        self._conversation = None
        self._catch_up.link_lost()
        self.surroundings.link_lost()
        self.search.link_lost()
        self.pending.link_lost()
        self._chores.link_lost()
        self._outgoing.link_lost()
        self.on_change()

    async def _watch_quiet(self) -> None:
        """Compare a turn that says nothing with the server's account: its end may have been lost."""
        while True:
            await asyncio.sleep(QUIET_SECONDS / 10)
            transcript = self.transcript
            is_quiet = self._now() - self._heard_at > QUIET_SECONDS
            if transcript is None or not self.is_online:
                continue
            if self.is_read_only or (is_quiet and transcript.state.is_running):
                self._heard_at = self._now()
                await self._guarded(self._catch_up.reconcile(transcript), "")

    # ---------------------------------------------------------------- running

    def _changed(self) -> None:
        state, self._state = self._state, self.status.state
        if self._state is LinkState.PAUSED and state is not LinkState.PAUSED:
            self.note(Level.ERROR, f"no link: {self.status.reason}", "ctrl+r tries once more")
        self.on_change()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def run(self) -> None:
        """Start reading what comes unasked."""
        self._lifeline.on_change = self._changed
        self._spawn(self._live())
        self._spawn(self._watch_quiet())
        self._spawn(self.ports.run())

    def stop(self) -> None:
        """Cancel all that is under way."""
        for task in self._running:
            task.cancel()

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._tasks.create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


@asynccontextmanager
async def open_chat(
    lifeline: Lifeline,
    options: TuiOptions,
    drafts: Drafts | None = None,
    keeper: PortKeeper | None = None,
    carrier: Carrier | None = None,
) -> AsyncGenerator[Chat, None]:
    """Give a chat that reads its link; at the end its tasks are cancelled, the turn goes on."""
    async with asyncio.TaskGroup() as tasks:
        chat = Chat(lifeline, options, tasks, drafts or NoDrafts(), keeper, carrier)
        chat.run()
        try:
            yield chat
        finally:
            chat.stop()
