"""Figures as JSON and as Markdown tables."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.servers import DESCRIPTIONS, NAMES
from tests.support.codex import require_codex

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- figures of the listener: make bench -->", "<!-- end of the figures of the listener -->"
BEGIN_TUI, END_TUI = "<!-- figures of the TUI: make bench -->", "<!-- end of the figures of the TUI -->"
BEGIN_CONNECT = "<!-- figures of connecting: make bench -->"
END_CONNECT = "<!-- end of the figures of connecting -->"

Figures = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Measurement, server, value."""


def machine() -> dict[str, str | int]:
    """What the figures hold for."""
    processor = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    return {
        "processor": processor,
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "codex": require_codex(os.environ.get("BENCH_CODEX", "pypi")).version(),
        "websockets": version("websockets"),
        "textual": version("textual"),
        "load": f"{os.getloadavg()[1]:.0f}",
    }


def markdown(figures: Figures, host: Mapping[str, str | int]) -> str:
    """Give the tables, between their marks."""
    about = (
        f"Measured on one machine: {host['processor']}, {host['cores']} cores, {host['system']}, "
        f"Python {host['python']}, codex {host['codex']}. "
        "Load generator and server share its cores, so a busy server waits for the generator too."
    )
    lines = [BEGIN, "", about]
    if crowd := figures.get("crowd"):
        clients = next(iter(crowd.values()))["clients"]
        lines += [
            "",
            f"### {clients:,} idle clients",
            "",
            "| | all in after | memory a client | of its engine | idle CPU | still answer |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {name} | {row['seconds']:.1f} s | {row['kib_per_client']:.0f} KiB "
            f"| {_engine(row['engine_kib_per_client'])} | {row['idle_cpu_percent']:.1f} % "
            f"| {row['answered']:,} |"
            for name, row in _rows(crowd)
        ]
    if storm := figures.get("storm"):
        asked = next(iter(storm.values()))["asked_per_second"]
        lines += [
            "",
            f"### {asked:.0f} upgrades a second",
            "",
            "| | done | errors | p50 | p99 | worst | CPU |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {name} | {row['done_per_second']:.0f}/s | {row['errors']} | {row['p50_ms']:.1f} ms "
            f"| {row['p99_ms']:.1f} ms | {row['worst_ms']:.1f} ms | {row['cpu_percent']:.0f} % |"
            for name, row in _rows(storm)
        ]
    if messages := figures.get("messages"):
        lines += [
            "",
            "### A request and its answer",
            "",
            "| | p50 | p99 | added | ratio | answers/s, 32 clients |",
            "|---|---|---|---|---|---|",
        ]
        base = messages["codex"]["p50_us"]
        lines += [
            f"| {name} | {row['p50_us']:.0f} µs | {row['p99_us']:.0f} µs | {row['p50_us'] - base:+.0f} µs "
            f"| {row['ratio']:.2f} | {row['per_second']:,.0f} |"
            for name, row in _rows(messages)
        ]
    lines += ["", *(f"{name}: {DESCRIPTIONS[name]}.  " for name in NAMES), END]
    return "\n".join(lines)


def markdown_of_tui(figures: Figures, host: Mapping[str, str | int]) -> str:
    """Give the table of the TUI, between its marks."""
    first_frame = min(row["first_paint_ms"] for row in figures["tui"].values())
    about = (
        f"Measured on one machine: {host['processor']}, {host['cores']} cores, {host['system']}, "
        f"Python {host['python']}, Textual {host['textual']}; "
        f"its load average was {host['load']} when the runs were over, of which they are about 1. "
        f"The composer was on the terminal {first_frame:.0f} ms after the answer to `initialize`."
    )
    lines = [
        BEGIN_TUI,
        "",
        about,
        "",
        "| transcript, and what comes | key p50 | p95 | worst | behind | CPU | RSS | PSS |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['p50_ms']:.0f} ms | {row['p95_ms']:.0f} ms "
        f"| {row['worst_ms']:.0f} ms | {row['behind_ms']:.0f} ms | {row['cpu_percent']:.0f} % "
        f"| {row['rss_mib']:.0f} MiB | {row['pss_mib']:.0f} MiB |"
        for name, row in figures["tui"].items()
    ]
    return "\n".join([*lines, "", END_TUI])


def markdown_of_connects(figures: Figures, host: Mapping[str, str | int]) -> str:
    """Give the table of connecting, between its marks."""
    rows = figures["connect"]
    rounds = next(iter(rows.values()))["rounds"]
    about = (
        f"Measured on one machine: {host['processor']}, {host['cores']} cores, {host['system']}, "
        f"Python {host['python']}, codex {host['codex']}; medians of {rounds} rounds; "
        f"its load average was {host['load']} when they were over."
    )
    lines = [BEGIN_CONNECT, "", about, "", "| round trip | ours | recipe | ratio |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {row['ours_ms']:,.0f} ms | {row['recipe_ms']:,.0f} ms | {row['ratio']:.2f} |"
        for name, row in rows.items()
    ]
    return "\n".join([*lines, "", END_CONNECT])


def write_page(text: str) -> None:
    """Put tables into the page, in the place of the old ones between the same marks."""
    begin, end = text.splitlines()[0], text.splitlines()[-1]
    page = PAGE.read_text(encoding="utf-8")
    if begin not in page or end not in page:
        sys.exit(f"{PAGE} has lost its marks")
    before, after = page.partition(begin)[0], page.partition(end)[2]
    PAGE.write_text(f"{before}{text}{after}", encoding="utf-8")


def _rows(part: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, part[name]) for name in NAMES if name in part]


def _engine(kib: float) -> str:
    return f"{kib:.0f} KiB" if kib > 0.5 else ""
