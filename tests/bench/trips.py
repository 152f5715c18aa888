"""Round trips, counted: both sides speak in turns, so no clock takes part.

A relay holds what a client sends until it falls silent. It hides what TCP itself adds, so ``ssh``, which
waits for its own small packets, is counted with fewer than it costs on a real line.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.devbox import Devbox, open_devbox, ours, recipe, run_ssh
from tests.bench.line import Relay
from tests.support.lockstep import open_lockstep


@dataclass(frozen=True, slots=True, kw_only=True)
class Trips:
    """Round trips from the TCP connection on.

    Attributes:
        trips: Turns of the client, and one for each TCP connection.
        connections: TCP connections.
        sent_bytes: By the client.
    """

    trips: int
    connections: int
    sent_bytes: int


async def count_trips(place: Path) -> dict[str, Trips]:
    """Count those of a first visit, of the next one, and of what else there is."""
    nowhere = Relay()
    async with open_devbox(place) as devbox, open_lockstep(devbox.sshd.port) as relay:
        config = devbox.config("127.0.0.1", relay.port)

        async def count(way: AbstractAsyncContextManager[object]) -> Trips:
            before = devbox.sshd.connections
            relay.turns.clear()
            async with way:
                turns = list(relay.turns)
            connections = devbox.sshd.connections - before
            return Trips(trips=len(turns) + connections, connections=connections, sent_bytes=sum(turns))

        return {
            "first visit": await count(ours(devbox, config, nowhere)),
            "known host": await count(ours(devbox, config, nowhere)),
            "recipe": await count(recipe(devbox, config, nowhere)),
            "ssh true": await count(_true(devbox, config)),
        }


@asynccontextmanager
async def _true(devbox: Devbox, config: Path) -> AsyncGenerator[None, None]:
    """``ssh HOST true``."""
    await run_ssh(devbox, config, Relay(), "true")
    yield
