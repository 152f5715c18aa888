"""Lists in pages: turns and items of a thread.

Lives here: cursors and limits. Not here: what the entries are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal import wire
from codex_ssh.server.rehearsal.params import Params
from codex_ssh.server.rehearsal.thread import Thread
from codex_ssh.server.rehearsal.wire import Shape

DEFAULT_LIMIT: Final = 25
MAX_LIMIT: Final = 500


def list_turns(thread: Thread, params: Params) -> Shape:
    """Answer ``thread/turns/list``: newest first unless asked otherwise."""
    view = read.optional_text(params, "itemsView") or "summary"
    entries = [turn.shape(view) for turn in thread.turns]
    return _page(thread.id, entries, params, kind="turns", direction="desc")


def list_items(thread: Thread, params: Params) -> Shape:
    """Answer ``thread/items/list``: oldest first unless asked otherwise; complete items only."""
    wanted = read.optional_text(params, "turnId")
    entries = [
        {
            "turnId": turn.id,
            "item": item,
            "startedAtMs": item["startedAtMs"],
            "completedAtMs": item["completedAtMs"],
        }
        for turn in thread.turns
        for item in turn.items
        if wanted in (None, turn.id)
    ]
    return _page(thread.id, entries, params, kind="itemsByCreatedAtOrdinal", direction="asc")


def newest_cursors(thread: Thread) -> tuple[str | None, str | None]:
    """Give the cursors ``thread/resume`` hands out: the newest turn and the newest item."""
    count = sum(len(turn.items) for turn in thread.turns)
    turns = wire.cursor(thread.id, len(thread.turns) - 1, kind="turns", anchor=True)
    items = wire.cursor(thread.id, count - 1, kind="itemsByCreatedAtOrdinal", anchor=True)
    return turns if thread.turns else None, items if count else None


def _page(thread_id: str, entries: Sequence[Shape], params: Params, *, kind: str, direction: str) -> Shape:
    limit = read.optional_number(params, "limit")
    limit = DEFAULT_LIMIT if limit is None else max(1, min(limit, MAX_LIMIT))
    descending = (read.optional_text(params, "sortDirection") or direction) == "desc"
    numbered = list(enumerate(entries))
    if descending:
        numbered.reverse()
    if (place := wire.read_cursor(read.optional_text(params, "cursor"))) is not None:
        ordinal, anchor = place
        numbered = [
            (n, entry)
            for n, entry in numbered
            if (n < ordinal if descending else n > ordinal) or (anchor and n == ordinal)
        ]
    shown = numbered[:limit]
    more = len(numbered) > len(shown)
    return {
        "data": [entry for _, entry in shown],
        "nextCursor": wire.cursor(thread_id, shown[-1][0], kind=kind, anchor=False) if more else None,
        "backwardsCursor": wire.cursor(thread_id, shown[0][0], kind=kind, anchor=True) if shown else None,
    }
