"""One turn without a TUI, over a link that heals: what ``exec`` and ``demo --prompt`` do.

Lives here: starting the turn, following it to its end over as many sessions as that takes, and the outcome.
Not here: the flags (:mod:`codex_ssh.cli.execute`), answering approvals (:mod:`codex_ssh.cli.approval`) and
what is printed (:mod:`codex_ssh.cli.printer`).
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Final

from codex_ssh.cli.approval import ApprovalPolicy, Approver
from codex_ssh.cli.output import note, warn
from codex_ssh.cli.printer import Printer
from codex_ssh.cli.sign_in import sign_in, sign_in_after
from codex_ssh.cli.slow import told_when_slow
from codex_ssh.core.ask import Ask, UnknownAsk, decode_ask
from codex_ssh.core.attachment import Attachment
from codex_ssh.core.chore import reply_to_chore, reply_to_unknown
from codex_ssh.core.events import AskResolved, Event, ItemCompleted, ItemStarted, TurnCompleted, decode_event
from codex_ssh.core.fields import list_at, shape_at, text_at
from codex_ssh.core.items import AgentMessage, FileChange
from codex_ssh.core.login import NOBODY
from codex_ssh.core.methods import (
    OpenThread,
    thread_resume,
    thread_start,
    thread_turns_list,
    turn_interrupt,
    turn_start,
)
from codex_ssh.core.question import Prompter
from codex_ssh.core.rpc import Json, Notification, Request
from codex_ssh.core.thread import Turn, TurnId, TurnStatus
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ExitCode, LinkLost, RpcFailed, StageError, TurnFailed
from codex_ssh.link.carrier import LinkCarrier
from codex_ssh.link.connect import Link
from codex_ssh.link.lifeline import Lifeline, open_lifeline
from codex_ssh.link.way import Profile
from codex_ssh.local.paths import threads_dir
from codex_ssh.local.seen_threads import see_threads
from codex_ssh.tui import threads
from codex_ssh.tui.account import SETTLE_SECONDS
from codex_ssh.tui.carrier import Carrier, brought

INTERRUPT_SECONDS: Final = 2.0
"""How long Ctrl-C waits for the app server to take the interrupt."""

PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What one turn starts with; empty means the devbox's own config decides.

    Attributes:
        attachments: What goes with the prompt.
        resume: The thread to go on with; empty starts one.
        asks_when: codex's approval policy.
        sandbox: codex's sandbox mode.
        patience: Seconds a lost link may take to come back.
    """

    prompt: str
    attachments: tuple[Attachment, ...] = ()
    cwd: str = ""
    model: str = ""
    resume: str = ""
    asks_when: str = ""
    sandbox: str = ""
    patience: float = 0.0


async def run_turn(
    profile: Profile, prompter: Prompter, opening: Opening, policy: ApprovalPolicy, printer: Printer
) -> int:
    """Connect, run one turn to its end, and give the exit code.

    Raises:
        TurnFailed: It ended as failed or interrupted.
        StageError: The way there failed, or was lost for good; the turn then goes on on the devbox.
    """
    with told_when_slow(f"{profile.host}: connecting", prompter, is_said=True) as connected:
        async with open_lifeline(profile, prompter, lambda: prompter, waits_for_user=False) as lifeline:
            connected()
            approver = Approver(policy, prompter, lifeline.facts.host)
            turn, answer, hint = await _run_over(lifeline, prompter, opening, approver, printer)
    printer.finished(turn, answer)
    if turn.status is not TurnStatus.COMPLETED:
        raise TurnFailed(turn.status.value, said=turn.error.message if turn.error else "", hint=hint)
    return ExitCode.DONE


async def _run_over(
    lifeline: Lifeline, prompter: Prompter, opening: Opening, approver: Approver, printer: Printer
) -> tuple[Turn, str, str]:
    """Run the turn over one link after the other; gives it, its answer, and what to do where it failed."""
    sessions = lifeline.sessions()
    link = await anext(sessions)
    for warning in link.facts.warnings:
        warn(warning)
    if link.facts.signed_out:
        await sign_in(link, prompter, NOBODY)
    runner = _Runner(link, lifeline.fence, approver, printer, opening, LinkCarrier(lifeline))
    while True:
        try:
            turn, answer = await runner.run()
            break
        except LinkLost as lost:
            note(f"the link is lost: {lost}{f' ({lost.said})' if lost.said else ''}; reconnecting")
            runner.link = await _next_session(lifeline, sessions, lost, opening.patience, runner.thread)
            note("connected again")
    return turn, answer, await sign_in_after(runner.link, prompter, turn, runner.thread)


async def _next_session(
    lifeline: Lifeline, sessions: AsyncIterator[Link], lost: LinkLost, patience: float, thread: str
) -> Link:
    """Wait for the link; raises why there is none when that takes too long or has no prospect."""
    hint = f"a turn that runs goes on there; see it with: codex-ssh {lifeline.facts.host} --resume {thread}"
    try:
        async with asyncio.timeout(patience):
            return await anext(sessions)
    except TimeoutError:
        lost.hint = hint
        raise lost from None
    except StageError as error:
        error.hint = f"{error.hint}; {hint}" if error.hint else hint
        raise


class _Runner:
    """One turn of one thread, from its prompt to its end.

    Attributes:
        link: The session that is open.
        thread: Empty until it is.
    """

    def __init__(
        self,
        link: Link,
        fence: Callable[[], Awaitable[None]],
        approver: Approver,
        printer: Printer,
        opening: Opening,
        carrier: Carrier,
    ) -> None:
        self.link = link
        self._carrier = carrier
        self._fence = fence
        self.thread = ""
        self._approver = approver
        self._printer = printer
        self._opening = opening
        self._message_id = str(uuid.uuid4())
        self._turn = TurnId("")
        self._was_sent = False
        self._is_patchy = False
        self._heard: set[str] = set()
        self._answer = ""

    async def run(self) -> tuple[Turn, str]:
        """Begin the turn, or go on with it, and give its end and the last thing the model said.

        Raises:
            LinkLost: Run it again, once there is another session.
        """
        try:
            turn: Turn | None = None
            if self._was_sent:
                turn = await self._go_on()
            else:
                await self._begin()
            return turn or await self._follow(), self._answer
        except asyncio.CancelledError:
            await self._interrupt()
            raise

    async def _begin(self) -> None:
        opened = await self._open()
        self.thread = opened.thread.id
        self._printer.opened(self.link.facts, opened)
        seen = (
            opened.thread if opened.thread.preview else replace(opened.thread, preview=self._opening.prompt)
        )
        see_threads(threads_dir(), self.link.facts.host, [seen])
        await self._send()

    async def _send(self) -> None:
        opening = self._opening
        attachments = await brought(self._carrier, opening.attachments, self.thread, note)
        self._was_sent = True
        call = turn_start(
            self.thread,
            opening.prompt,
            attachments=attachments,
            client_message_id=self._message_id,
            model=opening.model,
            approval_policy=opening.asks_when,
        )
        try:
            self._turn = (await self.link.call(call)).id
        except RpcFailed as failed:
            if not failed.is_shutting_down:
                raise
            note("the app server is shutting down: waiting for the next one")
            await self.link.wait_lost()

    async def _open(self) -> OpenThread:
        opening = self._opening
        if opening.resume:
            return await self.link.call(thread_resume(opening.resume, cwd=opening.cwd, model=opening.model))
        return await self.link.call(
            thread_start(
                cwd=opening.cwd,
                model=opening.model,
                approval_policy=opening.asks_when,
                sandbox=opening.sandbox,
            )
        )

    async def _go_on(self) -> Turn | None:
        """Join the thread again and hear what was missed; gives the turn when it is over."""
        if not await self._join():
            # The app server ended before it stored anything of the thread.
            await self._begin()
            return None
        missed = await self._read_back()
        if not self._turn and not self._find_turn(missed):
            # What an earlier connection still holds arrives now or never; then it is clear.
            await self._fence()
            await asyncio.sleep(SETTLE_SECONDS)
            missed = await self._read_back()
        if not self._turn and not self._find_turn(missed):
            await self._send()  # the server never saw it
            return None
        self._is_patchy = True
        self._hear_missed(missed)
        turns = await self.link.call(thread_turns_list(self.thread, limit=20))
        ours = next((turn for turn in turns.data if turn.id == self._turn), None)
        if ours is None or not ours.status.is_over:
            return None
        await self._hear_the_rest()
        return ours

    def _find_turn(self, items: list[tuple[TurnId, Json]]) -> bool:
        self._turn = next((turn for turn, item in items if _has_id(item, self._message_id)), TurnId(""))
        return bool(self._turn)

    async def _join(self) -> bool:
        """Resume the thread, with patience; False when the server does not know it."""
        try:
            await threads.rejoin(self.link, self.thread, model="")
        except RpcFailed:
            if self._heard or self._opening.resume:
                raise
            return False
        return True

    async def _read_back(self) -> list[tuple[TurnId, Json]]:
        """Give the thread's items from our message on, the oldest first, with their turns."""
        found: list[tuple[TurnId, Json]] = []
        cursor = ""
        while True:
            params: dict[str, Json] = {"threadId": self.thread, "sortDirection": "desc", "limit": PAGE}
            if cursor:
                params["cursor"] = cursor
            page = await self.link.request("thread/items/list", params)
            for shape in list_at(page, "data"):
                item = shape_at(shape, "item")
                found.append((TurnId(text_at(shape, "turnId")), item))
                if _has_id(item, self._message_id):
                    return found[::-1]
            cursor = text_at(page, "nextCursor")
            if not cursor:
                return found[::-1]

    def _hear_missed(self, missed: list[tuple[TurnId, Json]]) -> None:
        for turn, item in missed:
            if turn == self._turn:
                params = {"threadId": self.thread, "turnId": turn, "item": item}
                message = Notification(method="item/completed", params=params)
                self._take(message, decode_event(message))

    async def _hear_the_rest(self) -> None:
        """Hear what the server said while nobody listened and stored a moment later."""
        if self._is_patchy:
            await asyncio.sleep(SETTLE_SECONDS)
            self._hear_missed(await self._read_back())

    async def _follow(self) -> Turn:
        async for message in self.link.incoming():
            if isinstance(message, Request):
                await self._answer_request(message)
                continue
            event = decode_event(message)
            if getattr(event, "thread_id", self.thread) not in (self.thread, ""):
                continue
            if isinstance(event, TurnCompleted) and event.turn.id == self._turn:
                await self._hear_the_rest()
                self._take(message, event)
                return event.turn
            self._take(message, event)
        raise AssertionError  # incoming() ends by raising

    def _take(self, message: Notification, event: Event) -> None:
        match event:
            case ItemCompleted(item=item) if item.id in self._heard:
                return
            case ItemStarted(item=FileChange() as edit):
                self._approver.saw(edit)
            case AskResolved():
                return
        if isinstance(event, ItemCompleted):
            self._heard.add(event.item.id)
            if isinstance(event.item, AgentMessage):
                self._answer = event.item.text
        self._printer.heard(message, event)

    async def _answer_request(self, request: Request) -> None:
        """Answer at once what a program is asked: codex fails a turn that is not told the time."""
        reply = reply_to_chore(request, time.time())
        ask = decode_ask(request)
        if reply is None and isinstance(ask, UnknownAsk):
            reply = reply_to_unknown(request.method)
        if reply is None:
            await self._answer_ask(ask)
        elif reply.refusal:
            await self.link.refuse(request.id, reply.code, reply.refusal)
        else:
            await self.link.answer(request.id, reply.result)

    async def _answer_ask(self, ask: Ask) -> None:
        if ask.thread_id != self.thread:
            return  # another client's thread; whoever runs it answers
        decision = await self._approver.decide(ask)
        await self.link.answer(ask.request_id, decision.result)
        self._printer.decided(ask, decision)

    async def _interrupt(self) -> None:
        """Stop the turn we started: whoever ends a command does not expect it to go on elsewhere."""
        if not self._was_sent:
            return
        try:
            async with asyncio.timeout(INTERRUPT_SECONDS):
                await self.link.call(turn_interrupt(self.thread))
            note("the turn was interrupted")
        except (TimeoutError, StageError):
            note("the turn may go on: the app server did not answer")


def _has_id(item: Json, message_id: str) -> bool:
    return text_at(item, "clientId") == message_id
