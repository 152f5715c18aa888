"""What measures connecting still measures it; how fast it is, no test asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.connect import measure_connects

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


async def test_both_ways_lead_to_the_app_server_over_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))

    (measured,) = await measure_connects(tmp_path, rounds=1, round_trips_ms=(10,))

    assert measured.ratio == measured.ours_ms / measured.recipe_ms
    # The line holds every byte: no machine is faster than the round trips that cannot be left out.
    assert measured.ours_ms > 3 * 10
    assert measured.recipe_ms > 2 * 3 * 10
