"""Limits are read tolerantly, and an update changes only what it tells."""

from __future__ import annotations

import pytest

from codex_ssh.core.events import LimitsUpdated, decode_event
from codex_ssh.core.limits import Limits, LimitWindow, account_rate_limits_read, decode_limits
from codex_ssh.core.rpc import Json, Notification

SNAPSHOT: dict[str, Json] = {
    "limitId": "codex",
    "primary": {"usedPercent": 32, "windowDurationMins": 300, "resetsAt": 1_800_000_000},
    "secondary": {"usedPercent": 104, "windowDurationMins": 10080, "resetsAt": None},
    "credits": {"hasCredits": True, "unlimited": False, "balance": "12.50"},
    "planType": "plus",
    "rateLimitReachedType": "rate_limit_reached",
}


def test_a_snapshot_tells_what_is_left_of_every_window() -> None:
    call = account_rate_limits_read()
    assert (call.method, call.params) == ("account/rateLimits/read", {})
    limits = call.decode({"rateLimits": SNAPSHOT})
    assert limits == Limits(
        primary=LimitWindow(used=32, minutes=300, resets_at=1_800_000_000),
        secondary=LimitWindow(used=104, minutes=10080),
        plan="plus",
        reached="rate_limit_reached",
        credits="12.50",
    )
    assert [(window.name, window.left) for window in limits.windows] == [("5h", 68), ("week", 0)]


def test_an_update_leaves_what_it_does_not_tell() -> None:
    before = decode_limits(SNAPSHOT)
    event = decode_event(
        Notification(
            method="account/rateLimits/updated",
            params={"rateLimits": {"primary": {"usedPercent": 40}, "planType": None, "credits": None}},
        )
    )
    assert isinstance(event, LimitsUpdated)
    after = before.updated(event.news)
    assert after.primary == LimitWindow(used=40)
    assert (after.secondary, after.plan, after.credits) == (before.secondary, "plus", "12.50")
    assert before.updated(Limits()) == before


@pytest.mark.parametrize(
    ("minutes", "name"), [(60, "1h"), (180, "3h"), (90, "90min"), (1440, "day"), (None, "limit")]
)
def test_a_window_has_a_short_name(minutes: int | None, name: str) -> None:
    assert LimitWindow(used=0, minutes=minutes).name == name


@pytest.mark.parametrize(
    "shape", [{}, {"primary": None}, {"primary": {"usedPercent": "much"}}, {"credits": {"hasCredits": False}}]
)
def test_what_is_missing_is_not_told(shape: Json) -> None:
    assert decode_limits(shape) == Limits()
    assert decode_limits(shape).windows == ()


def test_credits_without_end_are_said_so() -> None:
    assert decode_limits({"credits": {"hasCredits": False, "unlimited": True}}).credits == "unlimited"
