"""Which figures meet their target, and how the table says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.targets import TARGETS, rows, table

Figures = dict[str, dict[str, dict[str, Any]]]


def verdicts(figures: Figures) -> dict[str, tuple[str, str]]:
    return {target.number: (measured, verdict) for target, measured, verdict in rows(figures)}


def connects(*ratios: float) -> Figures:
    names = ("0 ms", "20 ms", "100 ms", "200 ms")
    return {"connect": {name: {"ratio": ratio} for name, ratio in zip(names, ratios, strict=True)}}


def test_every_target_has_its_row_though_nothing_was_measured() -> None:
    lines = table({})

    assert [line.split("|")[1].strip() for line in lines[2:]] == [f"P{number}" for number in range(1, 14)]
    assert all("not measured yet" in line for line in lines[2:])


def test_figures_within_every_limit_meet_the_target() -> None:
    assert verdicts(connects(0.6, 0.3, 0.18, 0.1))["P3"] == (
        "0 ms: 0.60; 20 ms: 0.30; 100 ms: 0.18; 200 ms: 0.10",
        "met",
    )


def test_a_target_missed_in_part_says_in_which() -> None:
    _, verdict = verdicts(connects(0.61, 0.3, 0.1, 0.2))["P3"]

    assert verdict.startswith("not met (0 ms: 0.61; 200 ms: 0.20): ")


def test_a_target_missed_altogether_says_why() -> None:
    trips = {"trips": {"known host": {"trips": 13}, "recipe": {"trips": 20}}}

    assert verdicts(trips)["P1"] == ("13 (recipe 20)", "not met: the fast path fell back to the plain one")


def test_a_figure_that_is_missing_among_others_is_not_measured() -> None:
    figures = connects(0.1, 0.1, 0.1, 0.1)
    del figures["connect"]["100 ms"]

    assert verdicts(figures)["P3"] == ("", "not measured yet")


@pytest.mark.parametrize(("trips", "logins", "met"), [(3, 0, True), (4, 0, False), (2, 1, False)])
def test_a_second_window_may_log_in_never(trips: int, logins: int, met: bool) -> None:
    _, verdict = verdicts({"trips": {"second window": {"trips": trips, "logins": logins}}})["P4"]

    assert verdict.startswith("met") is met


def test_a_listener_that_refuses_one_upgrade_does_not_meet_its_rate() -> None:
    figures: Figures = {
        "storm": {"hub": {"done_per_second": 199.5, "errors": 0}},
        "crowd": {"hub": {"answered": 1000}},
        "messages": {"hub": {"p50_us": 500.0}, "codex": {"p50_us": 350.0}},
    }
    assert verdicts(figures)["P13"] == ("200/s; 1,000 idle; +0.15 ms", "met")

    figures["storm"]["hub"]["errors"] = 1

    assert verdicts(figures)["P13"][1].startswith("not met (200/s)")


def test_no_row_breaks_the_table() -> None:
    for target in TARGETS:
        for text in (target.figure, target.aim, target.shortfall, target.absent):
            assert "|" not in text
            assert "\n" not in text


@pytest.mark.parametrize(("long", "met"), [(70.0, True), (90.0, False)])
def test_memory_that_grows_with_the_history_does_not_meet_its_target(long: float, met: bool) -> None:
    mebibytes = {
        "exec": 52.0,
        "TUI": 70.0,
        "one host": 57.0,
        "ten hosts": 58.0,
        "history of 20 MiB": 67.0,
        "history of 100 MiB": long,
    }
    figures = {"memory": {name: {"rss_mib": size} for name, size in mebibytes.items()}}

    assert (verdicts(figures)["P11"][1] == "met") is met
