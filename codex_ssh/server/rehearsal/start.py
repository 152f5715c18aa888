"""Beginning turns: the one that is asked for, and the next one of the queue when a turn is over.

Lives here: how a turn comes to be. Not here: the requests (:mod:`codex_ssh.server.rehearsal.turn_methods`,
:mod:`codex_ssh.server.rehearsal.queue_methods`) and playing it (:mod:`codex_ssh.server.rehearsal.turn`).
"""

from __future__ import annotations

from collections import deque

from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal import wire
from codex_ssh.server.rehearsal.actor import Actor
from codex_ssh.server.rehearsal.hub import now_ms
from codex_ssh.server.rehearsal.narrator import Narrator
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.thread import Thread, Turn
from codex_ssh.server.rehearsal.turn import RunningTurn, UserInput
from codex_ssh.server.rehearsal.wire import Shape


def prepare(
    registry: Registry,
    thread: Thread,
    said: UserInput | None = None,
    *,
    output_schema: Shape | None = None,
    shell: str = "",
    compacts: bool = False,
    review: str = "",
) -> RunningTurn:
    """Make a turn the running one of a thread; it is begun by :func:`begin`, behind the answer."""
    turn = Turn(id=wire.new_id(now_ms()))
    thread.turns.append(turn)
    narrator = Narrator(thread=thread, record=turn)
    running = RunningTurn(
        thread=thread,
        narrator=narrator,
        inputs=deque([said] if said is not None else []),
        actor=Actor(thread=thread, narrator=narrator, account=registry.account),
        output_schema=output_schema,
        shell=shell,
        compacts=compacts,
        review=review,
    )
    thread.running = running
    return running


def begin(registry: Registry, running: RunningTurn) -> None:
    """Play a turn; when it is over, the next one of the queue begins, unless it was interrupted."""

    def over(_: object) -> None:
        registry.calm.set()
        if running.narrator.record.status in ("completed", "failed"):
            go_on(registry, running.thread)

    running.task = registry.group.create_task(running.play())
    running.task.add_done_callback(over)


def go_on(registry: Registry, thread: Thread) -> Turn | None:
    """Begin what waits first in a thread's queue; None when nothing waits, or something runs."""
    if not thread.queue or thread.running is not None or registry.draining:
        return None
    queued = thread.queue.pop(0)
    thread.notify("thread/queue/changed")
    content = queued["input"]
    said = UserInput(content=content, text=read.input_text(content), client_id=queued["clientUserMessageId"])
    running = prepare(registry, thread, said)
    begin(registry, running)
    return running.narrator.record
