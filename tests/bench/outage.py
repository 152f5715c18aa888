"""How soon a dead peer is noticed, and how soon the link is back when the network is."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from codex_ssh.core.lifecycle import LinkState
from tests.bench.devbox import ALIAS, client_environment, name_host_key
from tests.bench.line import Line, open_line
from tests.bench.paths import open_app_server
from tests.support import processes
from tests.support.sshd import Sshd, open_sshd

CLIENTS: Final = 3
"""Links that see the same outage, each in a process of its own; the median counts."""

ROUND_TRIP: Final = 0.02
OUTAGES_SECONDS: Final = (3, 10)
STEADY_SECONDS: Final = 3.0
"""A link that is up for so long has been pinged."""

LONGEST_SECONDS: Final = 60

Rows = dict[str, dict[str, Any]]


class Client:
    """One :mod:`tests.bench.outage_child`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def hear(self, is_it: Callable[[dict[str, Any]], bool]) -> float:
        """Give when it first says something of a kind."""
        assert self._process.stdout is not None
        async with asyncio.timeout(LONGEST_SECONDS):
            while True:
                line = await self._process.stdout.readline()
                assert line, "the client ended"
                said = json.loads(line)
                if is_it(said):
                    at: float = said["at"]
                    return at

    async def is_up(self) -> float:
        """Wait for its first state."""
        return await self.hear(lambda said: bool(said.get("is_open")))

    async def notices(self) -> float:
        """Give when it says that something is wrong."""
        return await self.hear(lambda said: "state" in said and said["state"] != LinkState.UP.value)

    async def answers(self) -> float:
        """Give when the app server answers again."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"look\n")
        return await self.hear(lambda said: "answered" in said)


@asynccontextmanager
async def _open_clients(
    config: Path, sshd: Sshd, port: int, here: Path, line: Line
) -> AsyncGenerator[Sequence[Client], None]:
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(CLIENTS):
            process = await asyncio.create_subprocess_exec(
                *(*line.prefix, sys.executable, "-m", "tests.bench.outage_child"),
                *(str(config), sshd.alias, str(port)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=client_environment(here),
            )
            stack.push_async_callback(processes.end, process)
            found.append(Client(process))
        for client in found:
            await client.is_up()
        await asyncio.sleep(STEADY_SECONDS)
        yield found


async def measure_outages(place: Path, *, outages: Sequence[int] = OUTAGES_SECONDS, kind: str = "") -> Rows:
    """Freeze the peer, and cut the line for a while."""
    found: Rows = {}
    async with (
        open_line(kind) as line,
        open_sshd(place / "sshd", lines=line.server_lines) as sshd,
        open_app_server(sshd.home) as port,
        line.to(sshd.port, ROUND_TRIP) as way,
    ):
        (sshd.home / ".codex").mkdir()
        (here := place / "here").mkdir()
        name_host_key(sshd)
        config = sshd.client_config(
            f"HostName {way.host}", f"Port {way.port}", f"HostKeyAlias {ALIAS}", name="config_outage"
        )
        facts = {"line": line.kind, "round_trip_ms": 1000 * ROUND_TRIP, "clients": CLIENTS}
        async with _open_clients(config, sshd, port, here, line) as clients:
            began = time.monotonic()
            await sshd.freeze()
            noticed = await _each(clients, Client.notices)
            found["frozen peer"] = {**facts, "noticed_s": noticed - began}
            sshd.thaw()
        for seconds in outages:
            async with _open_clients(config, sshd, port, here, line) as clients:
                began = time.monotonic()
                await line.cut()
                if seconds == max(outages):
                    noticed = await _each(clients, Client.notices)
                    found["black hole"] = {**facts, "noticed_s": noticed - began}
                await asyncio.sleep(began + seconds - time.monotonic())
                await line.mend()
                back = time.monotonic()
                healed = await _each(clients, Client.answers)
                found[f"{seconds} s without a network"] = {**facts, "healed_s": healed - back}
    return found


async def _each(clients: Sequence[Client], ask: Callable[[Client], Awaitable[float]]) -> float:
    """Ask all at once and give the median."""
    found: list[float] = []

    async def one(client: Client) -> None:
        found.append(await ask(client))

    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(one(client))
    return statistics.median(found)
