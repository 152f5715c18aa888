"""Passing bytes between two streams, no faster than either side takes them.

Lives here: one direction of it, as a protocol. Not here: what the streams are (:mod:`codex_ssh.link.forward`,
:mod:`codex_ssh.link.ports`).
"""

from __future__ import annotations

import asyncio


class Splice(asyncio.Protocol):
    """Passes what arrives to the other side.

    Args:
        to: The other side.
        ended: Set when this side is gone.
    """

    def __init__(self, to: asyncio.Transport, ended: asyncio.Future[None]) -> None:
        self._to = to
        self._ended = ended
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep this side."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        self._to.write(data)

    def pause_writing(self) -> None:
        """Read the other side no more: this one is full, and that is where its bytes come from."""
        self._to.pause_reading()

    def resume_writing(self) -> None:
        """Read the other side again."""
        self._to.resume_reading()

    def eof_received(self) -> bool:
        """Close."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Let whoever waits know."""
        if not self._ended.done():
            self._ended.set_result(None)
