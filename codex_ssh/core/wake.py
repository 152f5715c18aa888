"""Whether this machine was asleep: a pure decision on two readings of two clocks.

Lives here: the comparison. Not here: reading clocks, and what to do after a sleep
(:mod:`codex_ssh.link.lifeline`).

While a machine sleeps its monotonic clock stands still (Linux, macOS) and its wall clock goes on. A wall
clock that is set forward looks the same; the price is one needless check of the link.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.value import dataclass

SLEPT_SECONDS: Final = 2.0
"""A smaller difference is a clock being corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Both clocks at one moment, in seconds."""

    monotonic: float
    wall: float

    def slept_until(self, later: Clocks) -> float:
        """Give how long the machine slept between this moment and a later one, in seconds; 0 when not."""
        slept = (later.wall - self.wall) - (later.monotonic - self.monotonic)
        return slept if slept >= SLEPT_SECONDS else 0.0
