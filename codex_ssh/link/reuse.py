"""Whether a listener on this machine leads to a port of the devbox already: an ``ssh -L``, an editor's.

Lives here: the proof. Not here: what follows from it (:mod:`codex_ssh.link.forwards`).

A command line would tell it of some programs, and not of others. So it is tried: some connections are made to
the listener here, and the devbox is asked whether just as many came to its port, and whether they went with
ours. Only a listener of this user's own is tried: another user could pass our connections on, and listen in.
Where devbox and laptop are one machine, it is the very socket, and nothing has to be tried.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from codex_ssh.core.ports import LOOPBACK
from codex_ssh.errors import CodexSshError
from codex_ssh.link.listeners import Listeners
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.listening import local_listener

log = logging.getLogger(__name__)

_LOOKS: Final = 4
_BETWEEN_SECONDS: Final = 0.1
_CONNECT_SECONDS: Final = 2.0

_ONE_CLIENT_ONLY: Final = ("nc", "ncat", "netcat")
"""Programs that end with their first client: they are left alone."""


class Leads(enum.Enum):
    """Where a listener here leads."""

    ELSEWHERE = "elsewhere, or nobody knows"
    THERE = "there"
    SAME = "nowhere: it is the one that listens there"


async def where_it_leads(
    ssh: Ssh, listeners: Listeners, local: int, remote: int, at: Collection[str]
) -> Leads:
    """Tell whether what listens on a port here leads to a port of the devbox.

    Args:
        ssh: The connection to ask by.
        listeners: Asks.
        local: The port here, which somebody listens on.
        remote: The port there.
        at: Where on the devbox's loopback.
    """
    try:
        here = await asyncio.to_thread(local_listener, local)
        if here is None or not here.is_ours:
            return Leads.ELSEWHERE
        if any(program.partition(".")[0] in _ONE_CLIENT_ONLY for program in here.programs):
            return Leads.ELSEWHERE
        there = (await listeners.read(ssh)).at(remote)
        if there is None:
            return Leads.ELSEWHERE
        if here.sockets and here.sockets <= there.sockets(at):
            return Leads.SAME
        is_tried = await _is_tried(local, lambda: listeners.clients(ssh, remote, at))
    except (CodexSshError, OSError, TimeoutError) as error:
        log.info("nobody knows whether port %d here leads to %d there: %s", local, remote, error)
        return Leads.ELSEWHERE
    return Leads.THERE if is_tried else Leads.ELSEWHERE


Clients = Callable[[], Awaitable[frozenset[str] | None]]
"""Gives the connections of the port there."""


async def _is_tried(local: int, clients: Clients) -> bool:
    before = await clients()
    if before is None:
        return False
    count = 2 + secrets.randbelow(3)
    async with _connections(local, count):
        came = await _look(clients, lambda now: len(now - before) == count)
    if came is None:
        return False
    ours = came - before
    return await _look(clients, lambda now: not now & ours) is not None


async def _look(clients: Clients, is_so: Callable[[frozenset[str]], bool]) -> frozenset[str] | None:
    """Give the port's connections once they are as they should be; None if they are never."""
    for _ in range(_LOOKS):
        now = await clients()
        if now is not None and is_so(now):
            return now
        await asyncio.sleep(_BETWEEN_SECONDS)
    return None


@asynccontextmanager
async def _connections(port: int, count: int) -> AsyncGenerator[None, None]:
    async with AsyncExitStack() as stack:
        for _ in range(count):
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(LOOPBACK[0], port)
            stack.callback(writer.close)
        yield
