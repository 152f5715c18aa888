"""What a log line keeps to itself."""

from __future__ import annotations

import pytest

from codex_ssh.core.redact import MASK, redact


@pytest.mark.parametrize(
    "line",
    [
        "> Authorization: Bearer canary-123456",
        "{'authorization': 'Bearer canary-123456'}",
        "sent bearer canary-123456 to it",
        "jwt eyJhbGciOiJIUzI1NiJ9.canary-123456.c2ln",
        "wss://me:canary-123456@host:443/",
        "GET /?token=canary-123456&x=1",
    ],
)
def test_a_credential_is_masked_wherever_it_stands(line: str) -> None:
    assert "canary" not in redact(line)
    assert MASK in redact(line)


def test_ordinary_lines_stay_as_they_are() -> None:
    line = "ssh devbox: the bearer of bad news reached ws://127.0.0.1:4500 at /home/me"
    assert redact(line) == line
