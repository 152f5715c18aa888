"""Requests about threads: start, resume, list, read, name, archive, delete.

Lives here: one function a method, which answers it. Not here: turns
(:mod:`codex_ssh.server.rehearsal.turn_methods`) and the pages of lists
(:mod:`codex_ssh.server.rehearsal.pages`).
"""

from __future__ import annotations

import os
from typing import Final

from codex_ssh.core.rpc import METHOD_NOT_FOUND, Request
from codex_ssh.server.rehearsal import catalog, pages, wire
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal.hub import Session, now_ms
from codex_ssh.server.rehearsal.params import Params
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.thread import IDLE, NOT_LOADED, Thread
from codex_ssh.server.rehearsal.wire import Refused, Shape

_HYDRATION: Final = "Full-history hydration is deprecated for paginated threads; "
_READ_NOTICE: Final = (
    f"{_HYDRATION}omit `includeTurns` or set it to `false`, "
    "then page with `thread/turns/list` and `thread/items/list`."
)
_RESUME_NOTICE: Final = (
    f"{_HYDRATION}use `excludeTurns: true`, then page with `thread/turns/list` and `thread/items/list`."
)


def thread_start(registry: Registry, session: Session, request: Request) -> None:
    """Start a thread: reply first, then ``thread/started`` to everybody."""
    registry.refuse_while_draining()
    params = request.params
    thread = Thread(
        id=wire.new_id(now_ms()),
        hub=registry.hub,
        cwd=os.path.join(registry.cwd, read.optional_text(params, "cwd") or ""),
        settings={
            "model": read.optional_text(params, "model") or wire.MODEL,
            "approvalPolicy": params.get("approvalPolicy") or "on-request",
            "sandbox": catalog.sandbox(params.get("sandbox")) or {"type": "dangerFullAccess"},
        },
        originator=registry.originator,
        ephemeral=read.flag(params, "ephemeral"),
        environments=params.get("environments") != [],
        thread_source=read.optional_text(params, "threadSource"),
    )
    thread.cwd = thread.cwd.rstrip("/") or "/"
    registry.threads[thread.id] = thread
    thread.subscribers.add(session)
    session.reply(request.id, thread.opened_shape(thread.shape()))
    registry.hub.broadcast("thread/started", {"thread": thread.shape()})


def thread_resume(registry: Registry, session: Session, request: Request) -> None:
    """Join a thread: reply, then what is still open in it, with the ids everybody has."""
    thread = registry.threads.get(read.thread_id(request.params))
    excludes = read.flag(request.params, "excludeTurns")
    if thread is None or not thread.has_turns:
        raise Refused(f"no rollout found for thread id {read.thread_id(request.params)}")
    if not excludes:
        say_hydrated(registry, session)
    if not thread.loaded:
        thread.loaded = True
        thread.status = dict(IDLE)
    registry.apply_settings(thread, request.params, tell=False)
    thread.subscribers.add(session)
    turns = [] if excludes else [turn.shape("full") for turn in thread.turns]
    newest_turn, newest_item = pages.newest_cursors(thread)
    session.reply(
        request.id,
        {
            **thread.opened_shape(thread.shape(turns=turns)),
            "collaborationMode": thread.collaboration_mode,
            "initialTurnsPage": None,
            "turnsBackwardsCursor": newest_turn,
            "itemsBackwardsCursor": newest_item,
        },
    )
    registry.hub.broadcast("thread/goal/cleared", {"threadId": thread.id})
    registry.hub.replay(session, thread.id)


def thread_read(registry: Registry, session: Session, request: Request) -> None:
    """Show a thread without joining it."""
    thread = registry.find(request.params, "thread not loaded: {}")
    turns: list[Shape] = []
    if read.flag(request.params, "includeTurns"):
        _need_turns(thread)
        _say_deprecated(registry, session, _READ_NOTICE)
        turns = [turn.shape("full") for turn in thread.turns]
    shape: Shape = {"thread": thread.shape(turns=turns)}
    if session.experimental:
        shape["readState"] = thread.read_state() if thread.has_turns else None
    session.reply(request.id, shape)


def thread_list(registry: Registry, session: Session, request: Request) -> None:
    """List threads that were spoken in, newest first."""
    params = request.params
    found = [thread for thread in registry.threads.values() if _is_listed(thread, params)]
    found.sort(key=lambda thread: thread.updated_ms, reverse=params.get("sortDirection") != "asc")
    start = _read_offset(read.optional_text(params, "cursor"))
    limit = read.optional_number(params, "limit")
    shown = found[start : start + (pages.DEFAULT_LIMIT if limit is None else max(limit, 1))]
    more = start + len(shown) < len(found)
    session.reply(
        request.id,
        {
            "data": [thread.shape() for thread in shown],
            "readStates": {thread.id: thread.read_state() for thread in shown},
            "nextCursor": str(start + len(shown)) if more else None,
            "backwardsCursor": str(start) if shown else None,
        },
    )


def loaded_list(registry: Registry, session: Session, request: Request) -> None:
    """List the loaded threads."""
    loaded = [thread.id for thread in registry.threads.values() if thread.loaded]
    session.reply(request.id, {"data": loaded, "nextCursor": None})


def turns_list(registry: Registry, session: Session, request: Request) -> None:
    """List the turns of a thread."""
    thread = registry.find(request.params, "thread not loaded: {}")
    _need_turns(thread)
    session.reply(request.id, pages.list_turns(thread, request.params))


def items_list(registry: Registry, session: Session, request: Request) -> None:
    """List the complete items of a thread."""
    thread = registry.find(request.params, "thread not loaded: {}")
    session.reply(request.id, pages.list_items(thread, request.params))


def unsubscribe(registry: Registry, session: Session, request: Request) -> None:
    """Leave a thread; it goes on."""
    thread = registry.threads.get(read.thread_id(request.params))
    if thread is None or not thread.loaded:
        status = "notLoaded"
    elif session in thread.subscribers:
        thread.subscribers.discard(session)
        status = "unsubscribed"
    else:
        status = "notSubscribed"
    session.reply(request.id, {"status": status})


def name_set(registry: Registry, session: Session, request: Request) -> None:
    """Name a thread."""
    thread = registry.find(request.params, "no rollout found for thread id {}")
    thread.name = read.text(request.params, "name")
    session.reply(request.id, {})
    registry.hub.broadcast("thread/name/updated", {"threadId": thread.id, "threadName": thread.name})


def read_state_update(registry: Registry, session: Session, request: Request) -> None:
    """Mark a thread as read or unread, and tell everybody who listens to it."""
    thread = registry.find(request.params)
    operation = request.params.get("operation")
    thread.mark_read(is_read=isinstance(operation, dict) and operation.get("type") == "read")
    session.reply(request.id, {"readState": thread.read_state()})
    thread.notify("thread/readState/changed", readState=thread.read_state())


def settings_update(registry: Registry, session: Session, request: Request) -> None:
    """Change what holds for the turns to come."""
    thread = registry.find(request.params)
    registry.apply_settings(thread, request.params, tell=True)
    session.reply(request.id, {})


def archive(registry: Registry, session: Session, request: Request) -> None:
    """Put a thread away."""
    thread = registry.find(request.params)
    if thread.running is not None:
        thread.running.interrupt()
    thread.archived, thread.loaded = True, False
    thread.set_status(dict(NOT_LOADED))
    session.reply(request.id, {})
    registry.hub.broadcast("thread/archived", {"threadId": thread.id})
    thread.subscribers.clear()


def delete(registry: Registry, session: Session, request: Request) -> None:
    """Forget a thread."""
    thread = registry.find(request.params, "no rollout found for thread id {}")
    if thread.running is not None:
        thread.running.interrupt()
    del registry.threads[thread.id]
    thread.loaded = False
    if thread.has_turns:
        thread.set_status(dict(NOT_LOADED))
    session.reply(request.id, {})
    registry.hub.broadcast("thread/deleted", {"threadId": thread.id})
    thread.subscribers.clear()


def unarchive(registry: Registry, session: Session, request: Request) -> None:
    """Take a thread out again; it is loaded by whoever resumes it."""
    thread = registry.find(request.params)
    thread.archived = False
    session.reply(request.id, {"thread": thread.shape(loaded=False)})
    registry.hub.broadcast("thread/unarchived", {"threadId": thread.id})


def _need_turns(thread: Thread) -> None:
    if not thread.has_turns:
        raise Refused("list_turns is not supported yet", code=METHOD_NOT_FOUND)


def say_hydrated(registry: Registry, session: Session) -> None:
    """Say that a thread is not to be opened with all its turns any more."""
    _say_deprecated(registry, session, _RESUME_NOTICE)


def _say_deprecated(registry: Registry, session: Session, summary: str) -> None:
    registry.hub.notify([session], "deprecationNotice", {"summary": summary, "details": None})


def _is_listed(thread: Thread, params: Params) -> bool:
    cwd = params.get("cwd")
    kinds = params.get("sourceKinds")
    term = read.optional_text(params, "searchTerm")
    return (
        thread.has_turns
        and not thread.ephemeral
        and thread.archived == read.flag(params, "archived")
        and params.get("sectionId") is None
        and (not cwd or thread.cwd in ([cwd] if isinstance(cwd, str) else cwd))
        and (not kinds or "vscode" in kinds)
        and (not term or term.lower() in f"{thread.name or ''} {thread.preview}".lower())
    )


def _read_offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal():
        raise Refused(f"invalid cursor: {cursor}")
    return int(cursor)
