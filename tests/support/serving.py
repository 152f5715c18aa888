"""A port or a socket of the test's own, served for as long as a block lasts; nothing of it is left behind."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from codex_ssh.local.accepting import accepting
from codex_ssh.local.tasks import open_tasks

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_LINE_LIMIT = 2**24


@asynccontextmanager
async def serving(
    serve: Serve, address: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[int, None]:
    """Give a port, a free one by default, whose every connection is handled by this.

    A peer that goes away is no error. At the end of the block all connections are cut and their handlers
    awaited.
    """
    async with open_clients(serve) as take:
        server = await asyncio.start_server(
            take, address, port, limit=_LINE_LIMIT, ssl=tls, start_serving=False
        )
        port = server.sockets[0].getsockname()[1]
        async with accepting(server):
            yield port


@asynccontextmanager
async def serving_at(path: Path | str, serve: Serve) -> AsyncGenerator[None, None]:
    """Do the same at a unix socket."""
    async with open_clients(serve) as take:
        server = await asyncio.start_unix_server(take, path, limit=_LINE_LIMIT, start_serving=False)
        async with accepting(server):
            yield


@asynccontextmanager
async def open_clients(
    serve: Serve,
) -> AsyncGenerator[Callable[[asyncio.StreamReader, asyncio.StreamWriter], None], None]:
    """Give what takes a client and handles it in a task of this block."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except* (OSError, EOFError):
            pass

    came: dict[asyncio.StreamWriter, socket.socket] = {}
    try:
        async with open_tasks() as tasks:

            def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                came[writer] = writer.get_extra_info("socket")
                tasks.start(handle(reader, writer), at_end=writer.close)

            yield take
    finally:
        for writer, its_socket in came.items():  # also one that never takes what was said to it
            if its_socket.fileno() != -1:  # CPython 3.11 cannot abort one that sent its last byte when closed
                writer.transport.abort()
