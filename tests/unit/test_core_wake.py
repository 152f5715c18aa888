"""Whether this machine was asleep."""

from __future__ import annotations

import pytest

from codex_ssh.core.wake import Clocks


@pytest.mark.parametrize(
    ("monotonic", "wall", "slept"),
    [
        (1.0, 1.0, 0.0),
        (1.0, 301.0, 300.0),
        (1.0, 2.5, 0.0),  # a clock that was corrected a little
        (1.0, -3600.0, 0.0),  # a clock that was set back
        (30.0, 30.0, 0.0),  # a process that was stopped, or had no processor, while the machine was awake
    ],
)
def test_a_wall_clock_that_ran_ahead_is_a_sleep(monotonic: float, wall: float, slept: float) -> None:
    before = Clocks(monotonic=100.0, wall=1_700_000_000.0)
    after = Clocks(monotonic=100.0 + monotonic, wall=1_700_000_000.0 + wall)
    assert before.slept_until(after) == pytest.approx(slept)
