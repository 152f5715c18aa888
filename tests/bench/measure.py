"""The measurements: many idle clients, upgrades at a rate, and what a message costs."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.client import Client, connect
from tests.bench.servers import Server

AT_ONCE = 50
METHOD = "thread/loaded/list"
"""A request both engines answer from memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Clients that were let in, shook hands, and do nothing.

    Attributes:
        seconds: Until the last one had shaken hands.
        kib_per_client: What the process grew by, for each.
        engine_kib_per_client: What its engine grew by; 0 without one.
        idle_cpu_percent: Of one core, while nobody did anything.
        answered: How many answered a ping afterwards.
    """

    clients: int
    seconds: float
    kib_per_client: float
    engine_kib_per_client: float
    idle_cpu_percent: float
    answered: int


async def measure_crowd(server: Server, *, clients: int, idle_seconds: float) -> Crowd:
    """Let so many come, wait, and ask each whether it is still there."""
    crowd: list[Client] = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def come() -> None:
        async with gate:
            client = await connect(server.port, server.token, tls=server.tls)
            crowd.append(client)
            await client.initialize()

    first = await connect(server.port, server.token, tls=server.tls)
    await first.initialize()  # what is loaded once does not count
    before, engine_before = server.memory_kib(), server.engine_memory_kib()
    try:
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(come())
        seconds = time.perf_counter() - began
        cpu, began = server.cpu_seconds(), time.perf_counter()
        await asyncio.sleep(idle_seconds)
        idle = (server.cpu_seconds() - cpu) / (time.perf_counter() - began)
        grown = server.memory_kib() - before
        engine_grown = server.engine_memory_kib() - engine_before
        answered = 0
        for client in crowd:
            async with asyncio.timeout(10):
                await client.ping()
            answered += 1
    finally:
        for client in (first, *crowd):
            client.abort()
    return Crowd(
        clients=clients,
        seconds=seconds,
        kib_per_client=grown / clients,
        engine_kib_per_client=engine_grown / clients,
        idle_cpu_percent=100 * idle,
        answered=answered,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Upgrades that begin at fixed times, whether the ones before have ended or not.

    Attributes:
        asked_per_second: How many should begin.
        done_per_second: How many got their 101.
        errors: How many got something else, or nothing within ten seconds.
        p50_ms: Until the 101, from when it should have begun.
        cpu_percent: Of one core, of the process that upgrades.
    """

    asked_per_second: float
    done_per_second: float
    errors: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    cpu_percent: float


async def measure_storm(server: Server, *, per_second: float, seconds: float) -> Storm:
    """Begin upgrades at a rate; each connection is closed behind its 101."""
    waits: list[float] = []
    errors = 0

    async def come(due: float) -> None:
        nonlocal errors
        try:
            async with asyncio.timeout(10):
                client = await connect(server.port, server.token, tls=server.tls)
        except (OSError, TimeoutError):
            errors += 1
            return
        waits.append(time.perf_counter() - due)
        client.abort()

    cpu = server.cpu_seconds()
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(per_second * seconds)):
            due = began + number / per_second
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            group.create_task(come(due))
    took = time.perf_counter() - began
    waits.sort()
    return Storm(
        asked_per_second=per_second,
        done_per_second=len(waits) / took,
        errors=errors,
        p50_ms=1000 * _at(waits, 0.5),
        p99_ms=1000 * _at(waits, 0.99),
        worst_ms=1000 * _at(waits, 1),
        cpu_percent=100 * (server.cpu_seconds() - cpu) / took,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Requests and their answers, one at a time, and by many clients at once.

    Attributes:
        p50_us: From a request to its answer, the median of the rounds' medians.
        p99_us: The same of their 99th percentiles.
        ratio: Of `p50_us` to the first server's, the median over the rounds.
        per_second: Answers in a second with many clients that never wait.
    """

    p50_us: float
    p99_us: float
    ratio: float
    per_second: float


async def measure_messages(
    servers: Sequence[Server], *, rounds: int, requests: int, clients: int, seconds: float
) -> list[Messages]:
    """Measure several servers by turns, round by round, so that all see the same machine."""
    lines = [await connect(server.port, server.token, tls=server.tls) for server in servers]
    medians: list[list[float]] = [[] for _ in servers]
    tails: list[list[float]] = [[] for _ in servers]
    try:
        for line in lines:
            await line.initialize()
            await _ping_pong(line, requests)
        for _ in range(rounds):
            for line, median, tail in zip(lines, medians, tails, strict=True):
                waits = sorted(await _ping_pong(line, requests))
                median.append(_at(waits, 0.5))
                tail.append(_at(waits, 0.99))
        rates = [await _rate(server, clients=clients, seconds=seconds) for server in servers]
    finally:
        for line in lines:
            line.abort()
    return [
        Messages(
            p50_us=1e6 * statistics.median(median),
            p99_us=1e6 * statistics.median(tail),
            ratio=statistics.median(own / first for own, first in zip(median, medians[0], strict=True)),
            per_second=rate,
        )
        for median, tail, rate in zip(medians, tails, rates, strict=True)
    ]


async def _ping_pong(line: Client, requests: int) -> list[float]:
    waits = []
    for _ in range(requests):
        began = time.perf_counter()
        await line.ask(METHOD)
        waits.append(time.perf_counter() - began)
    return waits


async def _rate(server: Server, *, clients: int, seconds: float) -> float:
    lines = [await connect(server.port, server.token, tls=server.tls) for _ in range(clients)]
    count = 0

    async def run(line: Client) -> None:
        nonlocal count
        while time.perf_counter() < until:
            await line.ask(METHOD)
            count += 1

    try:
        for line in lines:
            await line.initialize()
        began = time.perf_counter()
        until = began + seconds
        async with asyncio.TaskGroup() as group:
            for line in lines:
                group.create_task(run(line))
        return count / (time.perf_counter() - began)
    finally:
        for line in lines:
            line.abort()


def _at(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")
