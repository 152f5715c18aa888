"""Counting failures by address."""

from __future__ import annotations

import pytest

from codex_ssh.server.limits import WINDOW_SECONDS, FailureLimit, address_block


def test_an_address_is_refused_once_it_failed_too_often_and_no_other() -> None:
    limit = FailureLimit(most=3)
    for number in range(1, 4):
        assert limit.refusal("192.0.2.1", now=10) is None
        assert limit.count("192.0.2.1", now=10) == number
    refusal = limit.refusal("192.0.2.1", now=30)
    assert refusal is not None
    assert (refusal.status, refusal.headers) == (429, (("retry-after", "41"),))
    assert limit.refusal("192.0.2.2", now=30) is None


def test_a_window_ends() -> None:
    limit = FailureLimit(most=1)
    limit.count("192.0.2.1", now=10)
    assert limit.refusal("192.0.2.1", now=10 + WINDOW_SECONDS) is None
    assert limit.count("192.0.2.1", now=10 + WINDOW_SECONDS) == 1


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("uid 0", "uid 0"),
    ],
)
def test_what_one_host_can_choose_from_is_counted_as_one(address: str, block: str) -> None:
    assert address_block(address) == block


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codex_ssh.server.limits.MAX_ADDRESSES", 2)
    limit = FailureLimit(most=1)
    for host in range(1, 4):
        limit.count(f"192.0.2.{host}", now=0)
    refused = [limit.refusal(f"192.0.2.{host}", now=1) is not None for host in range(1, 4)]
    assert refused == [False, True, True]
