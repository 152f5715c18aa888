"""Figures as JSON and as Markdown tables, and the page they are written into.

Lives here: what of a run is kept, the tables, and the marks between which they lie. Not here: measuring, and
whether a figure is good enough (:mod:`tests.bench.targets`).
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tests.bench import targets
from tests.bench.connect import round_trips
from tests.bench.growth import Chart, draw, in_words
from tests.bench.servers import DESCRIPTIONS, NAMES
from tests.bench.targets import Figures
from tests.support.codex import require_codex

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "performance.md"

Machine = Mapping[str, str | int]
Row = Mapping[str, Any]


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
        "asyncssh": version("asyncssh"),
        "textual": version("textual"),
    }


# ---------------------------------------------------------------- what is kept


class Record:
    """The figures of the parts that were measured, with the machine and its load at the time.

    Args:
        parts: Part, then ``figures`` and ``machine``; what the JSON file holds.
    """

    def __init__(self, parts: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.parts: dict[str, Mapping[str, Any]] = dict(parts or {})

    @classmethod
    def read(cls, path: Path) -> Record:
        """Read what earlier runs measured; nothing where there is no file."""
        return cls(json.loads(path.read_text(encoding="utf-8"))["parts"] if path.exists() else None)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps({"parts": self.parts}, indent=2) + "\n", encoding="utf-8")

    def add(self, part: str, figures: Mapping[str, Row], host: Machine, load: float) -> None:
        """Put the figures of a part in the place of earlier ones.

        Args:
            part: Its name.
            figures: Row and value.
            host: What they hold for.
            load: The load average of the last five minutes when they were taken.
        """
        self.parts[part] = {"machine": {**host, "load": f"{load:.0f}"}, "figures": figures}

    @property
    def figures(self) -> Figures:
        """All of them."""
        return {part: found["figures"] for part, found in self.parts.items()}

    def machine(self, part: str) -> Machine:
        """What the figures of a part hold for."""
        found: Machine = self.parts[part]["machine"]
        return found


# ---------------------------------------------------------------- tables


def about(host: Machine, *more: str) -> str:
    """Give the line above a table: the machine, and what else to know."""
    return (
        f"Measured on one machine: {host['processor']}, {host['cores']} cores, {host['system']}, "
        f"Python {host['python']}{''.join(f', {each}' for each in more)}; "
        f"its load average was {host['load']} then."
    )


def of_targets(record: Record) -> list[str]:
    """Give the table of what is aimed at."""
    lines = targets.table(record.figures)
    if not record.parts:
        return lines
    first = record.machine(next(iter(record.parts)))
    where = (
        f"Measured on {first['processor']}, {first['cores']} cores, {first['system']}, "
        f"Python {first['python']}, codex {first['codex']}."
    )
    return [where, "", *lines]


def of_listener(record: Record) -> list[str]:
    """Give the tables of our listener beside the real one."""
    figures = record.figures
    host = record.machine(next(part for part in ("crowd", "storm", "messages") if part in record.parts))
    lines = [
        about(host, f"codex {host['codex']}"),
        "Load generator and server share its cores, so a busy server waits for the generator too.",
    ]
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
    return [*lines, "", *(f"{name}: {DESCRIPTIONS[name]}.  " for name in NAMES)]


def of_tui(record: Record) -> list[str]:
    """Give the table of the TUI."""
    rows = record.figures["tui"]
    host = record.machine("tui")
    first_frame = min(row["first_paint_ms"] for row in rows.values())
    lines = [
        about(host, f"Textual {host['textual']}"),
        f"The composer was on the terminal {first_frame:.0f} ms after the answer to `initialize`.",
        "",
        "| transcript, and what comes | key p50 | p95 | worst | behind | CPU | RSS | PSS |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['p50_ms']:.0f} ms | {row['p95_ms']:.0f} ms "
        f"| {row['worst_ms']:.0f} ms | {row['behind_ms']:.0f} ms | {row['cpu_percent']:.0f} % "
        f"| {row['rss_mib']:.0f} MiB | {row['pss_mib']:.0f} MiB |"
        for name, row in rows.items()
    ]
    return lines


def of_connecting(record: Record) -> list[str]:
    """Give the table of connecting."""
    rows = record.figures["connect"]
    host = record.machine("connect")
    first = list(rows.values())[-1]
    lines = [
        about(host, f"codex {host['codex']}", f"medians of {first['rounds']} rounds"),
        LINES_SAID[first["line"]],
        "",
        "| round trip | ours | recipe | ratio | recipe, curve25519 |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['ours_ms']:,.0f} ms | {row['recipe_ms']:,.0f} ms | {row['ratio']:.2f} "
        f"| {row['quick_recipe_ms']:,.0f} ms |"
        for name, row in rows.items()
    ]
    slopes = [
        round_trips([(row["round_trip_ms"], row[way]) for row in rows.values()])
        for way in ("ours_ms", "recipe_ms", "quick_recipe_ms")
        if len(rows) > 1
    ]
    if slopes:
        ours, recipe, quick = (f"{slope:.1f}" for slope in slopes)
        lines += [f"| *round trips, by the slope* | {ours} | {recipe} |  | {quick} |"]
    return [*lines, "", f"![A cold connect, by the round trip of the line]({picture(CONNECTING)})"]


LINES_SAID: Final = {
    "tun": "The line delays packets between two TUN devices: real TCP runs over it.",
    "relay": "The line is a relay that delays bytes: what TCP itself would cost is not in the figures.",
    "none": "There was no line.",
}


def of_trips(record: Record) -> list[str]:
    """Give the table of round trips that were counted."""
    lines = ["| | round trips | TCP connections | logins |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {row['trips']} | {row['connections']} | {row['logins']} |"
        for name, row in record.figures["trips"].items()
    ]
    return lines


def of_paths(record: Record) -> list[str]:
    """Give the tables of what passes through a link."""
    figures = record.figures
    first = next(part for part in PATH_PARTS if part in figures)
    lines = [about(record.machine(first))]
    if latency := figures.get("latency"):
        lines += [
            "",
            "### A message",
            "",
            "| | 200 B p50 | p99 | 4 KiB p50 | p99 | p50, 200 B | p50, 4 KiB | p99, 4 KiB |",
            "|---|---|---|---|---|---|---|---|",
        ]
        columns = ("small_p50", "small_p99", "large_p50", "large_p99")
        lines += [
            f"| {name} | {_each(row, columns, '_us', ' µs')} "
            f"| {row['small_p50_ratio']:.2f}× | {row['large_p50_ratio']:.2f}× "
            f"| {row['large_p99_ratio']:.2f}× |"
            for name, row in latency.items()
        ]
    if ticks := figures.get("ticks"):
        row = next(iter(ticks.values()))
        how = f"{row['per_second']} a second over a line of {row['round_trip_ms']:.0f} ms"
        lines += [
            "",
            "### Notifications",
            "",
            f"{how}; how late they are beyond half of it. {LINES_SAID[row['line']]}",
            "",
            "| | p50 | p90 | p99 |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {name} | {row['p50_ms']:.1f} ms | {row['p90_ms']:.1f} ms | {row['p99_ms']:.1f} ms |"
            for name, row in ticks.items()
        ]
    if throughput := figures.get("throughput"):
        lines += ["", "### Bytes", "", "| | down | up | down | up |", "|---|---|---|---|---|"]
        lines += [
            f"| {name} | {row['down_mb']:,.0f} MB/s | {row['up_mb']:,.0f} MB/s "
            f"| {row['down_ratio']:.2f}× | {row['up_ratio']:.2f}× |"
            for name, row in throughput.items()
        ]
    if flood := figures.get("flood"):
        lines += ["", "### A flood of notifications", "", "| | sent | came | a second |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {row['sent']:,} | {row['arrived']:,} | {row['per_second']:,.0f} |"
            for name, row in flood.items()
        ]
    return lines


def of_outages(record: Record) -> list[str]:
    """Give the table of peers that are gone and networks that come back."""
    rows = record.figures["outage"]
    first = next(iter(rows.values()))
    lines = [
        about(record.machine("outage"), f"the median of {first['clients']} links"),
        f"The line has {first['round_trip_ms']:.0f} ms. {LINES_SAID[first['line']]}",
        "",
        "| | noticed after | healed after the network |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {_seconds(row, 'noticed_s')} | {_seconds(row, 'healed_s')} |"
        for name, row in rows.items()
    ]
    return lines


def of_start(record: Record) -> list[str]:
    """Give the table of how soon a command says something."""
    rows = record.figures["start"]
    first = next(iter(rows.values()))
    lines = [
        about(record.machine("start"), f"{first['rounds']} rounds"),
        "",
        "| | median | best |",
        "|---|---|---|",
    ]
    return lines + [
        f"| {name} | {row['median_ms']:.0f} ms | {row['best_ms']:.0f} ms |" for name, row in rows.items()
    ]


def of_memory(record: Record) -> list[str]:
    """Give the table of memory."""
    lines = [about(record.machine("memory")), "", "| | RSS | PSS |", "|---|---|---|"]
    return lines + [
        f"| {name} | {row['rss_mib']:.0f} MiB | {row['pss_mib']:.0f} MiB |"
        for name, row in record.figures["memory"].items()
    ]


def of_costs(record: Record) -> list[str]:
    """Give the curves, as pictures and as numbers."""
    rows = record.figures["curves"]
    lines = [
        about(record.machine("curves")),
        "",
        "| | from | to | growth |",
        "|---|---|---|---|",
    ]
    for row in rows.values():
        (first_x, first_y), (last_x, last_y) = row["points"][0], row["points"][-1]
        size, unit = row["size"], row["unit"]
        lines.append(
            f"| {row['title']} | {first_y:,.1f} {unit} at {first_x:,.0f} {size} "
            f"| {last_y:,.1f} {unit} at {last_x:,.0f} | {in_words(row['exponent'])} |"
        )
    return [*lines, "", *(f"![{row['title']}: {row['size']}]({picture(name)})" for name, row in rows.items())]


def picture(name: str) -> str:
    """Give the file name of a curve's picture."""
    return f"cost-{name}.svg"


def pictures(record: Record) -> dict[str, str]:
    """Give each curve as an SVG, by the name of its file."""
    charts = {
        name: Chart(
            title=row["title"],
            note=in_words(row["exponent"]),
            size=row["size"],
            unit=row["unit"],
            points=[(x, y) for x, y in row["points"]],
        )
        for name, row in record.figures.get("curves", {}).items()
    }
    if rows := record.figures.get("connect"):
        ours, recipe = (
            [(row["round_trip_ms"], row[way] / 1000) for row in rows.values()]
            for way in ("ours_ms", "recipe_ms")
        )
        charts[CONNECTING] = Chart(
            title="A cold connect",
            note="from the process to the answer to initialize",
            size="round trip of the line, ms",
            unit="s",
            points=ours,
            beside=recipe,
            names=("ours", "the recipe"),
        )
    return {picture(name): draw(chart) for name, chart in charts.items()}


CONNECTING: Final = "connecting"


PATH_PARTS: Final = ("latency", "ticks", "throughput", "flood")


def _rows(part: Mapping[str, Row]) -> list[tuple[str, Row]]:
    return [(name, part[name]) for name in NAMES if name in part]


def _each(row: Row, columns: Sequence[str], ending: str, unit: str) -> str:
    return " | ".join(f"{row[column + ending]:,.0f}{unit}" for column in columns)


def _seconds(row: Row, name: str) -> str:
    return f"{row[name]:.1f} s" if name in row else ""


def _engine(kib: float) -> str:
    return f"{kib:.0f} KiB" if kib > 0.5 else ""


# ---------------------------------------------------------------- the page

SECTIONS: Final[Mapping[str, tuple[Sequence[str], Callable[[Record], list[str]]]]] = {
    "the targets": ((), of_targets),
    "connecting": (("connect",), of_connecting),
    "the round trips": (("trips",), of_trips),
    "the paths": (PATH_PARTS, of_paths),
    "outages": (("outage",), of_outages),
    "starting": (("start",), of_start),
    "memory": (("memory",), of_memory),
    "costs": (("curves",), of_costs),
    "the listener": (("crowd", "storm", "messages"), of_listener),
    "the TUI": (("tui",), of_tui),
}
"""What is between each pair of marks: the parts it needs, any of them, and how it is written."""


def texts(record: Record) -> dict[str, str]:
    """Give what can be written from these figures, by the name of its place."""
    return {
        name: "\n".join(write(record))
        for name, (parts, write) in SECTIONS.items()
        if not parts or set(parts) & set(record.parts)
    }


def placed(page: str, name: str, text: str) -> str:
    """Give a page with a text between its marks, in the place of what was there.

    Raises:
        ValueError: It has no such marks.
    """
    begin, end = f"<!-- figures of {name}: make bench -->", f"<!-- end of the figures of {name} -->"
    if begin not in page or end not in page:
        raise ValueError(f"no place for the figures of {name}")
    before, after = page.partition(begin)[0], page.partition(end)[2]
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def write_page(record: Record) -> None:
    """Put the tables into the documentation, and the pictures beside it."""
    page = PAGE.read_text(encoding="utf-8")
    for name, text in texts(record).items():
        try:
            page = placed(page, name, text)
        except ValueError as error:
            sys.exit(f"{PAGE}: {error}")
    PAGE.write_text(page, encoding="utf-8")
    for name, drawn in pictures(record).items():
        (PAGE.parent / name).write_text(drawn, encoding="utf-8")
