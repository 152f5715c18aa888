"""``python -m tests.bench``: measure the listener, the TUI and connecting, and print tables.

``--write`` puts them into the documentation. ``BENCH_CODEX=npm`` takes the newer codex.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.connect import measure_connects
from tests.bench.measure import measure_crowd, measure_messages, measure_storm
from tests.bench.report import machine, markdown, markdown_of_connects, markdown_of_tui, write_page
from tests.bench.servers import NAMES, open_server
from tests.bench.tui import LOADS, measure_tui

LISTENER_PARTS = ("crowd", "storm", "messages")
PARTS = (*LISTENER_PARTS, "tui", "connect")
RUNS = 3
"""Storms, and TUIs, there are of each; the quietest counts, since the machine may have other work."""

MESSAGE_SERVERS = ("codex", "hub", "hub wss")


async def measure(arguments: argparse.Namespace, place: Path) -> dict[str, dict[str, Any]]:
    """Run the parts that were asked for."""
    parts: Sequence[str] = arguments.part or PARTS
    figures: dict[str, dict[str, Any]] = {part: {} for part in parts}
    for load in LOADS if "tui" in parts else ():
        print(f"tui: {load.name}", file=sys.stderr)
        runs = [await measure_tui(load, seconds=arguments.seconds / 2) for _ in range(RUNS)]
        quietest = min(runs, key=lambda run: run.p95_ms)
        first_paint = min(run.first_paint_ms for run in runs)
        figures["tui"][load.name] = asdict(quietest) | {"first_paint_ms": first_paint}
    if "connect" in parts:
        for connects in await measure_connects(place / "connect", rounds=arguments.rounds):
            figures["connect"][f"{connects.round_trip_ms} ms"] = asdict(connects)
    for name in NAMES if set(parts) & set(LISTENER_PARTS) else ():
        if "crowd" in parts:
            print(f"{name}: {arguments.clients} idle clients", file=sys.stderr)
            async with open_server(name, place / "crowd") as server:
                crowd = await measure_crowd(server, clients=arguments.clients, idle_seconds=5)
            figures["crowd"][name] = asdict(crowd)
        if "storm" in parts:
            print(f"{name}: {arguments.rate} upgrades/s", file=sys.stderr)
            async with open_server(name, place / "storm") as server:
                await measure_storm(server, per_second=50, seconds=1)
                storms = [
                    await measure_storm(server, per_second=arguments.rate, seconds=arguments.seconds / RUNS)
                    for _ in range(RUNS)
                ]
            figures["storm"][name] = asdict(min(storms, key=lambda storm: (storm.errors, storm.p99_ms)))
    if "messages" in parts:
        print("messages", file=sys.stderr)
        async with AsyncExitStack() as stack:
            servers = [
                await stack.enter_async_context(open_server(name, place / "messages"))
                for name in MESSAGE_SERVERS
            ]
            measured = await measure_messages(
                servers, rounds=15, requests=300, clients=32, seconds=arguments.seconds / 2
            )
        figures["messages"] = {
            name: asdict(each) for name, each in zip(MESSAGE_SERVERS, measured, strict=True)
        }
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("part", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all unless given")
    parser.add_argument("--clients", type=int, default=1000, help="how many idle ones")
    parser.add_argument("--rate", type=float, default=200, help="upgrades a second")
    parser.add_argument("--seconds", type=float, default=24, help="how long they go on")
    parser.add_argument("--rounds", type=int, default=7, help="how often each way of connecting is taken")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--write", action="store_true", help="put the tables into the documentation")
    arguments = parser.parse_args()
    if unknown := set(arguments.part) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536) if hard > 0 else 65_536, hard))
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as place:
        figures = asyncio.run(measure(arguments, Path(place)))
    host = machine()
    texts = [markdown(figures, host)] if set(figures) & set(LISTENER_PARTS) else []
    if "tui" in figures:
        texts.append(markdown_of_tui(figures, host))
    if "connect" in figures:
        texts.append(markdown_of_connects(figures, host))
    print("\n\n".join(texts))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"machine": host, "figures": figures}, indent=2) + "\n")
    for text in texts if arguments.write else ():
        write_page(text)


if __name__ == "__main__":
    main()
