"""Figures on the page: what is kept of a run, and where its tables go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench.report import PAGE, SECTIONS, Record, pictures, placed, texts

HOST: dict[str, str | int] = {
    "processor": "a processor",
    "cores": 2,
    "system": "Linux 6",
    "python": "3.11.7",
    "codex": "0.1",
    "textual": "8",
}
CONNECTS = {
    f"{milliseconds} ms": {
        "round_trip_ms": milliseconds,
        "line": "tun" if milliseconds else "none",
        "rounds": 3,
        "ours_ms": 1234.4 + 4 * milliseconds,
        "recipe_ms": 2000.0 + 25 * milliseconds,
        "quick_recipe_ms": 1900.0 + 24 * milliseconds,
        "ratio": 0.617,
    }
    for milliseconds in (0, 20)
}


def test_what_one_run_measured_is_kept_beside_what_another_did(tmp_path: Path) -> None:
    first = Record()
    first.add("connect", CONNECTS, HOST, 1.4)
    first.add("storm", {"hub": {"errors": 1}}, HOST, 1.0)
    first.write(tmp_path / "bench.json")

    second = Record.read(tmp_path / "bench.json")
    second.add("storm", {"hub": {"errors": 0}}, HOST, 2.0)

    assert second.figures == {"connect": CONNECTS, "storm": {"hub": {"errors": 0}}}
    assert second.machine("connect")["load"] == "1"
    assert second.machine("storm")["load"] == "2"


def test_a_file_that_is_not_there_is_a_record_without_figures(tmp_path: Path) -> None:
    assert Record.read(tmp_path / "none.json").figures == {}


def test_only_what_was_measured_is_written_but_the_targets_always() -> None:
    record = Record()
    assert list(texts(record)) == ["the targets"]

    record.add("connect", CONNECTS, HOST, 1.0)

    assert list(texts(record)) == ["the targets", "connecting"]
    lines = texts(record)["connecting"].splitlines()
    assert "| 0 ms | 1,234 ms | 2,000 ms | 0.62 | 1,900 ms |" in lines
    assert "| *round trips, by the slope* | 4.0 | 25.0 |  | 24.0 |" in lines
    assert any("TUN" in line for line in lines)


def test_a_text_goes_between_its_own_marks_again_and_again() -> None:
    begin, end = "<!-- figures of x: make bench -->", "<!-- end of the figures of x -->"
    page = f"before\n{begin}\nold\n{end}\nafter\n"

    once = placed(page, "x", "new")

    assert once == f"before\n{begin}\n\nnew\n\n{end}\nafter\n"
    assert placed(once, "x", "new") == once
    with pytest.raises(ValueError, match="no place"):
        placed(page, "y", "new")


@pytest.mark.parametrize("name", SECTIONS)
def test_the_page_has_a_place_for_every_table(name: str) -> None:
    page: Any = PAGE.read_text(encoding="utf-8")

    assert "new text" in placed(page, name, "new text")


def test_the_paths_are_told_with_what_was_measured_of_them() -> None:
    record = Record()
    row = {"down_mb": 311.4, "up_mb": 233.0, "down_ratio": 1.15, "up_ratio": 0.85}
    record.add("throughput", {"in the channel": row}, HOST, 1.0)

    lines = texts(record)["the paths"].splitlines()

    assert "| in the channel | 311 MB/s | 233 MB/s | 1.15× | 0.85× |" in lines
    assert "### A message" not in lines

    large = {f"{size}_{part}_us": 1000.0 for size in ("small", "large") for part in ("p50", "p99")}
    ratios = {"small_p50_ratio": 0.9, "large_p50_ratio": 1.0, "large_p99_ratio": 0.05}
    record.add("latency", {"door": {**large, **ratios}}, HOST, 1.0)

    row_of_door = "| door | 1,000 µs | 1,000 µs | 1,000 µs | 1,000 µs | 0.90× | 1.00× | 0.05× |"
    assert row_of_door in texts(record)["the paths"].splitlines()


def test_an_outage_that_was_only_noticed_has_no_time_of_healing() -> None:
    record = Record()
    facts = {"clients": 3, "round_trip_ms": 20.0, "line": "relay"}
    rows = {"frozen peer": {**facts, "noticed_s": 4.36}, "3 s without a network": {**facts, "healed_s": 0.59}}
    record.add("outage", rows, HOST, 1.0)

    lines = texts(record)["outages"].splitlines()

    assert "| frozen peer | 4.4 s |  |" in lines
    assert "| 3 s without a network |  | 0.6 s |" in lines


def test_a_curve_is_told_and_drawn() -> None:
    record = Record()
    points = [[1, 300.0], [16, 350.0], [64, 490.0]]
    row = {"title": "Connecting", "size": "keys", "unit": "ms", "points": points, "exponent": 0.98}
    record.add("curves", {"keys": row}, HOST, 1.0)

    lines = texts(record)["costs"].splitlines()

    assert "| Connecting | 300.0 ms at 1 keys | 490.0 ms at 64 | grows with exponent 0.98 |" in lines
    assert "![Connecting: keys](cost-keys.svg)" in lines
    assert pictures(record)["cost-keys.svg"].count("<circle") == 3
