"""Connecting to a devbox over a line with a delay: ours beside the documented recipe, by turns.

Both sides are real: OpenSSH's sshd, ``ssh``, and codex. The line is a relay that holds every byte for half a
round trip, and the first one of a connection for a whole round trip more, as TCP's handshake would.
"""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.client import connect
from tests.support import processes
from tests.support.codex import CodexAppServer, open_codex, require_codex
from tests.support.require import require_program
from tests.support.serving import serving
from tests.support.sshd import Sshd, open_sshd

ROUND_TRIPS_MS = (0, 20, 100, 200)
LOOK_SECONDS = 0.005
"""How often the recipe's port is tried until ``ssh -L`` listens."""

LONGEST_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Connects:
    """How long connecting took, from the first process to the answer to ``initialize``.

    Attributes:
        ours_ms: A cold process of ours; the median.
        recipe_ms: ``ssh HOST cat TOKEN``, then ``ssh -N -L``, then a client that takes no time; the median.
        ratio: The median of the rounds' own.
    """

    round_trip_ms: int
    rounds: int
    ours_ms: float
    recipe_ms: float
    ratio: float


async def measure_connects(
    place: Path, *, rounds: int, round_trips_ms: Sequence[int] = ROUND_TRIPS_MS
) -> list[Connects]:
    """Connect so many times each way, for every round-trip time."""
    found = []
    async with open_sshd(place / "sshd") as sshd:
        codex_home, work = sshd.home / ".codex", place / "work"
        for made in (codex_home, work):
            made.mkdir(parents=True)
        binary = require_codex(os.environ.get("BENCH_CODEX", "pypi"))
        async with open_codex(binary, codex_home, cwd=work) as codex:
            for milliseconds in round_trips_ms:
                print(f"connect: {milliseconds} ms", file=sys.stderr)
                found.append(await _measure(sshd, codex, milliseconds, rounds))
    return found


async def _measure(sshd: Sshd, codex: CodexAppServer, milliseconds: int, rounds: int) -> Connects:
    kind, key, *_ = sshd.host_key.with_suffix(".pub").read_text().split()
    sshd.known_hosts.write_text(f"bench {kind} {key}\n")
    async with open_line(sshd.port, milliseconds / 1000) as port:
        config = sshd.client_config(f"Port {port}", "HostKeyAlias bench", name="ssh_config_bench")
        await _ours(config, sshd.alias, codex)  # what is read from disk once does not count
        await _recipe(config, sshd.alias, codex)
        ours, recipe = [], []
        for _ in range(rounds):
            ours.append(await _ours(config, sshd.alias, codex))
            recipe.append(await _recipe(config, sshd.alias, codex))
    return Connects(
        round_trip_ms=milliseconds,
        rounds=rounds,
        ours_ms=statistics.median(ours) * 1000,
        recipe_ms=statistics.median(recipe) * 1000,
        ratio=statistics.median(one / other for one, other in zip(ours, recipe, strict=True)),
    )


async def _ours(config: Path, alias: str, codex: CodexAppServer) -> float:
    """Give the seconds a cold process of ours takes."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.connect_child", config, alias, codex.endpoint),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            said = await process.stdout.readline()
            took = time.perf_counter() - began
            assert said == b"up\n", said
            await process.wait()
    finally:
        await processes.end(process)
    return took


async def _recipe(config: Path, alias: str, codex: CodexAppServer) -> float:
    """Give the seconds the documented recipe takes; its client costs no time, which speaks for it."""
    ssh = require_program("ssh", "ssh: apt-get install openssh-client")
    port = _free_port()
    began = time.perf_counter()
    token = await processes.run([ssh, "-F", config, alias, "cat ~/.codex/app-server-token"])
    assert token.code == 0, token.err
    tunnel = await asyncio.create_subprocess_exec(
        *(ssh, "-F", config, "-N", "-L", f"127.0.0.1:{port}:127.0.0.1:{codex.port}", alias),
        stdin=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            while True:
                try:
                    client = await connect(port, token.out.strip())
                except OSError:
                    await asyncio.sleep(LOOK_SECONDS)
                else:
                    break
            await client.initialize()
            took = time.perf_counter() - began
            client.abort()
    finally:
        await processes.end(tunnel)
    return took


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@asynccontextmanager
async def open_line(to_port: int, round_trip: float) -> AsyncGenerator[int, None]:
    """Give a port that leads to another one over a line with that round-trip time, in seconds."""

    async def serve(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        await asyncio.sleep(round_trip)
        far_in, far_out = await asyncio.open_connection("127.0.0.1", to_port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_carry(near_in, far_out, round_trip / 2))
                group.create_task(_carry(far_in, near_out, round_trip / 2))
        finally:
            far_out.transport.abort()

    async with serving(serve) as port:
        yield port


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, seconds: float) -> None:
    """Pass on each piece that much later; the pieces stay in order."""
    loop = asyncio.get_running_loop()
    while piece := await source.read(65536):
        loop.call_later(seconds, target.write, piece)
    await asyncio.sleep(seconds)
    target.close()
