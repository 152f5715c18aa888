"""Who asks the app server, and how a list that comes in pages is read to its end.

Lives here: the smallest thing that can ask, and the loop over cursors. Not here: the calls
(:mod:`codex_ssh.core.methods` and its neighbours).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from codex_ssh.core.call import Call, Page

T = TypeVar("T")


class Caller(Protocol):
    """Who asks."""

    async def call(self, call: Call[T]) -> T:
        """Ask the server; raises RpcFailed, LinkLost."""


async def read_pages(caller: Caller, ask: Callable[[str | None], Call[Page[T]]]) -> list[T]:
    """Read a list to its end, in the server's order.

    Args:
        caller: Who asks.
        ask: Gives the call for a page, by its cursor; None is the first page.

    Raises:
        RpcFailed, LinkLost: As :meth:`Caller.call`; what was read is dropped.
    """
    found: list[T] = []
    cursor: str | None = None
    while True:
        page = await caller.call(ask(cursor))
        found += page.data
        cursor = page.cursor
        if cursor is None:
            return found
