"""The states of a link and which may follow which.

Lives here: the values and the allowed steps.
Not here: when to step (:mod:`codex_ssh.link.supervisor`) and how long to wait (:mod:`codex_ssh.core.retry`).

::

    CONNECTING ─▶ UP ─▶ LOST ─▶ CONNECTING ─▶ …
        │         │      │
        └─────────┴──────┴────▶ STOPPED      refused, or closed by us; nothing follows
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Final


class LinkState(enum.Enum):
    """What a link is doing; the value is the word a person reads."""

    CONNECTING = "connecting"
    UP = "connected"
    LOST = "waiting to reconnect"
    STOPPED = "stopped"


_FOLLOWS: Final = {
    LinkState.CONNECTING: (LinkState.UP, LinkState.LOST, LinkState.STOPPED),
    LinkState.UP: (LinkState.LOST, LinkState.STOPPED),
    LinkState.LOST: (LinkState.CONNECTING, LinkState.STOPPED),
    LinkState.STOPPED: (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """Where a link is.

    Attributes:
        since: When it came there, on the caller's monotonic clock, in seconds.
        attempt: How many attempts in a row have not led to a connection; 0 while it is up.
        reason: Why it was lost or stopped, in words; empty while all is well.
    """

    state: LinkState = LinkState.CONNECTING
    since: float = 0.0
    attempt: int = 0
    reason: str = ""

    def step(self, state: LinkState, *, now: float, reason: str = "") -> LinkStatus:
        """Give the status after a step.

        Raises:
            ValueError: That state cannot follow; a fault of the caller's.
        """
        if state not in _FOLLOWS[self.state]:
            raise ValueError(f"a link that is {self.state.value!r} cannot become {state.value!r}")
        attempt = {
            LinkState.CONNECTING: self.attempt + 1,
            LinkState.UP: 0,
            LinkState.LOST: self.attempt,
            LinkState.STOPPED: self.attempt,
        }[state]
        kept = self.reason if state is LinkState.CONNECTING else reason
        return replace(self, state=state, since=now, attempt=attempt, reason=kept)
