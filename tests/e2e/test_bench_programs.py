"""What measures our own programs still measures them; how they fare, no test asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.curves import connect_once
from tests.bench.memory import measure_links, open_bench
from tests.bench.start import measure_start


async def test_a_help_a_completion_and_a_sign_of_life_are_seen(tmp_path: Path) -> None:
    found = await measure_start(tmp_path, rounds=1)

    assert set(found) == {"python -c pass", "--help", "completion", "first sign of life"}
    assert all(0 < each.best_ms <= each.median_ms for each in found.values())


@pytest.mark.sshd
async def test_links_are_opened_one_beside_the_other(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as (sshd, port, words, environment):
        found = await measure_links(Path(words[1]), sshd.alias, port, (1, 2), environment)

        assert [row["links"] for row in found] == [1, 2]
        assert sshd.logins == 2


@pytest.mark.sshd
async def test_a_connect_is_counted_in_processor_time(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as (sshd, port, words, environment):
        endpoint = f"ws://127.0.0.1:{port}"
        seconds, processor = await connect_once(Path(words[1]), sshd.alias, endpoint, environment)

    assert seconds > 0 < processor
