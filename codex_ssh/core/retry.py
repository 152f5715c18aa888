"""Whether to try again, and when: a pure decision.

Lives here: the classes of failure and the schedule. Not here: waiting (:mod:`codex_ssh.link.supervisor`).

The rule: what a person has to change is never tried again in the background. A refused login counts against
the account, and a changed host key is an alarm. What the network does passes by itself, so it is tried for as
long as the user wants: often while the outage is young, since the first seconds are when somebody waits, and
with growing, jittered pauses where an attempt reaches a server, so that nobody is hammered.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.errors import (
    AppServerError,
    CodexSshError,
    CredentialRefused,
    ForwardError,
    HostUnreachable,
    LinkLost,
    OwnerNotProved,
    ProtocolViolated,
)

YOUNG_SECONDS: Final = 30.0
"""How long an outage counts as young."""

YOUNG_PAUSE_SECONDS: Final = 0.25
OLD_PAUSE_SECONDS: Final = 5.0
"""Pauses between attempts that reach nobody: a packet into the void costs nobody anything."""

FIRST_PAUSE_SECONDS: Final = 1.0
LAST_PAUSE_SECONDS: Final = 120.0
"""The first and the longest pause between attempts that reach a server: at most 15 of them in ten minutes."""

_PASSING: Final = (HostUnreachable, LinkLost, ForwardError, AppServerError, ProtocolViolated)
_LASTING: Final = (OwnerNotProved, CredentialRefused)


def passes_by_itself(error: CodexSshError) -> bool:
    """Whether trying again may help without anybody changing anything."""
    return isinstance(error, _PASSING) and not isinstance(error, _LASTING)


def pause_before_retry(error: CodexSshError, *, attempt: int, outage: float, chance: float) -> float:
    """Give the seconds to wait before the next attempt.

    Args:
        error: What the last attempt, or the loss itself, ended with; one that passes by itself.
        attempt: How many attempts have failed since the loss; 0 right after it.
        outage: Seconds since the loss.
        chance: A random number from 0 to 1.
    """
    if attempt == 0:
        return 0.0
    if isinstance(error, HostUnreachable) and not error.answered:
        return YOUNG_PAUSE_SECONDS if outage < YOUNG_SECONDS else OLD_PAUSE_SECONDS
    longest = min(FIRST_PAUSE_SECONDS * 2.0 ** min(attempt - 1, 10), LAST_PAUSE_SECONDS)
    # Not quite all of it: many clients of one server do not come back in step.
    return longest * (0.8 + chance / 5)
