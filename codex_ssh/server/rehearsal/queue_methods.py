"""Requests about a thread's queue: messages for when its turn is over.

Lives here: one function a method, which answers it. Not here: beginning the turns
(:mod:`codex_ssh.server.rehearsal.start`).

Source: what codex 0.163 and 0.169 do. The queue goes on after a completed and a failed turn, by itself and
without any client; after an interrupted one it waits for the next turn, or to be started.
"""

from __future__ import annotations

from codex_ssh.core.rpc import Request
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal import wire
from codex_ssh.server.rehearsal.hub import Session, now_ms
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.start import go_on
from codex_ssh.server.rehearsal.thread import Thread
from codex_ssh.server.rehearsal.wire import Refused, Shape


def queue_add(registry: Registry, session: Session, request: Request) -> None:
    """Keep a message, and begin with it when nothing runs."""
    thread_id = read.thread_id(request.params)
    client_id = read.text(request.params, "clientUserMessageId")
    content = read.user_input(request.params)
    thread = registry.find({"threadId": thread_id})
    if not content:
        raise Refused("only user input can be added to the user-message queue")
    registry.refuse_while_draining()
    queued: Shape = {
        "id": wire.new_id(now_ms()),
        "input": content,
        "clientUserMessageId": client_id,
        "responsesapiClientMetadata": None,
    }
    thread.queue.append(queued)
    session.reply(request.id, {"queuedSubmission": queued})
    thread.notify("thread/queue/changed")
    go_on(registry, thread)


def queue_list(registry: Registry, session: Session, request: Request) -> None:
    """Give all that waits."""
    thread = registry.find(request.params)
    session.reply(request.id, {"data": list(thread.queue), "nextCursor": None})


def queue_update(registry: Registry, session: Session, request: Request) -> None:
    """Change what a message says."""
    thread = registry.find(request.params)
    queued = _find(thread, read.text(request.params, "queuedSubmissionId"))
    queued["input"] = read.user_input(request.params)
    session.reply(request.id, {"queuedSubmission": queued})
    thread.notify("thread/queue/changed")


def queue_delete(registry: Registry, session: Session, request: Request) -> None:
    """Take a message out, if it is still there."""
    thread = registry.find(request.params)
    wanted = read.text(request.params, "queuedSubmissionId")
    left = [queued for queued in thread.queue if queued["id"] != wanted]
    is_deleted = len(left) < len(thread.queue)
    thread.queue[:] = left
    session.reply(request.id, {"deleted": is_deleted})
    if is_deleted:
        thread.notify("thread/queue/changed")


def queue_reorder(registry: Registry, session: Session, request: Request) -> None:
    """Put the messages in another order."""
    thread = registry.find(request.params)
    wanted = request.params.get("queuedSubmissionIds")
    by_id = {queued["id"]: queued for queued in thread.queue}
    if not isinstance(wanted, list) or sorted(wanted) != sorted(by_id):
        raise Refused("queue reorder must include every queued submission exactly once")
    thread.queue[:] = [by_id[number] for number in wanted]
    session.reply(request.id, {})
    thread.notify("thread/queue/changed")


def queue_start(registry: Registry, session: Session, request: Request) -> None:
    """Begin with one that waits, the first unless another is named."""
    thread = registry.find(request.params)
    wanted = read.optional_text(request.params, "queuedSubmissionId")
    if wanted is not None:
        queued = _find(thread, wanted)
    elif not thread.queue:
        raise Refused("queue is empty")
    else:
        queued = thread.queue[0]
    if thread.running is not None:
        raise Refused("thread already has an active or pending turn")
    registry.refuse_while_draining()
    thread.queue.remove(queued)
    thread.queue.insert(0, queued)
    turn = go_on(registry, thread)
    assert turn is not None  # it waits, and nothing runs
    session.reply(request.id, {"turn": turn.shape()})


def _find(thread: Thread, wanted: str) -> Shape:
    for queued in thread.queue:
        if queued["id"] == wanted:
            return queued
    raise Refused(f"queued submission not found: {wanted}")
