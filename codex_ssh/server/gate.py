"""The gate: from a request to "come in" or the answer that says why not.

Lives here: the order of an app server's checks. Not here: reading the request and the upgrade's own rules
(:mod:`codex_ssh.core.upgrade`), token rules (:mod:`codex_ssh.core.token`), sockets
(:mod:`codex_ssh.server.listener`).

Source: codex 0.163 and 0.169, raw requests, case by case (``tests/integration/test_app_server_conformance``).
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.token import Verifier
from codex_ssh.core.upgrade import Refusal, UpgradeRequest, check_upgrade
from codex_ssh.core.value import dataclass

HEALTH_PATHS: Final = ("/readyz", "/healthz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a request must satisfy.

    Attributes:
        verifier: Who judges the credential; None lets everybody in who reaches the listener.
        serves_health: Whether ``/readyz`` and ``/healthz`` are answered; a unix socket has none.
    """

    verifier: Verifier | None = None
    serves_health: bool = True

    def judge(self, request: UpgradeRequest, *, now: float, ready: bool = True) -> Refusal | None:
        """Give None to let a request in, else its answer, health answers included.

        An Origin comes from a web page, and is refused before anything else is looked at. The real
        server does not do that on a unix socket; we do, since no honest client sends one there.

        Args:
            request: The well-formed head.
            now: Unix time in seconds.
            ready: Whether new conversations are taken at all.
        """
        if request.first("origin") is not None:
            return Refusal(status=403)
        if self.serves_health and request.path in HEALTH_PATHS:
            return _answer_health(request, ready=ready)
        if refusal := check_upgrade(request):
            return refusal
        if self.verifier is None:
            return None
        return self.verifier.verify(request.values("authorization"), now=now)


def _answer_health(request: UpgradeRequest, *, ready: bool) -> Refusal:
    if request.method not in ("GET", "HEAD"):
        return Refusal(status=405, headers=(("allow", "GET,HEAD"),))
    if request.path == "/readyz" and not ready:
        return Refusal(status=503)
    return Refusal(status=200)
