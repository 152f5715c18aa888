"""A relay that lets both sides speak in turns, and so counts round trips instead of timing them.

What a client sends is held until it falls silent and then passed on at once; the same with the answer. A
client that needs N answers before it can go on needs N turns, however fast the machine is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.processes import is_working
from tests.support.serving import serving
from tests.support.waiting import until

QUIET_SECONDS = 0.3
"""A side that has said nothing for so long, and computes nothing, has finished its turn."""

MOST_SECONDS = 15.0
"""After so long it has, whatever else is computed."""


@dataclass(slots=True, kw_only=True)
class Lockstep:
    """An open relay.

    Attributes:
        port: Where clients connect.
        turns: Bytes of each turn of the client's, over all connections, in order. The TCP connection
            itself is one round trip more.
        connections: How many there are.
    """

    port: int = 0
    turns: list[int] = field(default_factory=list)
    connections: int = 0

    async def wait_idle(self) -> None:
        """Wait until no connection is left: what a goodbye takes counts for nobody."""
        await until(lambda: not self.connections, "the connections through the relay ended")


@dataclass(slots=True)
class _Talk:
    """What two sides said so far: who spoke last, and how many turns there were of both."""

    last: str = ""
    turns: int = 0


@asynccontextmanager
async def open_lockstep(to_port: int) -> AsyncGenerator[Lockstep, None]:
    """Relay a free loopback port to another one in turns."""
    relay = Lockstep()

    async def serve(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        relay.connections += 1
        far_in, far_out = await asyncio.open_connection("127.0.0.1", to_port)
        talk = _Talk()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_turns(near_in, far_out, relay.turns, talk, "client"))
                group.create_task(_turns(far_in, near_out, [], talk, "server"))
        finally:
            far_out.transport.abort()
            relay.connections -= 1

    async with serving(serve) as relay.port:
        yield relay


async def _turns(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, turns: list[int], talk: _Talk, name: str
) -> None:
    """Pass on what a side says, turn by turn. Who goes on before the other one spoke still has the turn."""
    loop = asyncio.get_running_loop()
    while said := await source.read(65536):
        ended, latest = False, loop.time() + MOST_SECONDS
        while not ended:
            heard, began = talk.turns, loop.time()
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    more = await source.read(65536)
            except TimeoutError:
                # Both speak unasked at first. Who was heard meanwhile may be answered in the same turn.
                answering = talk.turns != heard
                # What came while the loop was kept from looking has not been read yet.
                late = loop.time() > began + 2 * QUIET_SECONDS
                if (answering or late or is_working(os.getpid())) and loop.time() < latest:
                    continue
                break
            said += more
            ended = not more
        if talk.last == name:
            turns[-1] += len(said)
        else:
            turns.append(len(said))
        talk.last, talk.turns = name, talk.turns + 1
        target.write(said)
        await target.drain()
        if ended:
            break
    target.close()
