"""``--listen stdio://``: one client, on stdin and stdout, a message a line.

Lives here: lines in, lines out. Not here: what they mean (the engine). With the real engine there is nothing
to do here: ``codex app-server`` takes our place (:mod:`codex_ssh.cli.app_server_run`).

Source: codex 0.163 and 0.169: a line that is no JSON-RPC is passed over, and the end of stdin is the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from codex_ssh.server.engine import Engine
from codex_ssh.server.websocket import FLUSH_SECONDS, MAX_MESSAGE_BYTES

_WRITE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioClient:
    """The client at the other end of our own pipes.

    Attributes:
        reader: Our stdin.
        write: Writes to our stdout, without waiting.
        waiting: How many bytes wait to be written.
    """

    reader: asyncio.StreamReader
    write: Callable[[bytes], object]
    waiting: Callable[[], int]

    @property
    def queued(self) -> int:
        """How much waits, in pieces of 64 KiB. It is never cut: it is the only client there is."""
        return self.waiting() // _WRITE_BYTES

    async def frames(self) -> AsyncIterator[str]:
        """Give its lines until stdin ends; the last one may lack its line feed."""
        while line := await self.reader.readline():
            if text := line.decode("utf-8", "replace").strip():
                yield text

    def send(self, text: str) -> None:
        """Write a line."""
        self.write(text.encode("utf-8") + b"\n")


async def serve_stdio(engine: Engine) -> None:
    """Serve stdin and stdout until stdin ends."""
    async with _open_stdin() as reader:
        if stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
            output = sys.stdout.fileno()
            client = StdioClient(reader=reader, write=lambda data: os.write(output, data), waiting=lambda: 0)
            await engine.serve(client)
            return
        async with _open_stdout() as transport:
            client = StdioClient(
                reader=reader, write=transport.write, waiting=transport.get_write_buffer_size
            )
            await engine.serve(client)


@contextlib.asynccontextmanager
async def _open_stdin() -> AsyncGenerator[asyncio.StreamReader, None]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_MESSAGE_BYTES)
    file = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        with file:
            reader.feed_data(file.read())  # event loops cannot wait for a file, and it is all there
            reader.feed_eof()
        yield reader
        return
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    try:
        yield reader
    finally:
        transport.close()


class _Gone(asyncio.Protocol):
    """Says when a pipe has been flushed and closed."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


@contextlib.asynccontextmanager
async def _open_stdout() -> AsyncGenerator[asyncio.WriteTransport, None]:
    file = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    transport, gone = await asyncio.get_running_loop().connect_write_pipe(_Gone, file)
    try:
        yield transport
    finally:
        transport.close()  # writes what waits first
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await gone.closed.wait()
        except TimeoutError:
            transport.abort()
