"""``codex-ssh ping``: how long SSH, the WebSocket and the app server take, each for itself."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

from codex_ssh.cli.options import (
    add_connection_options,
    build_profile,
    build_prompter,
    host_argument,
    load_settings,
)
from codex_ssh.cli.output import warn
from codex_ssh.errors import LinkLost, Stage
from codex_ssh.local.log import log_to_stderr

if TYPE_CHECKING:
    from codex_ssh.link.way import Profile

NAME = "ping"
HELP = "measure the round trips: to the SSH server, the app server's WebSocket, and an answer of its"

MOST_SECONDS: Final = 10.0
"""A round trip that takes longer is given up."""

_ABOUT: Final = {
    "ssh": "a byte to the devbox and back",
    "ws": "a ping of the app server's WebSocket",
    "rpc": "a question the app server answers at once",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("host", metavar="HOST", type=host_argument, help="alias, USER@HOST or USER@HOST:PORT")
    parser.add_argument("-c", "--count", metavar="N", type=_count, default=5, help="how often each (5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    add_connection_options(parser)


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 10_000:
        raise argparse.ArgumentTypeError("a number from 1 to 10000")
    return count


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    from codex_ssh.cli.run import run_async

    log_to_stderr(arguments.verbosity)
    effective = load_settings(arguments, arguments.host)
    profile = build_profile(arguments, arguments.host, effective.settings)
    return run_async(_measure(arguments, profile))


async def _measure(arguments: argparse.Namespace, profile: Profile) -> int:
    from codex_ssh.core.methods import loaded_threads
    from codex_ssh.link.connect import open_link_and_host
    from codex_ssh.link.echo import open_echo

    host = str(profile.host)
    async with (
        open_link_and_host(profile, build_prompter(arguments)) as (link, ssh),
        AsyncExitStack() as stack,
    ):
        for warning in link.facts.warnings:
            warn(warning)
        ways: dict[str, Callable[[], Awaitable[object]]] = {}
        if ssh is not None:
            ways["ssh"] = (await stack.enter_async_context(open_echo(ssh))).round_trip
        ways["ws"] = link.ping
        ways["rpc"] = lambda: link.call(loaded_threads())
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        # In turns, so that what the line does meanwhile is the same for all of them.
        for _ in range(arguments.count):
            for name, way in ways.items():
                seconds[name].append(await _timed(way, host, name))
        transport = link.facts.transport
    rows = {name: _row(found) for name, found in seconds.items()}
    if arguments.json:
        print(json.dumps({"host": host, "transport": transport, "count": arguments.count, "ms": rows}))
        return 0
    print(f"{host} over {transport}, {arguments.count} times each, in milliseconds")
    print(f"{'':<6}{'min':>9}{'median':>9}{'max':>9}")
    for name, row in rows.items():
        numbers = "".join(f"{row[kind]:>9.1f}" for kind in ("min", "median", "max"))
        print(f"{name:<6}{numbers}   {_ABOUT[name]}")
    return 0


async def _timed(way: Callable[[], Awaitable[object]], host: str, name: str) -> float:
    import asyncio

    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        async with asyncio.timeout(MOST_SECONDS):
            await way()
    except TimeoutError:
        raise LinkLost(
            f"no answer within {MOST_SECONDS:.0f} s to {_ABOUT[name]}",
            stage=Stage.SSH if name == "ssh" else Stage.SESSION,
            host=host,
            hint=f"codex-ssh doctor {host} looks step by step",
        ) from None
    return loop.time() - begun


def _row(seconds: list[float]) -> dict[str, Any]:
    import statistics

    found = {"min": min(seconds), "median": statistics.median(seconds), "max": max(seconds)}
    return {name: round(1000 * value, 3) for name, value in found.items()}
