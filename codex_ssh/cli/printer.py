"""What ``exec`` prints: the answer on stdout, progress on stderr, or one JSON object a line.

Lives here: the two printers. Not here: running the turn (:mod:`codex_ssh.cli.execute`).
"""

from __future__ import annotations

import json
from typing import Any, Protocol

from codex_ssh.cli.output import note
from codex_ssh.core.ask import Ask
from codex_ssh.core.decision import Decision
from codex_ssh.core.events import (
    ErrorSaid,
    Event,
    ItemCompleted,
    ItemStarted,
    PlanUpdated,
    StepStatus,
    Warned,
)
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.items import AgentMessage, CommandExecution, FileChange, ItemStatus, Reasoning
from codex_ssh.core.methods import OpenThread
from codex_ssh.core.plain_text import plain_line, plain_lines, plain_output
from codex_ssh.core.rpc import Notification
from codex_ssh.core.thread import Turn

_OUTPUT_LINES = 10
_MARKS = {StepStatus.COMPLETED: "[x]", StepStatus.IN_PROGRESS: "[>]", StepStatus.PENDING: "[ ]"}


class Printer(Protocol):
    """Told what happens, in order."""

    def opened(self, facts: ServerFacts, thread: OpenThread) -> None:
        """The thread is there; the turn starts next."""

    def heard(self, notification: Notification, event: Event) -> None:
        """The app server said something about the thread."""

    def decided(self, ask: Ask, decision: Decision) -> None:
        """A request was answered."""

    def finished(self, turn: Turn, answer: str) -> None:
        """The turn is over; `answer` is the last thing the model said."""


class TextPrinter:
    """For people: stdout is the answer and nothing else."""

    def opened(self, facts: ServerFacts, thread: OpenThread) -> None:
        """See :class:`Printer`."""
        where = f"{facts.host} ({facts.hostname})" if facts.hostname not in ("", facts.host) else facts.host
        version = f", app server {facts.server_version}" if facts.server_version else ""
        note(plain_line(f"{where} by {facts.transport}{version}, in {thread.cwd}, {thread.model}"))

    def heard(self, notification: Notification, event: Event) -> None:
        """See :class:`Printer`."""
        match event:
            case ItemStarted(item=CommandExecution() as command):
                note(f"$ {plain_line(command.plain_command)}")
            case ItemCompleted(item=CommandExecution() as command):
                self._ran(command)
            case ItemCompleted(item=FileChange() as edit):
                for change in edit.changes:
                    note(f"{change.kind.value} {plain_line(change.path)} ({edit.status.value})")
            case ItemCompleted(item=Reasoning(summary=parts)) if parts:
                note(plain_lines("\n".join(parts)))
            case ItemCompleted(item=AgentMessage(phase="commentary") as message):
                note(plain_lines(message.text))
            case PlanUpdated():
                for step in event.steps:
                    note(f"{_MARKS[step.status]} {plain_line(step.text)}")
            case ErrorSaid(will_retry=True):
                note(f"{plain_line(event.error.message)} (it tries again)")
            case Warned(kind="warning" | "guardianWarning" | "configWarning"):
                note(f"warning: {plain_line(event.message)}")
            case _:
                pass

    def decided(self, ask: Ask, decision: Decision) -> None:
        """See :class:`Printer`."""
        note(f"  {plain_line(decision.label)}")

    def finished(self, turn: Turn, answer: str) -> None:
        """See :class:`Printer`."""
        if answer:
            print(plain_lines(answer), flush=True)

    def _ran(self, command: CommandExecution) -> None:
        lines = plain_output(command.output).rstrip().split("\n") if command.output else []
        if len(lines) > _OUTPUT_LINES:
            lines = [f"… {len(lines) - _OUTPUT_LINES} lines", *lines[-_OUTPUT_LINES:]]
        for line in lines:
            note(f"  {line}")
        if command.status is not ItemStatus.COMPLETED:
            note(f"  {command.status.value}")
        if command.exit_code:
            note(f"  exit {command.exit_code}")


class JsonPrinter:
    """For programs: one object a line on stdout, ``type`` first. Documented in ``docs/howto/scripts.md``."""

    def opened(self, facts: ServerFacts, thread: OpenThread) -> None:
        """See :class:`Printer`."""
        self._line(
            "thread",
            threadId=thread.thread.id,
            host=facts.host,
            hostname=facts.hostname,
            transport=facts.transport,
            serverVersion=facts.server_version,
            cwd=thread.cwd,
            model=thread.model,
        )

    def heard(self, notification: Notification, event: Event) -> None:
        """See :class:`Printer`."""
        self._line("event", method=notification.method, params=notification.params)

    def decided(self, ask: Ask, decision: Decision) -> None:
        """See :class:`Printer`."""
        self._line("decision", requestId=ask.request_id, verdict=decision.verdict.value, sent=decision.result)

    def finished(self, turn: Turn, answer: str) -> None:
        """See :class:`Printer`."""
        error = {"message": turn.error.message, "kind": turn.error.kind} if turn.error else None
        self._line("result", status=turn.status.value, turnId=turn.id, answer=answer, error=error)

    def _line(self, kind: str, **members: Any) -> None:
        print(json.dumps({"type": kind, **members}, ensure_ascii=False), flush=True)
