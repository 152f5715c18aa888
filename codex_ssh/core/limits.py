"""How much of an account's allowance is left: rate limits and credits, as the app server tells them.

Lives here: the values, their tolerant decoder, and putting a sparse update on top of what was known. Not
here: the notification (:mod:`codex_ssh.core.events`) and how limits look (:mod:`codex_ssh.tui.status_items`).

Source: ``RateLimitSnapshot`` of codex 0.163 and 0.169. Only a ChatGPT account has limits: for an API key
``account/rateLimits/read`` is refused with -32600.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Final

from codex_ssh.core.call import Call
from codex_ssh.core.fields import number_at, shape_at, text_at, truth_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass

_NAMES: Final = {60: "1h", 300: "5h", 1440: "day", 10080: "week", 43200: "month"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitWindow:
    """An allowance for a stretch of time.

    Attributes:
        used: Percent of it, 0 to 100 and beyond.
        minutes: How long the stretch is; None when not told.
        resets_at: When it begins anew, in seconds since 1970; None when not told.
    """

    used: int
    minutes: int | None = None
    resets_at: int | None = None

    @property
    def left(self) -> int:
        """Percent that is left, never below 0."""
        return max(0, 100 - self.used)

    @property
    def name(self) -> str:
        """The stretch in a word: ``5h``, ``week``."""
        if self.minutes is None:
            return "limit"
        return _NAMES.get(self.minutes) or (
            f"{self.minutes // 60}h" if self.minutes % 60 == 0 else f"{self.minutes}min"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is known about the allowance of an account; None and empty where nothing was told.

    Attributes:
        primary, secondary: The shorter and the longer stretch, mostly 5 hours and a week.
        plan: The ChatGPT plan.
        reached: Why nothing is left, in the server's word, such as ``rate_limit_reached``.
        credits: The balance, or ``unlimited``.
    """

    primary: LimitWindow | None = None
    secondary: LimitWindow | None = None
    plan: str = ""
    reached: str = ""
    credits: str = ""

    @property
    def windows(self) -> tuple[LimitWindow, ...]:
        """The stretches that were told, the shorter first."""
        return tuple(window for window in (self.primary, self.secondary) if window is not None)

    def updated(self, news: Limits) -> Limits:
        """Put an update on top: what it does not tell stays as it was."""
        told = {item.name: value for item in fields(news) if (value := getattr(news, item.name))}
        return replace(self, **told)


def account_rate_limits_read() -> Call[Limits]:
    """Ask how much is left."""
    return Call(
        method="account/rateLimits/read",
        params={},
        decode=lambda result: decode_limits(shape_at(result, "rateLimits")),
        is_repeatable=True,
    )


def decode_limits(shape: Json) -> Limits:
    """Read a snapshot; missing fields become defaults."""
    bought = shape_at(shape, "credits")
    balance = "unlimited" if truth_at(bought, "unlimited") else text_at(bought, "balance")
    return Limits(
        primary=_window(shape_at(shape, "primary")),
        secondary=_window(shape_at(shape, "secondary")),
        plan=text_at(shape, "planType"),
        reached=text_at(shape, "rateLimitReachedType"),
        credits=balance if truth_at(bought, "hasCredits") or balance == "unlimited" else "",
    )


def _window(shape: Json) -> LimitWindow | None:
    used = number_at(shape, "usedPercent")
    if used is None:
        return None
    return LimitWindow(
        used=used,
        minutes=number_at(shape, "windowDurationMins"),
        resets_at=number_at(shape, "resetsAt"),
    )
