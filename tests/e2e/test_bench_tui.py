"""What measures the TUI still measures it; how fast it is, no test asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.tui import Load, measure_tui


async def test_letters_and_words_are_seen_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("HOME", str(tmp_path))

    measured = await measure_tui(Load(items=40, lines=400, per_second=50), seconds=2)

    assert measured.first_paint_ms > 0
    assert 0 < measured.p50_ms <= measured.p95_ms <= measured.worst_ms
    assert measured.rss_mib > measured.pss_mib > 0
