"""The request that goes on in a copy of a thread.

Lives here: ``thread/fork``. Not here: other requests about threads
(:mod:`codex_ssh.server.rehearsal.thread_methods`).

Source: what codex 0.163 and 0.169 do. A copy begins loaded, its turns keep their ids.
"""

from __future__ import annotations

import copy

from codex_ssh.core.rpc import Request
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal import wire
from codex_ssh.server.rehearsal.hub import Session, now_ms
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.thread import Thread, Turn
from codex_ssh.server.rehearsal.thread_methods import say_hydrated
from codex_ssh.server.rehearsal.wire import Refused


def thread_fork(registry: Registry, session: Session, request: Request) -> None:
    """Copy a thread as far as it is wanted, and let the client join the copy."""
    registry.refuse_while_draining()
    params = request.params
    wanted = read.thread_id(params)
    source = registry.threads.get(wanted)
    if source is None or not source.has_turns:
        raise Refused(f"no rollout found for thread id {wanted}")
    turns = _wanted_turns(
        source, read.optional_text(params, "lastTurnId"), read.optional_text(params, "beforeTurnId")
    )
    thread = Thread(
        id=wire.new_id(now_ms()),
        hub=registry.hub,
        cwd=source.cwd,
        settings=dict(source.settings),
        originator=registry.originator,
        ephemeral=read.flag(params, "ephemeral"),
        forked_from=source.id,
        turns=copy.deepcopy(turns),
        tokens_read=source.tokens_read,
        tokens_written=source.tokens_written,
    )
    registry.threads[thread.id] = thread
    registry.apply_settings(thread, params, tell=False)
    thread.subscribers.add(session)
    excludes = read.flag(params, "excludeTurns")
    if not excludes:
        say_hydrated(registry, session)
    shown = [] if excludes else [turn.shape("full") for turn in thread.turns]
    session.reply(request.id, thread.opened_shape(thread.shape(turns=shown)))
    if thread.turns and not excludes:
        total = wire.tokens(read=thread.tokens_read, written=thread.tokens_written)
        usage = wire.token_usage(total=total, last=total)
        thread.notify("thread/tokenUsage/updated", turnId=thread.turns[-1].id, tokenUsage=usage)
    registry.hub.broadcast("thread/started", {"thread": thread.shape()})


def _wanted_turns(source: Thread, last: str | None, before: str | None) -> list[Turn]:
    """Give the turns up to one, or up to before one; those that still run are not among them."""
    over = [turn for turn in source.turns if turn.completed_ms is not None]
    ids = [turn.id for turn in over]
    for wanted, more in ((last, 1), (before, 0)):
        if wanted is not None:
            if wanted not in ids:
                raise Refused(f"turn not found: {wanted}")
            return over[: ids.index(wanted) + more]
    return over
