"""Servers that take clients while a block lasts, and leave no socket behind whenever that ends.

Lives here: starting and ending asyncio servers. Not here: who binds them and who serves their clients.

Two moments of asyncio's own lose a socket. A server that starts as it is made stays open when the task is
cancelled just then, so the servers here are made with ``start_serving=False``. And a client that is accepted
in the turn of the loop in which the server is closed is never closed (CPython gh-109564).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

_TURNS: Final = 3
"""Turns of the loop from an accepted socket to its protocol's ``connection_made``."""


@asynccontextmanager
async def accepting(*servers: asyncio.Server) -> AsyncGenerator[None, None]:
    """Take clients while the block lasts; then whoever was accepted has met its protocol, and all are closed.

    Args:
        servers: Bound ones that do not serve yet.
    """
    try:
        for server in servers:
            await server.start_serving()
        yield
    finally:
        try:
            for server in servers:
                for listening in server.sockets:
                    server.get_loop().remove_reader(listening.fileno())
            for _ in range(_TURNS):
                await asyncio.sleep(0)
        finally:
            for server in servers:
                server.close()
