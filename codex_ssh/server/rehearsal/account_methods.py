"""Requests about the account: who is signed in, and a sign-in that costs nothing.

Lives here: one function a method, which answers it, and the sign-in under way. Not
here: who is signed in (:mod:`codex_ssh.server.rehearsal.account`), and any credential: a key that is sent is
looked at by nobody and kept nowhere, and the code leads nowhere.

Source: what codex 0.163 and 0.169 answer and tell, compared in ``tests/integration/test_login.py``.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import Final

from codex_ssh.core.rpc import Request
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal.hub import Session
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.wire import Refused, Shape

APPROVED_SECONDS: Final = 3.0
"""So long after it was asked for somebody has entered the code, as it were."""

VERIFICATION_URL: Final = "https://rehearsal.invalid/codex/device"
USER_CODE: Final = "REHE-ARSAL"

_KINDS: Final = (
    "apiKey",
    "chatgpt",
    "chatgptDeviceCode",
    "chatgptAuthTokens",
    "amazonBedrock",
    "amazonBedrockAccessKeys",
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def account_read(registry: Registry, session: Session, request: Request) -> None:
    """Say who is signed in."""
    session.reply(request.id, registry.account.shape())


def login_start(registry: Registry, session: Session, request: Request) -> None:
    """Begin a sign-in; one that was under way ends."""
    kind = read.text(request.params, "type")
    if kind not in _KINDS:
        expected = ", ".join(f"`{one}`" for one in _KINDS)
        raise Refused(f"Invalid request: unknown variant `{kind}`, expected one of {expected}")
    if kind == "apiKey":
        read.text(request.params, "apiKey")
        _end(registry)
        session.reply(request.id, {"type": kind})
        _signed_in(registry, "", "apiKey")
    elif kind == "chatgptDeviceCode":
        superseded = registry.account.login_id
        _forget(registry)
        login_id = registry.account.login_id = str(uuid.uuid4())
        registry.account.waiting = registry.group.create_task(_approve(registry, login_id))
        session.reply(
            request.id,
            {
                "type": kind,
                "loginId": login_id,
                "verificationUrl": VERIFICATION_URL,
                "userCode": USER_CODE,
            },
        )
        if superseded:
            _not_completed(registry, superseded)
    else:
        raise Refused(f"the rehearsal has no sign-in by {kind}")


def login_cancel(registry: Registry, session: Session, request: Request) -> None:
    """Give up the sign-in that is under way."""
    login_id = read.text(request.params, "loginId")
    if not _UUID.fullmatch(login_id):
        raise Refused(f"invalid login id: {login_id}")
    found = login_id == registry.account.login_id
    session.reply(request.id, {"status": "canceled" if found else "notFound"})
    if found:
        _end(registry)


def logout(registry: Registry, session: Session, request: Request) -> None:
    """Sign out; from then on somebody has to be signed in."""
    _end(registry)
    registry.account.kind = ""
    registry.account.required = True
    session.reply(request.id, {})
    registry.hub.broadcast("account/updated", {"authMode": None, "planType": None})


def close(registry: Registry) -> None:
    """End the sign-in that is under way, with the engine."""
    _forget(registry)


async def _approve(registry: Registry, login_id: str) -> None:
    await asyncio.sleep(APPROVED_SECONDS)
    registry.account.waiting, registry.account.login_id = None, ""
    _signed_in(registry, login_id, "chatgpt")


def _signed_in(registry: Registry, login_id: str, kind: str) -> None:
    registry.account.kind, registry.account.expired = kind, False
    registry.account.required = True
    registry.hub.broadcast("account/login/completed", _completed(login_id, error=None))
    plan = "free" if kind == "chatgpt" else None
    registry.hub.broadcast("account/updated", {"authMode": kind.lower(), "planType": plan})


def _end(registry: Registry) -> None:
    login_id = registry.account.login_id
    _forget(registry)
    if login_id:
        _not_completed(registry, login_id)


def _forget(registry: Registry) -> None:
    if registry.account.waiting is not None:
        registry.account.waiting.cancel()
    registry.account.waiting, registry.account.login_id = None, ""


def _not_completed(registry: Registry, login_id: str) -> None:
    registry.hub.broadcast("account/login/completed", _completed(login_id, error="Login was not completed"))


def _completed(login_id: str, *, error: str | None) -> Shape:
    return {
        "loginId": login_id or None,
        "success": error is None,
        "error": error,
        "onboardingEntrypoint": None,
    }
