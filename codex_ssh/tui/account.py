"""The server's account of a thread: which pages of its history are asked for, and how many.

Lives here: paging. Not here: merging (:mod:`codex_ssh.core.history`) and when to ask
(:mod:`codex_ssh.tui.chat`).
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.call import Order
from codex_ssh.core.methods import StoredItem, thread_items_list, thread_turns_list
from codex_ssh.core.rpc import METHOD_NOT_FOUND
from codex_ssh.core.thread import ThreadId, Turn
from codex_ssh.core.transcript import Transcript
from codex_ssh.core.value import dataclass
from codex_ssh.errors import RpcFailed
from codex_ssh.tui.bridge import Conversation
from codex_ssh.tui.caller import Caller

ITEMS: Final = 200
"""Items of a page of history; older pages come when somebody scrolls to them."""

TURNS: Final = 100

SETTLE_SECONDS: Final = 0.3
"""How long after the server said something it may take to store it, and to tell it in an account."""

PAGES_MISSED: Final = 25
"""A longer absence starts from the newest page, as if the thread had just been opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the server told of some turns, oldest first.

    Attributes:
        items_before, turns_before: Cursors of what is older; None when nothing is.
        whole: Nothing is missing between this and what was known before.
    """

    turns: tuple[Turn, ...] = ()
    items: tuple[StoredItem, ...] = ()
    items_before: str | None = None
    turns_before: str | None = None
    whole: bool = True


async def read_newest(conversation: Conversation, thread_id: ThreadId) -> Account:
    """Read the last page; a thread without a turn has an empty account.

    Raises:
        RpcFailed, LinkLost: As :meth:`Conversation.call`.
    """
    try:
        turns = await conversation.call(thread_turns_list(thread_id, limit=TURNS))
        items = await conversation.call(thread_items_list(thread_id, order=Order.NEWEST_FIRST, limit=ITEMS))
    except RpcFailed as failed:
        # A thread without a turn has no history, and codex says so with this code.
        if failed.code != METHOD_NOT_FOUND:
            raise
        return Account()
    return Account(
        turns=turns.data[::-1],
        items=items.data[::-1],
        items_before=items.cursor,
        turns_before=turns.cursor,
    )


async def read_older(
    conversation: Conversation, thread_id: ThreadId, items_before: str, turns_before: str | None
) -> Account:
    """Read the page before what is known; raises as :func:`read_newest`."""
    items = await conversation.call(
        thread_items_list(thread_id, order=Order.NEWEST_FIRST, limit=ITEMS, cursor=items_before)
    )
    turns: tuple[Turn, ...] = ()
    turns_next: str | None = None
    if turns_before is not None:
        page = await conversation.call(thread_turns_list(thread_id, limit=TURNS, cursor=turns_before))
        turns, turns_next = page.data[::-1], page.cursor
    return Account(turns=turns, items=items.data[::-1], items_before=items.cursor, turns_before=turns_next)


async def read_missed(conversation: Conversation, transcript: Transcript) -> Account:
    """Read all of every turn whose end was not heard: what a transcript has to catch up on.

    Pages are read from the newest back to the first turn whose end was heard. After
    :data:`PAGES_MISSED` pages it gives up and says so by ``whole``.

    Raises:
        RpcFailed, LinkLost: As :meth:`Conversation.call`.
    """
    newest = await read_newest(conversation, transcript.thread_id)
    turns, items = newest.turns, newest.items
    turns_before, items_before = newest.turns_before, newest.items_before
    pages = 1
    while items_before is not None and not any(transcript.is_settled(one.turn_id) for one in items):
        if pages == PAGES_MISSED:
            return Account(
                turns=newest.turns,
                items=newest.items,
                items_before=newest.items_before,
                turns_before=newest.turns_before,
                whole=False,
            )
        pages += 1
        page = await read_older(conversation, transcript.thread_id, items_before, turns_before)
        turns, items = page.turns + turns, page.items + items
        turns_before, items_before = page.turns_before, page.items_before
    return Account(
        turns=tuple(turn for turn in turns if not transcript.is_settled(turn.id)),
        items=tuple(one for one in items if not transcript.is_settled(one.turn_id)),
    )


async def read_all(conversation: Caller, thread_id: ThreadId) -> tuple[StoredItem, ...]:
    """Read the whole history, oldest first; a thread without a turn has none.

    Raises:
        RpcFailed, LinkLost: As :meth:`Caller.call`.
    """
    items: list[StoredItem] = []
    cursor: str | None = None
    while True:
        try:
            page = await conversation.call(thread_items_list(thread_id, limit=ITEMS, cursor=cursor))
        except RpcFailed as failed:
            if failed.code != METHOD_NOT_FOUND or items:
                raise
            return ()
        items += page.data
        cursor = page.cursor
        if cursor is None:
            return tuple(items)
