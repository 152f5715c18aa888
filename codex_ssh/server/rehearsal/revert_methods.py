"""The request that takes a thread back to before one of its turns.

Lives here: ``thread/revert``. Not here: other requests about threads
(:mod:`codex_ssh.server.rehearsal.thread_methods`).

Source: what codex 0.163 and 0.169 do. A turn that runs is interrupted first; no file is changed back.
"""

from __future__ import annotations

from codex_ssh.core.rpc import Request
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal.hub import Session
from codex_ssh.server.rehearsal.pages import newest_cursors
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.thread import IDLE, NOT_LOADED, Thread
from codex_ssh.server.rehearsal.wire import Refused


def thread_revert(registry: Registry, session: Session, request: Request) -> None:
    """Forget a turn and all behind it, once nothing runs any more."""
    thread = registry.find(request.params)
    wanted = read.text(request.params, "beforeTurnId")
    running = thread.running
    if running is None or running.task is None:
        _revert(thread, wanted, session, request)
        return

    def over(_: object) -> None:
        try:
            _revert(thread, wanted, session, request)
        except Refused as refused:
            session.refuse(request.id, code=refused.code, message=refused.message, data=refused.data)

    running.interrupt(is_reverted=True)
    running.task.add_done_callback(over)


def _revert(thread: Thread, wanted: str, session: Session, request: Request) -> None:
    thread.set_status(dict(NOT_LOADED))
    thread.set_status(dict(IDLE))
    ids = [turn.id for turn in thread.turns]
    if wanted not in ids:
        raise Refused(f"turn not found: {wanted}")
    del thread.turns[ids.index(wanted) :]
    turns, items = newest_cursors(thread)
    session.reply(
        request.id,
        {"thread": thread.shape(), "turnsBackwardsCursor": turns, "itemsBackwardsCursor": items},
    )
    thread.notify("thread/reverted")
