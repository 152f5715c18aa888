"""The goal of a thread: what the server keeps working at, turn after turn.

Source: ``ThreadGoal`` of ``codex app-server generate-json-schema``, 0.169.
"""

from __future__ import annotations

import enum

from codex_ssh.core.fields import number_at, text_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass


class GoalStatus(enum.Enum):
    """How far a goal is; the value is the app server's word."""

    ACTIVE = "active"
    PAUSED = "paused"
    BLOCKED = "blocked"
    USAGE_LIMITED = "usageLimited"
    BUDGET_LIMITED = "budgetLimited"
    COMPLETE = "complete"
    UNKNOWN = ""


_STATUSES = {status.value: status for status in GoalStatus}


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A thread's goal.

    Attributes:
        token_budget: Most tokens it may use; None for no limit.
        seconds_used: Time worked at it.
    """

    objective: str
    status: GoalStatus = GoalStatus.UNKNOWN
    tokens_used: int = 0
    token_budget: int | None = None
    seconds_used: int = 0


def decode_goal(shape: Json) -> Goal:
    """Read a goal. Never raises."""
    return Goal(
        objective=text_at(shape, "objective"),
        status=_STATUSES.get(text_at(shape, "status"), GoalStatus.UNKNOWN),
        tokens_used=number_at(shape, "tokensUsed") or 0,
        token_budget=number_at(shape, "tokenBudget"),
        seconds_used=number_at(shape, "timeUsedSeconds") or 0,
    )
