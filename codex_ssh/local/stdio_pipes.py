"""Our own stdin and stdout as a way to one client: a message a line.

Lives here: lines in, lines out, whatever stdin and stdout are. Not here: what the lines mean, and a person
at a terminal (:mod:`codex_ssh.local.line_terminal`).

Source: codex 0.163 and 0.169: the end of stdin is the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Final

from codex_ssh.core.value import dataclass

MAX_LINE_BYTES: Final = 128 * 1024 * 1024
"""What the official client accepts."""

FLUSH_SECONDS: Final = 1.0
"""How long the last lines may take to be read."""

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


@contextlib.asynccontextmanager
async def open_stdio_client() -> AsyncGenerator[StdioClient, None]:
    """Give the client of our pipes; at the end what waits is written, for a second at most."""
    async with _open_stdin() as reader:
        if stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
            output = sys.stdout.fileno()
            yield StdioClient(reader=reader, write=lambda data: os.write(output, data), waiting=lambda: 0)
            return
        async with _open_stdout() as transport:
            yield StdioClient(reader=reader, write=transport.write, waiting=transport.get_write_buffer_size)


@contextlib.asynccontextmanager
async def _open_stdin() -> AsyncGenerator[asyncio.StreamReader, None]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
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
