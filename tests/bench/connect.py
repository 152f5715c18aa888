"""Connecting to a devbox over a line with a delay: ours beside the documented recipe, by turns.

Both sides are real: OpenSSH's sshd, ``ssh``, and codex. Without a delay there is no line either.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.devbox import Devbox, open_devbox, ours, recipe
from tests.bench.line import Line, Relay, open_line

ROUND_TRIPS_MS: Final = (0, 20, 100, 200)

QUICK: Final = ("-o", "KexAlgorithms=curve25519-sha256")
"""A key exchange that costs OpenSSH little; its default is safe from quantum computers and costs 0.1 s."""

QUICK_ROUNDS: Final = 2
"""It is only shown beside, so a few times must do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connects:
    """How long connecting took, from the first process to the answer to ``initialize``.

    Attributes:
        line: What held the packets, or the bytes.
        ours_ms: A cold process of ours; the median.
        recipe_ms: ``ssh HOST cat TOKEN``, then ``ssh -N -L``, then a client that takes no time; the median.
        quick_recipe_ms: The same with another key exchange.
        ratio: Of ours to the recipe, the median of the rounds' own.
    """

    round_trip_ms: int
    line: str
    rounds: int
    ours_ms: float
    recipe_ms: float
    quick_recipe_ms: float
    ratio: float


async def measure_connects(
    place: Path, *, rounds: int, round_trips_ms: Sequence[int] = ROUND_TRIPS_MS, kind: str = ""
) -> list[Connects]:
    """Connect so many times each way, for every round-trip time."""
    found = []
    async with open_line(kind) as line, open_devbox(place, line) as devbox:
        for milliseconds in round_trips_ms:
            print(f"{milliseconds} ms", end=" ", file=sys.stderr, flush=True)
            between = line if milliseconds else Relay()
            if milliseconds:
                async with line.to(devbox.sshd.port, milliseconds / 1000) as way:
                    config = devbox.config(way.host, way.port)
                    found.append(await _measure(devbox, config, between, milliseconds, rounds))
            else:
                config = devbox.config("127.0.0.1", devbox.sshd.port)
                found.append(await _measure(devbox, config, between, milliseconds, rounds))
    return found


async def _measure(devbox: Devbox, config: Path, line: Line, milliseconds: int, rounds: int) -> Connects:
    ways: Mapping[str, Callable[[], AbstractAsyncContextManager[object]]] = {
        "ours": lambda: ours(devbox, config, line),
        "recipe": lambda: recipe(devbox, config, line),
        "quick": lambda: recipe(devbox, config, line, *QUICK),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            if name == "quick" and number > QUICK_ROUNDS:
                continue
            began = time.perf_counter()
            async with way():
                seconds = time.perf_counter() - began
            # What is read from disk once, and learned at a first visit, does not count.
            took[name] += [seconds] if number else []
    return Connects(
        round_trip_ms=milliseconds,
        line=line.kind if milliseconds else "none",
        rounds=rounds,
        ours_ms=statistics.median(took["ours"]) * 1000,
        recipe_ms=statistics.median(took["recipe"]) * 1000,
        quick_recipe_ms=statistics.median(took["quick"]) * 1000,
        ratio=statistics.median(one / other for one, other in zip(took["ours"], took["recipe"], strict=True)),
    )


def round_trips(rows: Sequence[tuple[float, float]]) -> float:
    """Give how many round trips the times of several round-trip times come to: the slope of a straight line.

    Args:
        rows: Round-trip time and what it took, both in the same unit.
    """
    mean_x = statistics.fmean(x for x, _ in rows)
    mean_y = statistics.fmean(y for _, y in rows)
    return sum((x - mean_x) * (y - mean_y) for x, y in rows) / sum((x - mean_x) ** 2 for x, _ in rows)
