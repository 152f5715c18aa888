"""Telling the subscribers of a turn what happens, and keeping the record of it.

Lives here: the notifications of one turn, and which come together. Not here: what happens
(:mod:`codex_ssh.server.rehearsal.turn`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from codex_ssh.server.rehearsal import wire
from codex_ssh.server.rehearsal.actions import FileChange
from codex_ssh.server.rehearsal.exhibit_frame import Began, Ended, Frame, Told
from codex_ssh.server.rehearsal.hub import now_ms
from codex_ssh.server.rehearsal.thread import IDLE, SYSTEM_ERROR, Thread, Turn
from codex_ssh.server.rehearsal.wire import Shape


@dataclass(slots=True, kw_only=True)
class Narrator:
    """Tells of one turn.

    Attributes:
        changes: What was written so far.
        written: Made-up tokens of the answer being given.
    """

    thread: Thread
    record: Turn
    changes: list[FileChange] = field(default_factory=list)
    written: int = 0

    def finish(self, status: str, *, was_said: bool = True) -> None:
        """End the turn as completed or interrupted; one in which nobody spoke leaves nothing to read."""
        self.record.status = status
        is_news = was_said and status == "completed"
        if is_news:
            self.thread.notify("thread/readState/changed", readState=self.thread.read_state())
        self._end(dict(IDLE), summary=is_news)

    def fail(self, message: str, *, http_status: int | None = None) -> None:
        """End the turn as failed; the thread stays in error until the next one."""
        self.record.status = "failed"
        self.record.error = wire.turn_error(message, http_status=http_status)
        self.thread.set_status(dict(SYSTEM_ERROR))
        error = {"error": self.record.error, "willRetry": False}
        self.thread.hub.notify(
            self.thread.subscribers,
            "error",
            {**error, "threadId": self.thread.id, "turnId": self.record.id},
        )
        self.thread.notify("thread/readState/changed", readState=self.thread.read_state())
        self._end(None, summary=False)

    def _end(self, status: Shape | None, *, summary: bool) -> None:
        self.record.completed_ms = self.thread.updated_ms = now_ms()
        self.thread.running = None
        if status is not None:
            self.thread.set_status(status)
        shape = self.record.shape()
        if summary:
            shape = self.record.shape("summary", self.record.last_answer)
        self.thread.notify("turn/completed", turn=shape)

    def start(self, item: Shape) -> None:
        """Begin an item."""
        self._tell_item("item/started", item, startedAtMs=item["startedAtMs"])

    def complete(self, item: Shape, **changes: Any) -> None:
        """Change an item for the last time, keep it, and tell."""
        item.update(changes)
        item["completedAtMs"] = now_ms()
        self.record.items.append(item)
        self._tell_item("item/completed", item, contentTokenCount=None, completedAtMs=item["completedAtMs"])

    def _tell_item(self, method: str, item: Shape, **times: int | None) -> None:
        place = {"threadId": self.thread.id, "turnId": self.record.id}
        self.thread.hub.notify(self.thread.subscribers, method, {"item": item, **place, **times})

    def exhibit(self, frame: Frame, item: Shape) -> Shape:
        """Tell one frame of an exhibit, and give the item that is open after it."""
        match frame:
            case Began(item=shape):
                kind = str(shape.get("id", "call"))
                item = {**shape, "id": wire.item_id(kind, now_ms())}
                item |= {"startedAtMs": now_ms(), "completedAtMs": None}
                self.start(item)
            case Told(method=method, params=params):
                place = {"itemId": item["id"]} if frame.of_item else {}
                if frame.of_turn:
                    self.tell(method, **place, **params)
                else:
                    self.thread.notify(method, **params)
            case Ended(changes=changes):
                self.complete(item, **changes)
        return item

    def tell(self, method: str, **params: Any) -> None:
        """Tell the subscribers something about this turn."""
        self.thread.notify(method, turnId=self.record.id, **params)

    def say_usage(self) -> None:
        """Say what a model's answer cost: made up, since there is none."""
        read, written = self.thread.tokens_read, self.written
        self.thread.tokens_written += written
        self.written = 0
        total = wire.tokens(read=read, written=self.thread.tokens_written)
        usage = wire.token_usage(total=total, last=wire.tokens(read=read, written=written))
        self.tell("thread/tokenUsage/updated", tokenUsage=usage)
        self.say_rate_limits()
        if self.changes:
            self.say_diff()

    def say_rate_limits(self) -> None:
        """Say that nothing is limited."""
        limits = {"rateLimits": {"limitId": wire.MODEL, **dict.fromkeys(_RATE_LIMIT_MEMBERS)}}
        self.thread.hub.notify(self.thread.subscribers, "account/rateLimits/updated", limits)

    def say_diff(self) -> None:
        """Say what the turn changed so far, as git would."""
        self.tell("turn/diff/updated", diff="".join(change.git_diff for change in self.changes))


_RATE_LIMIT_MEMBERS: Final = (
    "limitName",
    "normalModelSlug",
    "primary",
    "secondary",
    "credits",
    "individualLimit",
    "spendControlReached",
    "planType",
    "rateLimitReachedType",
)
