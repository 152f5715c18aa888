"""A loopback port of the test's own, served for as long as a block lasts; nothing of it is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncGenerator[int, None]:
    """Give a free port whose every connection is handled by this; a peer that goes away is no error.

    At the end of the block all connections are cut and their handlers awaited.
    """
    running: set[asyncio.Task[None] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.current_task())
        try:
            await serve(reader, writer)
        except* OSError:
            pass
        except* asyncio.CancelledError:
            pass  # asyncio's own streams make an error of a server's task that is cancelled
        finally:
            writer.transport.abort()
            running.discard(asyncio.current_task())

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        async with server:
            yield server.sockets[0].getsockname()[1]
    finally:
        left = [task for task in running if task is not None]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=5)
