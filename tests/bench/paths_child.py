"""A client on several paths to one app server by turns: ``paths_child CONFIG ALIAS PORT ROUND_TRIP WHAT N``.

The paths are the channel of our own SSH connection, ``ssh -N -L``, and the door of ``codex-ssh tunnel``; the
client is the same on each. WHAT is what is measured, N how much of it; prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from codex_ssh.core.endpoint import WsEndpoint, parse_endpoint
from codex_ssh.core.events import Delta, TurnCompleted, decode_event
from codex_ssh.core.host import parse_host
from codex_ssh.core.methods import thread_start
from codex_ssh.core.rpc import Notification
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.transcript import Transcript
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import Link, open_session
from codex_ssh.link.dial import DoorDial
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.way import Profile, Way, open_host, open_way
from codex_ssh.local.terminal import SilentPrompter
from tests.bench.client import Stream
from tests.bench.devbox import free_port
from tests.bench.targets import CHANNEL, DOOR, PLAIN
from tests.support import processes
from tests.support.require import require_program
from tests.support.waiting import until

SIZES: Final = {"small": 200, "large": 4096}
LONGEST_SECONDS: Final = 60
WARM_UP: Final = 50
"""Requests before the first that counts."""
CARRIED: Final = 7
"""How often the bytes are carried each way on each path: one time is a quarter off another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is measured against.

    Attributes:
        config: Of ssh.
        port: Of the app server, on the devbox's loopback.
        round_trip: Of the line, in seconds.
    """

    config: str
    alias: str
    port: int
    round_trip: float

    @property
    def endpoint(self) -> WsEndpoint:
        """The app server as the devbox sees it."""
        return WsEndpoint(host="127.0.0.1", port=self.port)

    @property
    def profile(self) -> Profile:
        """How ours gets there."""
        return Profile(
            host=parse_host(self.alias),
            ssh=SshOptions(config_file=self.config),
            wanted=Wanted(endpoint=self.endpoint),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A local address that leads to the app server."""

    port: int
    token: str


# ---------------------------------------------------------------- the paths


@asynccontextmanager
async def open_plain(target: Target) -> AsyncGenerator[Door, None]:
    """``ssh -N -L``."""
    ssh = require_program("ssh", "ssh: apt-get install openssh-client")
    near = free_port()
    process = await asyncio.create_subprocess_exec(
        *(str(ssh), "-F", target.config, "-N"),
        *("-L", f"127.0.0.1:{near}:127.0.0.1:{target.port}", target.alias),
        stdin=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: _listens(near), "ssh listens", seconds=LONGEST_SECONDS)
        yield Door(port=near, token="none")
    finally:
        await processes.end(process)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.transport.abort()
    return True


@asynccontextmanager
async def open_tunnel(target: Target) -> AsyncGenerator[Door, None]:
    """``codex-ssh tunnel``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "codex_ssh", "tunnel", "--json", "--show-token", "--no-input"),
        *("-F", target.config, "--endpoint", str(target.endpoint), target.alias),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            told = json.loads(await process.stdout.readline())
        at = parse_endpoint(told["url"])
        assert isinstance(at, WsEndpoint)
        yield Door(port=at.port, token=told["token"])
    finally:
        await processes.end(process)


@asynccontextmanager
async def open_links(target: Target) -> AsyncGenerator[Mapping[str, Link], None]:
    """A session on each path."""
    async with AsyncExitStack() as stack:
        found = {}
        way = await stack.enter_async_context(open_way(target.profile, SilentPrompter(shows=False)))
        found[CHANNEL] = await stack.enter_async_context(open_session(way))
        for name, open_one in ((PLAIN, open_plain), (DOOR, open_tunnel)):
            door = await stack.enter_async_context(open_one(target))
            found[name] = await stack.enter_async_context(open_session(_by_door(door)))
        yield found


def _by_door(door: Door) -> Way:
    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    endpoint = WsEndpoint(host="127.0.0.1", port=door.port)
    return Way(
        dial=DoorDial(endpoint, token=Secret(door.token), transport="ws"),
        host="door",
        user="",
        hostname="",
        codex_home="",
        warnings=(),
        wait_lost=never,
    )


# ---------------------------------------------------------------- what is measured


async def latency(target: Target, count: int) -> dict[str, Any]:
    """Ask and wait for the answer, in five rounds; so many requests in each, of two sizes."""
    async with open_links(target) as links:
        texts = {size: "x" * length for size, length in SIZES.items()}
        for link in links.values():
            for text in texts.values():
                await _ask(link, text, WARM_UP)
        found: dict[str, dict[str, list[float]]] = {name: {} for name in links}
        for _ in range(5):
            for size, text in texts.items():
                for name, link in links.items():
                    waits = sorted(await _ask(link, text, count))
                    for part in (50, 99):
                        at = waits[len(waits) * part // 100]
                        found[name].setdefault(f"{size}_p{part}", []).append(at)
    rows: dict[str, Any] = {}
    for name, figures in found.items():
        rows[name] = {f"{key}_us": 1e6 * statistics.median(each) for key, each in figures.items()}
        for key, each in figures.items():
            beside = zip(each, found[PLAIN][key], strict=True)
            rows[name][f"{key}_ratio"] = statistics.median(ours / theirs for ours, theirs in beside)
    return rows


async def _ask(link: Link, text: str, count: int) -> list[float]:
    waits = []
    for _ in range(count):
        began = time.perf_counter()
        await link.request("bench/echo", {"text": text})
        waits.append(time.perf_counter() - began)
    return waits


async def ticks(target: Target, count: int) -> dict[str, Any]:
    """Hear a hundred notifications a second; how late they are beyond what the line takes."""
    rows = {}
    hz = 100
    async with open_links(target) as links:
        for name, link in links.items():
            await link.request("bench/tick", {"count": count, "hz": hz})
            late: list[float] = []
            async for message in link.incoming():
                if isinstance(message, Notification) and message.method == "bench/tick":
                    late.append(time.monotonic() - message.params["at"] - target.round_trip / 2)
                    if len(late) == count:
                        break
            late = sorted(late[count // 5 :])
            rows[name] = {
                "per_second": hz,
                "round_trip_ms": 1000 * target.round_trip,
                **{f"p{part}_ms": 1000 * late[len(late) * part // 100] for part in (50, 90, 99)},
            }
    return rows


async def throughput(target: Target, mebibytes: int) -> dict[str, Any]:
    """Carry plain bytes down and up, some times each."""
    size = mebibytes * 2**20
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        ssh = await stack.enter_async_context(open_host(target.profile, SilentPrompter(shows=False)))
        paths: dict[str, Ssh | Door] = {CHANNEL: ssh}
        for name, open_one in ((PLAIN, open_plain), (DOOR, open_tunnel)):
            paths[name] = await stack.enter_async_context(open_one(target))

        async def carry(path: Ssh | Door, way: str) -> float:
            token = path.token if isinstance(path, Door) else "none"
            port = path.port if isinstance(path, Door) else target.port

            def factory() -> Stream:
                return Stream(way, size, token, port)

            if isinstance(path, Door):
                transport, stream = await loop.create_connection(factory, "127.0.0.1", port)
            else:
                transport, stream = await path.open_tcp(factory, "127.0.0.1", port)
            try:
                async with asyncio.timeout(LONGEST_SECONDS):
                    return size / 1e6 / await stream.took
            finally:
                transport.abort()

        found: dict[str, dict[str, list[float]]] = {name: {"down": [], "up": []} for name in paths}
        for _ in range(CARRIED):
            for way in ("down", "up"):
                for name, path in paths.items():
                    found[name][way].append(await carry(path, way))
    rows: dict[str, Any] = {}
    for name, ways in found.items():
        rows[name] = {f"{way}_mb": statistics.median(each) for way, each in ways.items()}
        for way, each in ways.items():
            beside = zip(each, found[PLAIN][way], strict=True)
            rows[name][f"{way}_ratio"] = statistics.median(ours / theirs for ours, theirs in beside)
    return rows


async def flood(target: Target, count: int) -> dict[str, Any]:
    """Take small notifications as fast as they come, three times each; the stock client beside."""
    ways: dict[str, Callable[[], Any]] = {}
    async with AsyncExitStack() as stack:
        way = await stack.enter_async_context(open_way(target.profile, SilentPrompter(shows=False)))
        door = await stack.enter_async_context(open_plain(target))
        ways["ours"] = lambda: _fold(way, count)
        ways["websockets and json over ssh -N -L"] = lambda: _stock(door, count)
        rates: dict[str, list[float]] = {name: [] for name in ways}
        arrived = dict.fromkeys(ways, count)
        for _ in range(3):
            for name, run in ways.items():
                came, seconds = await run()
                rates[name].append(came / seconds)
                arrived[name] = min(arrived[name], came)
    return {
        name: {"sent": count, "arrived": arrived[name], "per_second": statistics.median(each)}
        for name, each in rates.items()
    }


async def _fold(way: Way, count: int) -> tuple[int, float]:
    """Decode and fold into a transcript, as the TUI does."""
    async with open_session(way) as link:
        transcript = Transcript(await link.call(thread_start()))
        began = time.perf_counter()
        await link.request("bench/flood", {"count": count})
        came = 0
        async for message in link.incoming():
            assert isinstance(message, Notification)
            event = decode_event(message)
            transcript.apply(event)
            came += isinstance(event, Delta)
            if isinstance(event, TurnCompleted):
                break
        return came, time.perf_counter() - began


async def _stock(door: Door, count: int) -> tuple[int, float]:
    """Decode, and nothing else."""
    from websockets.asyncio.client import connect

    async with connect(f"ws://127.0.0.1:{door.port}/", compression=None, max_size=None, proxy=None) as line:
        began = time.perf_counter()
        await line.send(json.dumps({"id": 1, "method": "bench/flood", "params": {"count": count}}))
        came = 0
        async for frame in line:
            message = json.loads(frame)
            came += message.get("method") == "item/agentMessage/delta"
            if message.get("method") == "turn/completed":
                break
        return came, time.perf_counter() - began


async def sizes(target: Target, rounds: int) -> dict[str, Any]:
    """Send messages of several sizes there and back; what that takes of this process."""
    rows = {}
    async with (
        open_way(target.profile, SilentPrompter(shows=False)) as way,
        open_session(way) as link,
    ):
        for kib in (64, 256, 1024, 4096, 16384):
            text = "x" * (1024 * kib)
            took = []
            for _ in range(rounds + 1):
                cpu = time.process_time()
                await link.request("bench/echo", {"text": text})
                took.append(time.process_time() - cpu)
            rows[f"{kib} KiB"] = {"kib": kib, "cpu_ms": 1000 * statistics.median(took[1:])}
    return rows


MEASUREMENTS: Final = {
    "latency": latency,
    "ticks": ticks,
    "throughput": throughput,
    "flood": flood,
    "sizes": sizes,
}


if __name__ == "__main__":
    config, alias, port, round_trip, what, how_much = sys.argv[1:]
    wanted = Target(config=config, alias=alias, port=int(port), round_trip=float(round_trip))
    print(json.dumps(asyncio.run(MEASUREMENTS[what](wanted, int(how_much)))))
