"""What is exchanged with one connection: its request, the answer that refuses it, or the conversation.

Lives here: reading the head, saying no so that it is read, and an engine's talk message by message. Not here:
accepting connections and judging requests (:mod:`codex_ssh.server.listener`), and passing a conversation on
(:mod:`codex_ssh.server.hub`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Final

from codex_ssh.core.upgrade import Refusal, UpgradeReader, UpgradeRequest, refusal_bytes
from codex_ssh.server.engine import Engine, Visit
from codex_ssh.server.websocket import FLUSH_SECONDS, ServerWebSocket

logger = logging.getLogger(__name__)

REQUEST_SECONDS: Final = 10
"""How long a client may take to send its request, and before that for TLS."""

LINGER_SECONDS: Final = 1
"""How long we wait for a refused client to read why."""

_READ_BYTES: Final = 16 * 1024


async def talk(engine: Engine, visit: Visit) -> None:
    """Answer with the 101, and let the engine talk message by message."""
    visit.writer.write(visit.answer)
    client = ServerWebSocket(
        visit.reader, visit.writer, leftover=visit.request.leftover, on_method=visit.on_method
    )

    async def close_when_asked() -> None:
        await visit.ending.wait()
        client.close(visit.ending.code, visit.ending.reason)
        await asyncio.sleep(FLUSH_SECONDS)
        client.abort()  # it did not answer the close frame

    async with asyncio.TaskGroup() as group:
        pump = group.create_task(client.pump())
        closer = group.create_task(close_when_asked())
        try:
            await engine.serve(client)
        finally:
            closer.cancel()
            client.finish()
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await asyncio.wait([pump])
            except TimeoutError:
                client.abort()


async def read_request(reader: asyncio.StreamReader) -> UpgradeRequest | Refusal | None:
    """Read one head; None when the client went away or took too long."""
    upgrade = UpgradeReader()
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            while data := await reader.read(_READ_BYTES):
                if (found := upgrade.feed(data)) is not None:
                    return found
    except TimeoutError:
        logger.info("a client sent no request within %d s", REQUEST_SECONDS)
    return None


async def say_and_linger(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, refusal: Refusal, *, method: str = "GET"
) -> None:
    """Send the answer and wait for the client to hang up: closing at once could destroy it unread."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            writer.write(refusal_bytes(refusal, now=time.time(), method=method))
            await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
            while await reader.read(_READ_BYTES):
                pass
