"""The states of a link and which may follow which.

Lives here: the values and the allowed steps.
Not here: when to step (:mod:`codex_ssh.link.supervisor`) and how long to wait (:mod:`codex_ssh.core.retry`).

::

    CONNECTING ─▶ UP ◀─▶ SILENT
      ▲  │         │       │
      │  ├─▶ LOST ◀┴───────┘     LOST ─▶ CONNECTING by itself, at the latest in `next_try`
      │  ├─▶ PAUSED ◀─ LOST      PAUSED ─▶ CONNECTING when the user says so
      └──┴─ …
    any ─▶ STOPPED               given up, or closed by us; nothing follows
"""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import Final

from codex_ssh.core.value import dataclass


class LinkState(enum.Enum):
    """What a link is doing; the value is the word a person reads."""

    CONNECTING = "connecting"
    UP = "connected"
    SILENT = "not answering"
    LOST = "waiting to reconnect"
    PAUSED = "waiting for you"
    STOPPED = "stopped"

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, be it one that does not answer."""
        return self in (LinkState.UP, LinkState.SILENT)


_FOLLOWS: Final = {
    LinkState.CONNECTING: (LinkState.UP, LinkState.LOST, LinkState.PAUSED, LinkState.STOPPED),
    LinkState.UP: (LinkState.SILENT, LinkState.LOST, LinkState.PAUSED, LinkState.STOPPED),
    LinkState.SILENT: (LinkState.UP, LinkState.LOST, LinkState.PAUSED, LinkState.STOPPED),
    LinkState.LOST: (LinkState.CONNECTING, LinkState.PAUSED, LinkState.STOPPED),
    LinkState.PAUSED: (LinkState.CONNECTING, LinkState.STOPPED),
    LinkState.STOPPED: (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """Where a link is.

    Attributes:
        since: When it came there, on the caller's monotonic clock, in seconds.
        attempt: How many attempts in a row have not led to a connection; 0 while it is up.
        reason: Why it was lost, paused or stopped, in words; empty while all is well.
        next_try: When the next attempt is due, on the same clock; None when none is.
    """

    state: LinkState = LinkState.CONNECTING
    since: float = 0.0
    attempt: int = 0
    reason: str = ""
    next_try: float | None = None

    def step(self, state: LinkState, *, now: float, reason: str = "") -> LinkStatus:
        """Give the status after a step.

        Raises:
            ValueError: That state cannot follow; a fault of the caller's.
        """
        if state not in _FOLLOWS[self.state]:
            raise ValueError(f"a link that is {self.state.value!r} cannot become {state.value!r}")
        attempt = self.attempt
        if state.is_open:
            attempt = 0
        elif state is LinkState.CONNECTING:
            attempt += 1
        kept = self.reason if state is LinkState.CONNECTING else reason
        return replace(self, state=state, since=now, attempt=attempt, reason=kept, next_try=None)
