"""Round trips, counted: both sides speak in turns, so no clock takes part.

A relay holds what a client sends until it falls silent. It hides what TCP itself adds, so ``ssh``, which
waits for its own small packets, is counted with fewer than it costs on a real line.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.devbox import Devbox, open_devbox, ours, recipe, run_ssh
from tests.bench.line import Relay
from tests.support.lockstep import open_lockstep

TRIES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Trips:
    """Round trips from the TCP connection on.

    Attributes:
        trips: Turns of the client, and one for each TCP connection.
        connections: TCP connections.
        logins: Of these connections.
        sent_bytes: By the client.
    """

    trips: int
    connections: int
    logins: int
    sent_bytes: int


async def count_trips(place: Path) -> dict[str, Trips]:
    """Count those of a first visit, of the next one, and of what else there is."""
    nowhere = Relay()
    async with open_devbox(place) as devbox, open_lockstep(devbox.sshd.port) as relay:
        config = devbox.config("127.0.0.1", relay.port)

        async def count(way: AbstractAsyncContextManager[object]) -> Trips:
            before, logins = devbox.sshd.connections, devbox.sshd.logins
            seen = len(relay.turns)
            async with way:
                turns = relay.turns[seen:]
            connections = devbox.sshd.connections - before
            return Trips(
                trips=len(turns) + connections,
                connections=connections,
                logins=devbox.sshd.logins - logins,
                sent_bytes=sum(turns),
            )

        async def least(
            make: Callable[[], AbstractAsyncContextManager[object]], *, stays: bool = False
        ) -> Trips:
            """Count more than once: on a busy machine a turn may fall apart in two."""
            tries = []
            for _ in range(TRIES):
                tries.append(await count(make()))
                if not stays:
                    await relay.wait_idle()  # what a goodbye takes counts for nobody
            return min(tries, key=lambda trips: trips.trips)

        found = {"first visit": await count(ours(devbox, config, nowhere))}
        await relay.wait_idle()
        found["known host"] = await least(lambda: ours(devbox, config, nowhere))
        found["known host, by the Python API"] = await least(lambda: ours(devbox, config, nowhere, "api"))
        async with ours(devbox, config, nowhere, "share"):
            # What keeps the connection alive may come between, too.
            found["second window"] = await least(lambda: ours(devbox, config, nowhere, "share"), stays=True)
        found["recipe"] = await least(lambda: recipe(devbox, config, nowhere))
        found["ssh true"] = await least(lambda: _true(devbox, config))
        return found


@asynccontextmanager
async def _true(devbox: Devbox, config: Path) -> AsyncGenerator[None, None]:
    """``ssh HOST true``."""
    await run_ssh(devbox, config, Relay(), "true")
    yield
