"""What the program is to be as fast as, and whether the figures of a run say that it is.

Pure: figures go in, rows of a table come out. Nothing is measured here, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Figures = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Measurement, row, value: what a run writes as JSON."""

MIB: Final = " MiB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One figure held against its limit.

    Attributes:
        said: The figure, with what it is of.
    """

    said: str
    is_met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One row of the table.

    Attributes:
        number: ``P1`` and so on.
        figure: What is looked at.
        aim: What it is to be.
        check: Gives the figures of a run; a KeyError says that it did not measure them.
        shortfall: Why it is missed where it is, in a phrase.
        absent: What is said when it was not measured.
    """

    number: str
    figure: str
    aim: str
    check: Callable[[Figures], Sequence[Check]]
    shortfall: str = ""
    absent: str = "not measured yet"


def rows(figures: Figures) -> Iterator[tuple[Target, str, str]]:
    """Give each target with its figures and what they say, in words."""
    for target in TARGETS:
        try:
            checks = target.check(figures)
        except KeyError:
            yield target, "", target.absent
            continue
        missed = [check.said for check in checks if not check.is_met]
        verdict = "met"
        if missed:
            of_some = f" ({'; '.join(missed)})" if len(missed) < len(checks) else ""
            verdict = f"not met{of_some}{f': {target.shortfall}' if target.shortfall else ''}"
        yield target, "; ".join(check.said for check in checks), verdict


def table(figures: Figures) -> list[str]:
    """Give the rows as lines of Markdown."""
    lines = ["| | figure | aimed at | measured | |", "|---|---|---|---|---|"]
    lines += [
        f"| {target.number} | {target.figure} | {target.aim} | {measured} | {verdict} |"
        for target, measured, verdict in rows(figures)
    ]
    return lines


def _at_most(limit: float, value: float, said: str) -> Check:
    return Check(said=said, is_met=value <= limit)


def _at_least(limit: float, value: float, said: str) -> Check:
    return Check(said=said, is_met=value >= limit)


def _again(figures: Figures) -> list[Check]:
    trips = figures["trips"]
    beside = ", ".join(f"{name} {trips[name]['trips']}" for name in ("recipe", "ssh true") if name in trips)
    ours = trips["known host"]["trips"]
    return [_at_most(4, ours, f"{ours}{f' ({beside})' if beside else ''}")]


def _first_visit(figures: Figures) -> list[Check]:
    trips = figures["trips"]["first visit"]["trips"]
    return [_at_most(12, trips, str(trips))]


CONNECT_RATIOS: Final = {"0 ms": 0.6, "20 ms": 0.35, "100 ms": 0.18, "200 ms": 0.16}


def _connect(figures: Figures) -> list[Check]:
    found = figures["connect"]
    return [
        _at_most(limit, found[name]["ratio"], f"{name}: {found[name]['ratio']:.2f}")
        for name, limit in CONNECT_RATIOS.items()
    ]


def _second_window(figures: Figures) -> list[Check]:
    found = figures["trips"]["second window"]
    trips, logins = found["trips"], found["logins"]
    return [
        _at_most(3, trips, f"{trips} round trips"),
        _at_most(0, logins, f"{logins} logins"),
    ]


PLAIN, CHANNEL, DOOR = "ssh -N -L", "in the channel", "door"


def _in_channel(figures: Figures) -> list[Check]:
    found, ticks = figures["latency"][CHANNEL], figures["ticks"]
    late, beside = ticks[CHANNEL]["p99_ms"], ticks[PLAIN]["p99_ms"]
    return [
        _at_most(1.0, found["small_p50_ratio"], f"200 B p50 {found['small_p50_ratio']:.2f}×"),
        _at_most(1.0, found["large_p50_ratio"], f"4 KiB p50 {found['large_p50_ratio']:.2f}×"),
        _at_most(0.1, found["large_p99_ratio"], f"4 KiB p99 {found['large_p99_ratio']:.2f}×"),
        _at_most(10, late, f"notifications {late:.1f} ms late (`ssh -N -L`: {beside:.0f})"),
    ]


def _local_door(figures: Figures) -> list[Check]:
    found = figures["latency"][DOOR]
    return [
        _at_most(1.5, found["small_p50_ratio"], f"200 B p50 {found['small_p50_ratio']:.2f}×"),
        _at_most(1.5, found["large_p50_ratio"], f"4 KiB p50 {found['large_p50_ratio']:.2f}×"),
        _at_most(0.3, found["large_p99_ratio"], f"4 KiB p99 {found['large_p99_ratio']:.2f}×"),
    ]


def _throughput(figures: Figures) -> list[Check]:
    found = figures["throughput"]
    return [
        _at_least(limit, found[path][f"{way}_ratio"], f"{path} {way} {found[path][f'{way}_ratio']:.2f}×")
        for path, way, limit in (
            (CHANNEL, "down", 0.85),
            (CHANNEL, "up", 0.65),
            (DOOR, "down", 0.6),
            (DOOR, "up", 0.5),
        )
    ]


def _flood(figures: Figures) -> list[Check]:
    found = figures["flood"]["ours"]
    lost = found["sent"] - found["arrived"]
    return [
        _at_least(60_000, found["per_second"], f"{found['per_second']:,.0f}/s"),
        _at_most(0, lost, f"{found['arrived']:,} of {found['sent']:,} came"),
    ]


def _typing(figures: Figures) -> list[Check]:
    at_100 = figures["tui"]["2,000 items, 100 deltas/s"]
    at_1000 = figures["tui"]["2,000 items, 1,000 deltas/s"]
    return [
        _at_most(50, at_100["p95_ms"], f"p95 {at_100['p95_ms']:.0f} ms"),
        _at_most(35, at_100["cpu_percent"], f"{at_100['cpu_percent']:.0f} % of a core"),
        _at_most(500, at_1000["behind_ms"], f"{at_1000['behind_ms']:.0f} ms behind at 1,000/s"),
    ]


def _starting(figures: Figures) -> list[Check]:
    found = figures["start"]
    paint = min(row["first_paint_ms"] for row in figures["tui"].values())
    return [
        *(
            _at_most(limit, found[name]["median_ms"], f"{name} {found[name]['median_ms']:.0f} ms")
            for name, limit in (("--help", 150), ("completion", 150))
        ),
        _at_most(300, paint, f"first paint {paint:.0f} ms"),
        *(
            _at_most(limit, found[name]["median_ms"], f"{name} {found[name]['median_ms']:.0f} ms")
            for name, limit in (("first sign of life", 60),)
        ),
    ]


def _memory(figures: Figures) -> list[Check]:
    found = {name: row["rss_mib"] for name, row in figures["memory"].items()}
    ten = found["ten hosts"] / found["one host"]
    short, long = found["history of 20 MiB"], found["history of 100 MiB"]
    return [
        _at_most(60, found["exec"], f"exec {found['exec']:.0f}{MIB}"),
        _at_most(110, found["TUI"], f"TUI {found['TUI']:.0f}{MIB}"),
        _at_most(1.2, ten, f"ten hosts {ten:.2f}×"),
        # Five times the history may be a little more: what lies there is listed, not loaded.
        _at_most(1.1 * short, long, f"a history of 100{MIB} {long:.0f}{MIB}, of 20{MIB} {short:.0f}{MIB}"),
    ]


def _outage(figures: Figures) -> list[Check]:
    found = figures["outage"]
    checks = [
        _at_most(5, found[name]["noticed_s"], f"{name}: noticed in {found[name]['noticed_s']:.1f} s")
        for name in ("frozen peer", "black hole")
    ]
    for name in ("3 s without a network", "10 s without a network"):
        row = found[name]
        limit = 0.5 + 4 * row["round_trip_ms"] / 1000
        checks.append(_at_most(limit, row["healed_s"], f"{name}: healed {row['healed_s']:.2f} s after"))
    return checks


def _listener(figures: Figures) -> list[Check]:
    storm, crowd, messages = figures["storm"]["hub"], figures["crowd"]["hub"], figures["messages"]
    added = (messages["hub"]["p50_us"] - messages["codex"]["p50_us"]) / 1000
    # A rate is met when all that began were served: the last of them end after the second is over.
    done = storm["done_per_second"]
    return [
        Check(said=f"{done:.0f}/s", is_met=not storm["errors"] and done >= 0.98 * 200),
        _at_least(1000, crowd["answered"], f"{crowd['answered']:,} idle"),
        _at_most(0.3, added, f"{added:+.2f} ms"),
    ]


TARGETS: Final = (
    Target(
        number="P1",
        figure="round trips from the TCP connection to the answer to `initialize`; known host, server runs, "
        "owner and token checked",
        aim="≤ 4",
        check=_again,
        shortfall="the fast path fell back to the plain one",
    ),
    Target(
        number="P2",
        figure="the same on a first visit, the key already in `known_hosts`",
        aim="≤ 12",
        check=_first_visit,
        shortfall="nothing is known of the server yet, and each step waits for the one before",
    ),
    Target(
        number="P3",
        figure="a cold process up to that answer, against the documented recipe",
        aim="0 ms: ≤ 0.6; 20 ms: ≤ 0.35; 100 ms: ≤ 0.18; 200 ms: ≤ 0.16",
        check=_connect,
        shortfall="four round trips are nearly all of it on a slow line, "
        "loading the interpreter and asyncssh on a fast one",
    ),
    Target(
        number="P4",
        figure="a second window on a host that is connected",
        aim="≤ 3 round trips, no login",
        check=_second_window,
    ),
    Target(
        number="P5",
        figure="a message in the channel against `ssh -N -L`; 100 notifications a second at 50 ms, the delay "
        "beyond the line's own, p99",
        aim="p50 ≤ 1.0×; 4 KiB p99 ≤ 0.1×; ≤ 10 ms",
        check=_in_channel,
        shortfall="our process encrypts by itself, in Python; that of `ssh` does it beside",
    ),
    Target(
        number="P6",
        figure="a message through the local door against `ssh -N -L`",
        aim="p50 ≤ 1.5×; 4 KiB p99 ≤ 0.3×",
        check=_local_door,
        shortfall="a second process passes every byte",
    ),
    Target(
        number="P7",
        figure="throughput against `ssh -L`, the same cipher",
        aim="in the channel ≥ 0.85× down, ≥ 0.65× up; door ≥ 0.6×, ≥ 0.5×",
        check=_throughput,
        shortfall="sshd is at its limit, and has more to do for a reader that is always ready",
    ),
    Target(
        number="P8",
        figure="100,000 small notifications, decoded and folded into the transcript",
        aim="≥ 60,000/s; all of them come",
        check=_flood,
        shortfall="the frames of websockets and the values of every event are Python",
    ),
    Target(
        number="P9",
        figure="a key until it is painted, 100 deltas a second into 2,000 items",
        aim="p95 ≤ 50 ms; ≤ 35 % of a core; 1,000 deltas a second keep up",
        check=_typing,
    ),
    Target(
        number="P10",
        figure="`--help`, completion; the first frame after `initialize`; a first sign of life",
        aim="≤ 150 ms; ≤ 300 ms; ≤ 60 ms",
        check=_starting,
        shortfall="the interpreter itself takes its part",
    ),
    Target(
        number="P11",
        figure="memory (RSS)",
        aim="exec ≤ 60 MiB; idle TUI ≤ 110 MiB; ten hosts ≤ 1.2×; bounded with a history of 100 MiB",
        check=_memory,
    ),
    Target(
        number="P12",
        figure="a peer that froze or vanished; the link after the network is back",
        aim="noticed ≤ 5 s; healed ≤ 0.5 s and 4 round trips",
        check=_outage,
        shortfall="an attempt begins every 250 ms, and the devbox needs its time to log in",
    ),
    Target(
        number="P13",
        figure="the listener: upgrades a second, idle clients, added to a message, p50",
        aim="≥ 200/s; 1,000; ≤ 0.3 ms",
        check=_listener,
        shortfall="two more hops between processes",
    ),
)
