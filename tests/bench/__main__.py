"""``python -m tests.bench``: measure against what is aimed at, and print tables.

``--write`` puts them into the documentation. ``BENCH_CODEX=npm`` takes the newer codex.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tests.bench.connect import measure_connects
from tests.bench.curves import measure_curves
from tests.bench.line import KINDS
from tests.bench.measure import measure_crowd, measure_messages, measure_storm
from tests.bench.memory import measure_memory
from tests.bench.outage import measure_outages
from tests.bench.paths import measure_path
from tests.bench.report import Record, machine, texts, write_page
from tests.bench.servers import NAMES, open_server
from tests.bench.start import measure_start
from tests.bench.trips import count_trips
from tests.bench.tui import LOADS, measure_tui

RUNS: Final = 3
"""Storms, and TUIs, there are of each; the quietest counts, since the machine may have other work."""

MESSAGE_SERVERS: Final = ("codex", "hub", "hub wss")

Rows = dict[str, dict[str, Any]]


async def connect(arguments: argparse.Namespace, place: Path) -> Rows:
    """A cold process beside the documented recipe, over lines with a delay."""
    found = await measure_connects(place, rounds=arguments.rounds, kind=arguments.line)
    return {f"{connects.round_trip_ms} ms": asdict(connects) for connects in found}


async def trips(arguments: argparse.Namespace, place: Path) -> Rows:
    """Round trips, counted."""
    return {name: asdict(found) for name, found in (await count_trips(place)).items()}


async def latency(arguments: argparse.Namespace, place: Path) -> Rows:
    """A message and its answer, over each path."""
    return await measure_path("latency", arguments.requests, place)


async def ticks(arguments: argparse.Namespace, place: Path) -> Rows:
    """A hundred notifications a second over a line of 50 ms."""
    ticks = arguments.requests // 3
    return await measure_path("ticks", ticks, place, round_trip=0.05, kind=arguments.line)


async def throughput(arguments: argparse.Namespace, place: Path) -> Rows:
    """Plain bytes, both ways."""
    return await measure_path("throughput", arguments.mebibytes, place)


async def flood(arguments: argparse.Namespace, place: Path) -> Rows:
    """Many small notifications."""
    return await measure_path("flood", 100_000, place)


async def start(arguments: argparse.Namespace, place: Path) -> Rows:
    """How soon a command says something."""
    return {name: asdict(found) for name, found in (await measure_start(place, rounds=15)).items()}


async def memory(arguments: argparse.Namespace, place: Path) -> Rows:
    """What our own programs take."""
    return await measure_memory(place)


async def outage(arguments: argparse.Namespace, place: Path) -> Rows:
    """A peer that is gone, and a network that comes back."""
    return await measure_outages(place, kind=arguments.line)


async def curves(arguments: argparse.Namespace, place: Path) -> Rows:
    """How costs grow."""
    return await measure_curves(place)


async def tui(arguments: argparse.Namespace, place: Path) -> Rows:
    """The TUI under load."""
    found: Rows = {}
    for load in LOADS:
        runs = [await measure_tui(load, seconds=arguments.seconds / 2) for _ in range(RUNS)]
        quietest = min(runs, key=lambda run: run.p95_ms)
        first_paint = min(run.first_paint_ms for run in runs)
        found[load.name] = asdict(quietest) | {"first_paint_ms": first_paint}
    return found


async def crowd(arguments: argparse.Namespace, place: Path) -> Rows:
    """Many clients that do nothing."""
    found: Rows = {}
    for name in NAMES:
        async with open_server(name, place) as server:
            found[name] = asdict(await measure_crowd(server, clients=arguments.clients, idle_seconds=5))
    return found


async def storm(arguments: argparse.Namespace, place: Path) -> Rows:
    """Upgrades at a rate."""
    found: Rows = {}
    for name in NAMES:
        async with open_server(name, place) as server:
            await measure_storm(server, per_second=50, seconds=1)
            storms = [
                await measure_storm(server, per_second=arguments.rate, seconds=arguments.seconds / RUNS)
                for _ in range(RUNS)
            ]
        found[name] = asdict(min(storms, key=lambda each: (each.errors, each.p99_ms)))
    return found


async def messages(arguments: argparse.Namespace, place: Path) -> Rows:
    """What the listener adds to a message."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(open_server(name, place)) for name in MESSAGE_SERVERS]
        measured = await measure_messages(
            servers, rounds=15, requests=300, clients=32, seconds=arguments.seconds / 2
        )
    return {name: asdict(each) for name, each in zip(MESSAGE_SERVERS, measured, strict=True)}


PARTS: Final[Mapping[str, Callable[[argparse.Namespace, Path], Awaitable[Rows]]]] = {
    "trips": trips,
    "connect": connect,
    "latency": latency,
    "ticks": ticks,
    "throughput": throughput,
    "flood": flood,
    "outage": outage,
    "start": start,
    "memory": memory,
    "curves": curves,
    "tui": tui,
    "crowd": crowd,
    "storm": storm,
    "messages": messages,
}


async def measure(arguments: argparse.Namespace, record: Record, place: Path) -> list[str]:
    """Run the parts that were asked for and give those that failed; what each found is kept at once."""
    host = machine()
    failed = []
    for part in arguments.part or PARTS:
        print(part, end=" ", file=sys.stderr, flush=True)
        began = time.monotonic()
        try:
            figures = await PARTS[part](arguments, place / part)
        except Exception:  # noqa: BLE001 - a quarter of an hour is not lost for one of them
            traceback.print_exc()
            failed.append(part)
            continue
        record.add(part, figures, host, os.getloadavg()[1])
        if arguments.json is not None:
            record.write(arguments.json)
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return failed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("part", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all unless given")
    parser.add_argument("--clients", type=int, default=1000, help="how many idle ones")
    parser.add_argument("--rate", type=float, default=200, help="upgrades a second")
    parser.add_argument("--seconds", type=float, default=18, help="how long they go on")
    parser.add_argument("--rounds", type=int, default=9, help="how often each way of connecting is taken")
    parser.add_argument("--requests", type=int, default=3000, help="of a round, on each path")
    parser.add_argument("--mebibytes", type=int, default=256, help="how much is carried each way")
    parser.add_argument(
        "--line",
        choices=KINDS,
        default="",
        help="what delays: packets or bytes; packets where that can be had",
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="keep the figures there; where parts are named, those of the others stay as they are",
    )
    parser.add_argument("--write", action="store_true", help="put the tables into the documentation")
    arguments = parser.parse_args()
    if unknown := set(arguments.part) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536) if hard > 0 else 65_536, hard))
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    record = Record.read(arguments.json) if arguments.part and arguments.json is not None else Record()
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as place:
        failed = asyncio.run(measure(arguments, record, Path(place)))
    print("\n\n".join(f"## Of {name}\n\n{text}" for name, text in texts(record).items()))
    if arguments.write:
        write_page(record)
    if failed:
        sys.exit(f"could not be measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
