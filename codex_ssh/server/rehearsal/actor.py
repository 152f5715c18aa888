"""The steps of a prompt, done: what is said, run, written and asked, and how it is told.

Lives here: one method a step, approval, and waiting that a steering ends. Not here: what the words of a
prompt mean (:mod:`codex_ssh.server.rehearsal.script`), processes and files
(:mod:`codex_ssh.server.rehearsal.actions`), and the turn around the steps
(:mod:`codex_ssh.server.rehearsal.turn`).

Source: the order is that of the captures of codex 0.163 and 0.169, which agree.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from codex_ssh.server.rehearsal import wire
from codex_ssh.server.rehearsal.account import Account
from codex_ssh.server.rehearsal.actions import (
    Unwritable,
    command_actions,
    plan_change,
    run_command,
    shell_argv,
)
from codex_ssh.server.rehearsal.answers import Decision, read_answers, read_decision
from codex_ssh.server.rehearsal.exhibit import exhibit_names, find_exhibit
from codex_ssh.server.rehearsal.exhibit_frame import Scene
from codex_ssh.server.rehearsal.hub import Answer, Pending, now_ms
from codex_ssh.server.rehearsal.narrator import Narrator
from codex_ssh.server.rehearsal.script import (
    Ask,
    Expire,
    Fail,
    Late,
    Plan,
    Run,
    Say,
    Show,
    Step,
    Think,
    Write,
    pieces,
)
from codex_ssh.server.rehearsal.thread import Thread, active
from codex_ssh.server.rehearsal.wire import Shape

WORD_SECONDS: Final = 0.015
"""Pause between the words of an answer: fast, and still to be seen as a stream."""

BURST_WORDS: Final = 32
"""Words without a pause before the clients' queues get a chance to empty."""

HOLD_SECONDS: Final = 600
"""Longest a ``hold`` lasts."""


class Cut(Exception):
    """Somebody steered: what is being said ends here."""


class Failed(Exception):
    """The turn is to fail."""


class CredentialsExpired(Exception):
    """The model server would take the credentials for none."""


class Cancelled(Exception):
    """The user cancelled an approval, and with it the turn."""


@dataclass(slots=True, kw_only=True, eq=False)
class Actor:
    """Does what a turn is told to do.

    Attributes:
        thread: Where it happens.
        narrator: Who tells of it and keeps the record.
        account: Who is signed in.
        cut: Set when somebody steers.
        pending: The question that waits for an answer.
        is_ending: Whatever is said now is taken and not answered.
    """

    thread: Thread
    narrator: Narrator
    account: Account
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    pending: Pending | None = None
    is_ending: bool = False

    async def do(self, step: Step) -> None:
        """Do a step to its end.

        Raises:
            Cut: Somebody steered.
            Failed, CredentialsExpired, Cancelled: The turn ends so.
        """
        match step:
            case Say():
                await self._say(step)
            case Late():
                await self._be_late(step)
            case Think():
                await self._think(step)
            case Run():
                await self._run(step)
            case Write():
                await self._write(step)
            case Plan():
                self._plan(step)
            case Ask():
                await self._ask(step)
            case Show():
                await self._show(step)
            case Fail():
                raise Failed(step.message)
            case Expire():
                self.account.expire()
                raise CredentialsExpired

    async def _say(self, step: Say) -> None:
        item = wire.agent_message(wire.item_id("msg", now_ms()), at_ms=now_ms())
        self.narrator.start(item)
        pause = WORD_SECONDS if step.seconds_between is None else step.seconds_between
        for count, piece in enumerate(pieces(step.text), start=1):
            self.narrator.tell("item/agentMessage/delta", itemId=item["id"], delta=piece)
            if pause or count % BURST_WORDS == 0:
                await self.pause(pause)
        if step.holds:
            await self.pause(HOLD_SECONDS)
        self.narrator.complete(item, text=step.text)
        self.narrator.written += len(step.text) // 4 + 1

    async def _be_late(self, step: Late) -> None:
        """As codex when somebody steers while it ends a turn: the message is taken, and not answered."""
        await self._say(Say(text=step.text))
        self.narrator.say_usage()
        self.is_ending = True
        with contextlib.suppress(Cut):
            await self.pause(HOLD_SECONDS)

    async def _think(self, step: Think) -> None:
        item = wire.reasoning(wire.item_id("rs", now_ms()), at_ms=now_ms())
        self.narrator.start(item)
        place = {"itemId": item["id"], "summaryIndex": 0}
        self.narrator.tell("item/reasoning/summaryPartAdded", **place)
        for piece in pieces(step.text):
            self.narrator.tell(
                "item/reasoning/summaryTextDelta", itemId=item["id"], delta=piece, summaryIndex=0
            )
            await self.pause(WORD_SECONDS)
        self.narrator.complete(item, summary=[step.text])

    def _plan(self, step: Plan) -> None:
        states = ("completed", "inProgress")
        plan = [
            {"step": text, "status": states[n] if n < len(states) else "pending"}
            for n, text in enumerate(step.steps)
        ]
        self.narrator.tell("turn/plan/updated", explanation=None, plan=plan)
        self.narrator.say_usage()

    async def _run(self, step: Run) -> None:
        cwd = self.thread.cwd
        argv = shell_argv(step.command)
        shown = f"{argv[0]} {argv[1]} {shlex.quote(step.command)}"
        actions = command_actions(step.command, cwd)
        item = wire.command_execution(
            wire.item_id("call", now_ms()), command=shown, cwd=cwd, actions=actions, at_ms=now_ms()
        )
        if self._must_ask(step.command):
            self.thread.set_status(active("waitingOnApproval"))
            self.narrator.start(item)
            decision = await self._approval(
                "item/commandExecution/requestApproval",
                itemId=item["id"],
                startedAtMs=item["startedAtMs"],
                environmentId="local",
                command=shown,
                cwd=cwd,
                commandActions=actions,
                proposedExecpolicyAmendment=list(argv),
                availableDecisions=[
                    "accept",
                    {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": list(argv)}},
                    "cancel",
                ],
                head={"kind": "command"},
            )
            if not self._accepted(decision, item, step.command):
                return
        else:
            self.narrator.start(item)
            if self._is_forbidden():
                self.narrator.complete(item, status="declined")
                self.narrator.say_usage()
                return

        def show(text: str) -> None:
            self.narrator.tell("item/commandExecution/outputDelta", itemId=item["id"], delta=text)

        result = await run_command(step.command, cwd, show)
        self.narrator.complete(
            item,
            processId=result.process_id or None,
            source="unifiedExecStartup",
            status="completed" if result.exit_code == 0 else "failed",
            aggregatedOutput=result.output or None,
            exitCode=result.exit_code,
            durationMs=result.milliseconds,
        )
        self.narrator.say_usage()

    async def run_own(self, command: str) -> None:
        """Run a command of the user's own, without asking."""
        cwd = self.thread.cwd
        argv = shell_argv(command)
        item = wire.command_execution(
            str(uuid.uuid4()),
            command=f"{argv[0]} {argv[1]} {shlex.quote(command)}",
            cwd=cwd,
            actions=[{"type": "unknown", "command": command}],
            at_ms=now_ms(),
        )
        item["source"] = "userShell"
        self.narrator.start(item)

        def show(text: str) -> None:
            self.narrator.tell("item/commandExecution/outputDelta", itemId=item["id"], delta=text)

        result = await run_command(command, cwd, show, quiet_seconds=0)
        self.narrator.complete(
            item,
            status="completed" if result.exit_code == 0 else "failed",
            aggregatedOutput=result.output or None,
            exitCode=result.exit_code,
            durationMs=result.milliseconds,
        )

    async def _write(self, step: Write) -> None:
        try:
            change = plan_change(self.thread.cwd, step.path, step.text)
        except Unwritable as fault:
            await self._say(Say(text=f"Nothing written: {fault}."))
            return
        item = wire.file_change(wire.item_id("call", now_ms()), [change.shape], at_ms=now_ms())
        self.narrator.start(item)
        trust = f"file {change.path}"
        if self._must_ask(trust):
            self.thread.set_status(active("waitingOnApproval"))
            decision = await self._approval(
                "item/fileChange/requestApproval",
                itemId=item["id"],
                startedAtMs=item["startedAtMs"],
                reason=None,
                grantRoot=None,
            )
            if not self._accepted(decision, item, trust):
                return
        elif self._is_forbidden():
            self.narrator.complete(item, status="declined")
            self.narrator.say_usage()
            return
        try:
            change.make()
        except Unwritable:
            self.narrator.complete(item, status="failed")
        else:
            self.narrator.complete(item, status="completed")
            self.narrator.changes.append(change)
            self.narrator.say_diff()
        self.narrator.say_usage()

    async def _show(self, step: Show) -> None:
        names = exhibit_names() if step.name.lower() == "all" else (step.name,)
        for name in names:
            exhibit = find_exhibit(name)
            if exhibit is None:
                known = ", ".join(f"`{one}`" for one in exhibit_names())
                await self._say(Say(text=f"There is no `{name}` to show. There are `all`, {known}."))
                return
            item: Shape = {}
            for frame in exhibit(Scene(cwd=self.thread.cwd, thread_id=self.thread.id)):
                item = self.narrator.exhibit(frame, item)
                await self.pause(WORD_SECONDS)
        self.narrator.say_usage()

    async def _ask(self, step: Ask) -> None:
        question = {
            "id": "answer",
            "header": "Rehearsal",
            "question": step.question,
            "isOther": True,
            "isSecret": False,
            "options": [
                {"label": "Left", "description": "One way"},
                {"label": "Right", "description": "The other way"},
            ],
        }
        self.thread.set_status(active("waitingOnUserInput"))
        answer = await self._request(
            "item/tool/requestUserInput",
            itemId=wire.item_id("call", now_ms()),
            questions=[question],
            isBlocking=True,
            autoResolutionMs=None,
        )
        self.thread.set_status(active())
        self.narrator.say_usage()
        await self._say(Say(text=f"You answered: {read_answers(answer)}"))

    def _must_ask(self, trust: str) -> bool:
        return self.thread.settings["approvalPolicy"] != "never" and trust not in self.thread.trusted

    def _is_forbidden(self) -> bool:
        """Read-only and never ask: the real server's sandbox would stop it, we do not even try."""
        read_only = self.thread.settings["sandbox"]["type"] == "readOnly"
        return bool(read_only) and self.thread.settings["approvalPolicy"] == "never"

    def _accepted(self, decision: Decision, item: Shape, trust: str) -> bool:
        """Do what follows an answer; False when the item is over.

        The order differs between commands and files, and a cancelled file change is never completed.
        """
        if decision is Decision.ACCEPT_FOR_SESSION:
            self.thread.trusted.add(trust)
        if decision in (Decision.ACCEPT, Decision.ACCEPT_FOR_SESSION):
            self.thread.set_status(active())
            return True
        status = "failed" if decision is Decision.UNREADABLE else "declined"
        if item["type"] == "commandExecution":
            self.narrator.complete(item, status=status)
            self.thread.set_status(active())
        else:
            self.thread.set_status(active())
            if decision is not Decision.CANCEL:
                self.narrator.complete(item, status=status)
        if decision is Decision.CANCEL:
            raise Cancelled
        self.narrator.say_usage()
        return False

    async def _approval(self, method: str, *, head: Shape | None = None, **params: Any) -> Decision:
        return read_decision(await self._request(method, head=head, **params))

    async def _request(self, method: str, *, head: Shape | None = None, **params: Any) -> Answer:
        """Ask the subscribers, and wait as long as it takes: a person may be away for days."""
        place = {"threadId": self.thread.id, "turnId": self.narrator.record.id}
        shape = {**(head or {}), **place, **params}
        self.pending = self.thread.hub.request(self.thread.subscribers, method, self.thread.id, shape)
        answer = await self.pending.answer
        self.withdraw()
        return answer

    def withdraw(self) -> None:
        """Take back the question that waits, if one does."""
        if self.pending is not None:
            del self.thread.hub.pending[self.pending.request_id]
            self.thread.notify("serverRequest/resolved", requestId=self.pending.request_id)
            self.pending = None

    async def pause(self, seconds: float) -> None:
        """Wait so long; raises Cut as soon as somebody steers."""
        if seconds <= 0:
            await self.thread.hub.give_way(self.thread.subscribers)
        else:
            try:
                async with asyncio.timeout(seconds):
                    await self.cut.wait()
            except TimeoutError:
                return
        if self.cut.is_set():
            raise Cut
