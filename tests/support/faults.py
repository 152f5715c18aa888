"""A relay that breaks connections: between a client and a real sshd, at a chosen byte.

What lives here: cutting, resetting, and going silent without a word (half-open), when so many bytes have gone
by in either direction. It never changes or reorders a byte.
"""

from __future__ import annotations

import asyncio
import enum
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.serving import serving


class Fault(enum.Enum):
    """How a connection ends."""

    CLOSE = "closed in the middle of a packet"
    RESET = "reset"
    SILENCE = "nothing passes any more, and nobody says so"


@dataclass(slots=True, kw_only=True)
class FaultyRelay:
    """An open relay.

    Attributes:
        port: Where clients connect.
        connections: How many came so far.
        passed: Bytes that went by so far, over all connections, both ways.
        is_open: New connections are served; else they are refused by a reset.
        delay: Seconds every piece is held on its way.
        broken: The faults that have happened.
    """

    port: int = 0
    connections: int = 0
    passed: int = 0
    is_open: bool = True
    delay: float = 0.0
    broken: list[Fault] = field(default_factory=list)
    _at: int | None = None
    _fault: Fault = Fault.CLOSE
    _live: list[_Pair] = field(default_factory=list)

    def break_after(self, count: int, fault: Fault) -> None:
        """Break what is open when so many more bytes have passed."""
        self._at, self._fault = self.passed + count, fault

    def break_now(self, fault: Fault) -> None:
        """Break what is open."""
        self._at = None
        self.broken.append(fault)
        for pair in self._live:
            pair.end(fault)

    def due(self, size: int) -> int | None:
        """Count bytes that pass; gives how many of them still may, when the fault is due within them."""
        before, self.passed = self.passed, self.passed + size
        if self._at is None or self.passed < self._at:
            return None
        return max(0, self._at - before)


@dataclass(slots=True)
class _Pair:
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    is_silent: bool = False

    def end(self, fault: Fault) -> None:
        match fault:
            case Fault.SILENCE:
                self.is_silent = True
            case Fault.RESET:
                for writer in (self.near, self.far):
                    linger = struct.pack("ii", 1, 0)
                    found = writer.get_extra_info("socket")
                    if found is not None and found.fileno() != -1:
                        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    writer.transport.abort()
            case Fault.CLOSE:
                self.near.close()
                self.far.close()


@asynccontextmanager
async def open_faulty_relay(to_port: int) -> AsyncGenerator[FaultyRelay, None]:
    """Relay a free loopback port to another one until told to break."""
    relay = FaultyRelay()

    async def serve(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        relay.connections += 1
        if not relay.is_open:
            return
        far_in, far_out = await asyncio.open_connection("127.0.0.1", to_port)
        pair = _Pair(near_out, far_out)
        relay._live.append(pair)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass(relay, pair, near_in, far_out))
                group.create_task(_pass(relay, pair, far_in, near_out))
        finally:
            relay._live.remove(pair)
            far_out.transport.abort()

    async with serving(serve) as relay.port:
        yield relay


async def _pass(
    relay: FaultyRelay, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while data := await reader.read(65536):
        if pair.is_silent:
            continue
        if relay.delay:
            await asyncio.sleep(relay.delay)
        may_pass = relay.due(len(data))
        if may_pass is not None:
            writer.write(data[:may_pass])
            relay.break_now(relay._fault)
            continue
        writer.write(data)
        await writer.drain()
    if not pair.is_silent:
        writer.close()
