"""The order of the gate's checks."""

from __future__ import annotations

import pytest

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier
from codex_ssh.core.upgrade import Refusal, UpgradeRequest
from codex_ssh.server.gate import Gate

UPGRADE = (
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "x"),
)
GOOD = ("authorization", "Bearer t")
closed = Gate(verifier=CapabilityVerifier.from_token(Secret("t")))
unix = Gate(serves_health=False)


def judge(
    gate: Gate, *headers: tuple[str, str], method: str = "GET", target: str = "/", ready: bool = True
) -> int:
    """The status, 101 for "come in"."""
    request = UpgradeRequest(method=method, target=target, http_version="1.1", headers=headers)
    refusal = gate.judge(request, now=0, ready=ready)
    return 101 if refusal is None else refusal.status


def test_a_good_credential_comes_in() -> None:
    assert judge(closed, *UPGRADE, GOOD) == 101
    assert judge(closed, *UPGRADE) == 401


def test_without_auth_everybody_comes_in() -> None:
    assert judge(Gate(), *UPGRADE) == 101
    assert judge(unix, *UPGRADE) == 101


@pytest.mark.parametrize("gate", [closed, Gate(), unix])
@pytest.mark.parametrize("target", ["/", "/readyz", "/healthz"])
def test_an_origin_never_comes_in(gate: Gate, target: str) -> None:
    assert judge(gate, *UPGRADE, GOOD, ("origin", ""), target=target) == 403


def test_what_is_no_upgrade_is_told_so_before_its_credential_is_looked_at() -> None:
    assert judge(closed) == 400
    assert judge(closed, *UPGRADE, method="POST") == 405


def test_health_needs_no_credential() -> None:
    assert judge(closed, target="/healthz") == 200
    assert judge(closed, target="/readyz?x", method="HEAD") == 200
    assert judge(closed, target="/readyz", ready=False) == 503
    assert judge(closed, target="/healthz", ready=False) == 200
    assert judge(closed, target="/healthz", method="POST") == 405


def test_a_unix_socket_has_no_health() -> None:
    assert judge(unix, target="/readyz") == 400


def test_the_methods_of_health_are_named() -> None:
    request = UpgradeRequest(method="POST", target="/readyz", http_version="1.1", headers=())
    assert Gate().judge(request, now=0) == Refusal(status=405, headers=(("allow", "GET,HEAD"),))
