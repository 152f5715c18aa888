"""Whether to try again, and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.retry import LAST_PAUSE_SECONDS, passes_by_itself, pause_before_retry
from codex_ssh.errors import (
    AppServerError,
    CodexSshError,
    ConfigError,
    CredentialRefused,
    ForwardError,
    HostKeyRefused,
    HostUnreachable,
    LinkLost,
    LoginRefused,
    OwnerNotProved,
    ProtocolViolated,
    Stage,
    TlsRefused,
    TokenError,
    UsageError,
)

UNREACHABLE = HostUnreachable("no route", stage=Stage.SSH)
LOST = LinkLost("gone", stage=Stage.SSH)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UNREACHABLE, True),
        (LOST, True),
        (ForwardError("x", stage=Stage.FORWARD), True),
        (AppServerError("x", stage=Stage.APP_SERVER), True),
        (ProtocolViolated("x", stage=Stage.WEBSOCKET), True),
        (OwnerNotProved("x", stage=Stage.APP_SERVER), False),
        (LoginRefused("x", stage=Stage.SSH), False),
        (HostKeyRefused("x", stage=Stage.SSH), False),
        (TlsRefused("x", stage=Stage.WEBSOCKET), False),
        (TokenError("x", stage=Stage.TOKEN), False),
        (CredentialRefused("x", status=401, stage=Stage.TOKEN), False),
        (ConfigError("x"), False),
        (UsageError("x"), False),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(error: CodexSshError, expected: bool) -> None:
    assert passes_by_itself(error) is expected


def test_the_first_attempt_after_a_loss_is_made_at_once() -> None:
    assert pause_before_retry(LOST, attempt=0, outage=0.0, chance=1.0) == 0.0


def test_an_unreachable_host_is_tried_often_at_first_and_then_seldom() -> None:
    assert pause_before_retry(UNREACHABLE, attempt=5, outage=29.9, chance=0.5) == 0.25
    assert pause_before_retry(UNREACHABLE, attempt=500, outage=30.0, chance=0.5) == 5.0


def test_somebody_who_takes_the_connection_and_drops_it_is_not_hammered() -> None:
    dropped = HostUnreachable("the connection ended before the login", stage=Stage.SSH, answered=True)
    assert pause_before_retry(dropped, attempt=3, outage=3.0, chance=1.0) == 4.0


@given(attempt=st.integers(1, 10**6), outage=st.floats(0, 1e6), chance=st.floats(0, 1))
def test_a_server_that_is_reached_is_left_alone_longer_and_longer(
    attempt: int, outage: float, chance: float
) -> None:
    pause = pause_before_retry(LOST, attempt=attempt, outage=outage, chance=chance)
    longest = min(2.0 ** min(attempt - 1, 10), LAST_PAUSE_SECONDS)
    assert 0.8 * longest <= pause <= longest


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_ten_minutes_of_a_server_that_drops_us_are_at_most_fifteen_handshakes(chance: float) -> None:
    elapsed, attempts = 0.0, 0
    while elapsed < 600:
        elapsed += pause_before_retry(LOST, attempt=attempts, outage=elapsed, chance=chance)
        attempts += 1
    assert attempts <= 15
