"""Requests that set a thread to work without a message, and about what it left running.

Lives here: one function a method, which answers it. Not here: turns by message
(:mod:`codex_ssh.server.rehearsal.turn_methods`).

A goal is kept and told, and no turn comes of it: there is no model that could go on by itself. Nothing runs
in the background.
"""

from __future__ import annotations

import time

from codex_ssh.core.rpc import Request
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal.hub import Session
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.start import begin, prepare
from codex_ssh.server.rehearsal.wire import Refused


def compact_start(registry: Registry, session: Session, request: Request) -> None:
    """Play a compaction, as a turn; what is remembered stays as it is."""
    thread = registry.find(request.params)
    registry.refuse_while_draining()
    if thread.running is not None:
        raise Refused("the rehearsal compacts nothing beside a turn")
    running = prepare(registry, thread, compacts=True)
    session.reply(request.id, {})
    begin(registry, running)


def goal_get(registry: Registry, session: Session, request: Request) -> None:
    """Give a thread's goal."""
    session.reply(request.id, {"goal": registry.find(request.params).goal})


def goal_set(registry: Registry, session: Session, request: Request) -> None:
    """Give a thread a goal, or change the one it has."""
    params = request.params
    thread = registry.find(params)
    objective, status = read.optional_text(params, "objective"), read.optional_text(params, "status")
    now = int(time.time())
    if objective:
        thread.goal = {
            "threadId": thread.id,
            "objective": objective,
            "status": "active",
            "tokenBudget": read.optional_number(params, "tokenBudget"),
            "tokensUsed": 0,
            "timeUsedSeconds": 0,
            "createdAt": now,
            "updatedAt": now,
        }
    if thread.goal is None:
        raise Refused(f"cannot update goal for thread {thread.id}: no goal exists")
    if status:
        thread.goal = {**thread.goal, "status": status, "updatedAt": now}
    session.reply(request.id, {"goal": thread.goal})
    thread.notify("thread/goal/updated", turnId=None, goal=thread.goal)


def goal_clear(registry: Registry, session: Session, request: Request) -> None:
    """Forget a thread's goal."""
    thread = registry.find(request.params)
    had_one, thread.goal = thread.goal is not None, None
    session.reply(request.id, {"cleared": had_one})
    if had_one:
        thread.notify("thread/goal/cleared")


def terminals_list(registry: Registry, session: Session, request: Request) -> None:
    """List what runs in the background: nothing."""
    registry.find(request.params)
    session.reply(request.id, {"data": [], "nextCursor": None})


def terminals_terminate(registry: Registry, session: Session, request: Request) -> None:
    """Stop something that runs in the background; it is not there."""
    registry.find(request.params)
    read.text(request.params, "processId")
    session.reply(request.id, {"terminated": False})


def terminals_clean(registry: Registry, session: Session, request: Request) -> None:
    """Stop all of it."""
    registry.find(request.params)
    session.reply(request.id, {})
