"""One turn without a TUI, on a link: what ``exec`` and ``demo --prompt`` do.

Lives here: starting the turn, answering what the app server asks, and the outcome. Not here: the flags
(:mod:`codex_ssh.cli.execute`) and what is printed (:mod:`codex_ssh.cli.printer`).
"""

from __future__ import annotations

import asyncio
import enum
import uuid
from dataclasses import dataclass
from typing import Final

from codex_ssh.cli.output import note, warn
from codex_ssh.cli.printer import Printer
from codex_ssh.cli.sign_in import sign_in, sign_in_after
from codex_ssh.core.ask import (
    Ask,
    CommandAsk,
    Decision,
    FileChangeAsk,
    PermissionsAsk,
    UnknownAsk,
    Verdict,
    decode_ask,
)
from codex_ssh.core.events import AskResolved, Event, ItemCompleted, ItemStarted, TurnCompleted, decode_event
from codex_ssh.core.items import AgentMessage, FileChange
from codex_ssh.core.login import NOBODY
from codex_ssh.core.methods import OpenThread, thread_resume, thread_start, turn_interrupt, turn_start
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.rpc import METHOD_NOT_FOUND, Notification, Request
from codex_ssh.core.thread import Turn, TurnStatus
from codex_ssh.errors import ExitCode, LinkLost, StageError, TurnFailed
from codex_ssh.link.connect import Link, Profile, open_link

INTERRUPT_SECONDS: Final = 2.0
"""How long Ctrl-C waits for the app server to take the interrupt."""


class ApprovalPolicy(enum.Enum):
    """Who answers when the app server asks for an approval."""

    ASK = "ask"
    NEVER = "never"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What one turn starts with; empty means the devbox's own config decides.

    Attributes:
        resume: The thread to go on with; empty starts one.
        asks_when: codex's approval policy.
        sandbox: codex's sandbox mode.
    """

    prompt: str
    cwd: str = ""
    model: str = ""
    resume: str = ""
    asks_when: str = ""
    sandbox: str = ""


async def run_turn(
    profile: Profile, prompter: Prompter, opening: Opening, policy: ApprovalPolicy, printer: Printer
) -> int:
    """Connect, run one turn to its end, and give the exit code.

    Raises:
        TurnFailed: It ended as failed or interrupted.
        StageError: The way there failed, or was lost; the turn then goes on on the devbox.
    """
    async with open_link(profile, prompter) as link:
        for warning in link.facts.warnings:
            warn(warning)
        if link.facts.signed_out:
            await sign_in(link, prompter, NOBODY)
        runner = _Runner(link, prompter, policy, printer)
        turn, answer = await runner.run(opening)
        hint = await sign_in_after(link, prompter, turn, runner.thread)
    printer.finished(turn, answer)
    if turn.status is not TurnStatus.COMPLETED:
        raise TurnFailed(turn.status.value, said=turn.error.message if turn.error else "", hint=hint)
    return ExitCode.DONE


class _Runner:
    """One turn of one thread, from its prompt to its end."""

    def __init__(self, link: Link, prompter: Prompter, policy: ApprovalPolicy, printer: Printer) -> None:
        self._link = link
        self._prompter = prompter
        self._policy = policy
        self._printer = printer
        self._edits: dict[str, FileChange] = {}
        self._answer = ""
        self.thread = ""

    async def run(self, opening: Opening) -> tuple[Turn, str]:
        opened = await self._open(opening)
        thread = self.thread = opened.thread.id
        self._printer.opened(self._link.facts, opened)
        started = await self._link.call(
            turn_start(
                thread,
                opening.prompt,
                client_message_id=str(uuid.uuid4()),
                model=opening.model,
                approval_policy=opening.asks_when,
            )
        )
        try:
            return await self._follow(thread, started.id), self._answer
        except LinkLost as lost:
            lost.hint = (
                f"the turn goes on there; see it with: codex-ssh {self._link.facts.host} --resume {thread}"
            )
            raise
        except asyncio.CancelledError:
            await self._interrupt(thread)
            raise

    async def _open(self, opening: Opening) -> OpenThread:
        if opening.resume:
            call = thread_resume(opening.resume, cwd=opening.cwd, model=opening.model)
        else:
            call = thread_start(
                cwd=opening.cwd,
                model=opening.model,
                approval_policy=opening.asks_when,
                sandbox=opening.sandbox,
            )
        return await self._link.call(call)

    async def _follow(self, thread: str, turn: str) -> Turn:
        async for message in self._link.incoming():
            if isinstance(message, Request):
                await self._answer_ask(decode_ask(message), thread)
                continue
            event = decode_event(message)
            if getattr(event, "thread_id", thread) not in (thread, ""):
                continue
            self._take(message, event)
            if isinstance(event, TurnCompleted) and event.turn.id == turn:
                return event.turn
        raise AssertionError  # incoming() ends by raising

    def _take(self, message: Notification, event: Event) -> None:
        match event:
            case ItemStarted(item=FileChange() as edit):
                self._edits[edit.id] = edit
            case ItemCompleted(item=AgentMessage() as said):
                self._answer = said.text
            case AskResolved():
                return
        self._printer.heard(message, event)

    async def _answer_ask(self, ask: Ask, thread: str) -> None:
        if isinstance(ask, UnknownAsk):
            await self._link.refuse(ask.request_id, METHOD_NOT_FOUND, f"codex-ssh exec has no {ask.method!r}")
            return
        if ask.thread_id != thread:
            return  # another client's thread; whoever runs it answers
        decision = await self._decide(ask)
        await self._link.answer(ask.request_id, decision.result)
        self._printer.decided(ask, decision)

    async def _decide(self, ask: Ask) -> Decision:
        assert not isinstance(ask, UnknownAsk)
        refusal = next(
            (one for one in ask.decisions if one.verdict is Verdict.DECLINE),
            ask.decisions[-1],
        )
        if not isinstance(ask, CommandAsk | FileChangeAsk | PermissionsAsk):
            return refusal  # nobody is here to fill in forms
        match self._policy:
            case ApprovalPolicy.ALL:
                return next((one for one in ask.decisions if one.verdict is Verdict.ACCEPT), refusal)
            case ApprovalPolicy.NEVER:
                return refusal
            case ApprovalPolicy.ASK:
                return await self._ask_person(ask, refusal)

    async def _ask_person(
        self, ask: CommandAsk | FileChangeAsk | PermissionsAsk, refusal: Decision
    ) -> Decision:
        lead = [f"{self._link.facts.host} asks:", *self._lines_about(ask)]
        lead += [f"  {one.key} - {one.label}" for one in ask.decisions if one.key]
        keys = "/".join(one.key for one in ask.decisions if one.key)
        question = Question(
            kind=QuestionKind.CONFIRM,
            host=self._link.facts.host,
            lead="\n".join(lead),
            text=f"[{keys}]? ",
            echo=True,
        )
        try:
            answer = await self._prompter.ask(question)
        except StageError:
            return refusal
        key = answer.reveal().strip().lower() if answer else ""
        return next((one for one in ask.decisions if one.key == key), refusal)

    def _lines_about(self, ask: CommandAsk | FileChangeAsk | PermissionsAsk) -> list[str]:
        reason = [f"  reason: {ask.reason}"] if ask.reason else []
        match ask:
            case CommandAsk():
                return [f"  $ {ask.plain_command}", f"  in {ask.cwd}", *reason]
            case FileChangeAsk():
                edit = self._edits.get(ask.item_id)
                changes = edit.changes if edit else ()
                return [line for change in changes for line in (f"  {change.path}", change.diff)] + reason
            case PermissionsAsk():
                return [f"  {line}" for line in ask.permissions] + reason

    async def _interrupt(self, thread: str) -> None:
        """Stop the turn we started: whoever ends a command does not expect it to go on elsewhere."""
        try:
            async with asyncio.timeout(INTERRUPT_SECONDS):
                await self._link.call(turn_interrupt(thread))
            note("the turn was interrupted")
        except (TimeoutError, StageError):
            note("the turn may go on: the app server did not answer")
