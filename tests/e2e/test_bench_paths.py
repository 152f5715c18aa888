"""What measures the paths still measures them; how fast they are, no test asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.paths import measure_path
from tests.bench.targets import CHANNEL, DOOR, PLAIN

pytestmark = [pytest.mark.sshd]


async def test_each_path_answers_over_a_line(tmp_path: Path) -> None:
    found = await measure_path("latency", 5, tmp_path, round_trip=0.004, kind="relay")

    assert set(found) == {CHANNEL, PLAIN, DOOR}
    assert found[PLAIN]["large_p50_ratio"] == 1
    # The line holds every byte on its way there and back.
    assert all(row["small_p50_us"] > 4000 for row in found.values())


async def test_bytes_come_both_ways(tmp_path: Path) -> None:
    found = await measure_path("throughput", 1, tmp_path)

    assert all(row["down_mb"] > 0 < row["up_mb"] for row in found.values())


async def test_no_notification_of_a_flood_is_lost(tmp_path: Path) -> None:
    found = await measure_path("flood", 500, tmp_path)

    assert [row["arrived"] for row in found.values()] == [500, 500]
