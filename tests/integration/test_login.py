"""Signing in by the app server: a real codex with a stand-in for the sign-in service, and the rehearsal."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from tests.integration.app_server_shapes import paths
from tests.support.codex import CodexAppServer, CodexBinary, open_codex
from tests.support.issuer import CODE, EMAIL, Issuer, open_issuer
from tests.support.model import Model
from tests.support.wire import Wire, open_wire

pytestmark = pytest.mark.codex

Json = dict[str, Any]

UNKNOWN = "7b63ee54-40cb-43d4-a0cc-5b3f6d8d7e4c"
BY_CODE = {"type": "chatgptDeviceCode"}


@asynccontextmanager
async def open_signed_out(
    binary: CodexBinary, codex_home: Path, *, model: Model, issuer: Issuer
) -> AsyncGenerator[CodexAppServer, None]:
    """Run a codex that needs a sign-in, and signs in at the stand-in."""
    write_config(codex_home, model, issuer)
    async with open_codex(
        binary, codex_home, cwd=codex_home.parent, environment=issuer.environment
    ) as server:
        yield server


def write_config(codex_home: Path, model: Model, issuer: Issuer) -> None:
    """Write the config of a codex that needs a sign-in."""
    codex_home.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = model.config_toml.replace("requires_openai_auth = false", "requires_openai_auth = true")
    (codex_home / "config.toml").write_text(issuer.config_toml + config)


@dataclass(slots=True, kw_only=True)
class Peer:
    """One of the two servers, and the person who enters the code."""

    endpoint: str
    token: str
    approve: Callable[[], None]


@asynccontextmanager
async def open_peers(
    binary: CodexBinary, tmp_path: Path, model: Model
) -> AsyncGenerator[tuple[Peer, Peer], None]:
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    async with (
        open_issuer() as issuer,
        open_signed_out(binary, tmp_path / "codex-home", model=model, issuer=issuer) as codex,
        open_rehearsal(codex_home=tmp_path, cwd=tmp_path, signed_out=True) as engine,
        open_listener(config, engine) as listener,
    ):

        def approve() -> None:
            issuer.approved = True

        yield (
            Peer(endpoint=codex.endpoint, token=codex.token, approve=approve),
            Peer(endpoint=listener.url, token="", approve=lambda: None),
        )


async def told(wire: Wire, method: str) -> Json:
    """Give the first notification of a method; codex may send it before the answer to what causes it."""
    found = next((message for message in wire.heard if message.get("method") == method), None)
    return found if found is not None else await wire.hear_method(method)


async def a_code_is_entered(wire: Wire, peer: Peer) -> None:
    await wire.ask("account/read")
    assert (await wire.result("account/login/start", BY_CODE))["userCode"]
    peer.approve()
    done = await wire.hear_method("account/login/completed")
    assert done["params"]["success"] is True
    await wire.hear_method("account/updated")
    await wire.ask("account/read")


async def a_code_is_taken_back(wire: Wire, peer: Peer) -> None:
    del peer
    login_id = (await wire.result("account/login/start", BY_CODE))["loginId"]
    assert await wire.result("account/login/cancel", {"loginId": login_id}) == {"status": "canceled"}
    await told(wire, "account/login/completed")
    await wire.ask("account/login/cancel", {"loginId": login_id})
    await wire.ask("account/login/cancel", {"loginId": UNKNOWN})
    await wire.ask("account/login/cancel", {"loginId": "x"})
    await wire.ask("account/login/cancel")
    await wire.ask("account/read")


async def a_second_code_ends_the_first(wire: Wire, peer: Peer) -> None:
    del peer
    first = (await wire.result("account/login/start", BY_CODE))["loginId"]
    await wire.result("account/login/start", BY_CODE)
    ended = await told(wire, "account/login/completed")
    assert ended["params"]["loginId"] == first


async def a_key_is_given_and_taken_away(wire: Wire, peer: Peer) -> None:
    del peer
    await wire.result("account/login/start", {"type": "apiKey", "apiKey": "sk-test"})
    await told(wire, "account/updated")
    await wire.ask("account/read")
    await wire.result("account/logout")
    while wire.methods().count("account/updated") < 2:
        await wire.hear()
    await wire.ask("account/read")


async def what_is_no_sign_in_is_refused(wire: Wire, peer: Peer) -> None:
    del peer
    await wire.ask("account/login/start")
    await wire.ask("account/login/start", {"type": "wrong"})
    await wire.ask("account/login/start", {"type": "apiKey"})


CONVERSATIONS: list[Callable[[Wire, Peer], Awaitable[None]]] = [
    a_code_is_entered,
    a_code_is_taken_back,
    a_second_code_ends_the_first,
    a_key_is_given_and_taken_away,
    what_is_no_sign_in_is_refused,
]


@pytest.mark.parametrize("talk", CONVERSATIONS, ids=lambda talk: talk.__name__)
async def test_the_rehearsal_signs_in_as_codex_does(
    codex_binary: CodexBinary,
    tmp_path: Path,
    model: Model,
    talk: Callable[[Wire, Peer], Awaitable[None]],
) -> None:
    said = []
    async with open_peers(codex_binary, tmp_path, model) as peers:
        for peer in peers:
            async with open_wire(peer.endpoint, peer.token) as wire:
                await wire.initialize()
                await talk(wire, peer)
                said.append(outline(wire.heard))
    theirs, ours = said
    assert "\n".join(ours[0]) == "\n".join(theirs[0])
    if codex_binary.name == "npm":  # 0.163 has a few members less
        assert ours[1] == theirs[1]


def outline(heard: list[Json]) -> tuple[list[str], list[set[str]]]:
    """Give what matters of what was heard: notifications, answers, and their members."""
    about = [message for message in heard if str(message.get("method", "account/")).startswith("account/")]
    about = [message for message in about if message.get("method") != "account/rateLimits/updated"][1:]
    notifications = [message for message in about if "method" in message]
    answers = [message for message in about if "method" not in message]
    lines = [_line(message) for message in (*notifications, *answers)]
    return lines, [paths(message) for message in (*notifications, *answers)]


def _line(message: Json) -> str:
    if "error" in message:
        return f"{message['error']['code']} {message['error']['message']}"
    if "method" in message:
        params = message["params"]
        told = {name: params.get(name) for name in ("success", "error", "authMode") if name in params}
        return f"{message['method']} {json.dumps(told)} {bool(params.get('loginId'))}"
    result = message["result"]
    account = result.get("account") or {}
    told = {name: result[name] for name in ("type", "status", "requiresOpenaiAuth") if name in result}
    return f"{json.dumps(told)} {account.get('type')}"


async def test_the_stand_in_is_believed_and_a_revoked_sign_in_is_unauthorized(
    codex_binary: CodexBinary, tmp_path: Path, model: Model
) -> None:
    async with (
        open_issuer() as issuer,
        open_signed_out(codex_binary, tmp_path / "codex-home", model=model, issuer=issuer) as codex,
        open_wire(codex.endpoint, codex.token) as wire,
    ):
        await wire.initialize()
        began = await wire.result("account/login/start", BY_CODE)
        assert (began["userCode"], began["verificationUrl"]) == (CODE, f"{issuer.url}/codex/device")
        issuer.approved = True
        await told(wire, "account/updated")
        assert (await wire.result("account/read"))["account"]["email"] == EMAIL
        stored = codex.codex_home / "auth.json"
        assert stored.stat().st_mode & 0o777 == 0o600
        issuer.revoked = True
        thread = await wire.start_thread(cwd=str(tmp_path))
        await wire.start_turn(thread, "fail 401")
        turn = await wire.finish_turn()
        assert turn["status"] == "failed"
        assert turn["error"]["codexErrorInfo"] == "unauthorized"
        account = await wire.result("account/read")
        assert (account["account"], account["requiresOpenaiAuth"]) == (None, True)
        # A new sign-in is all it takes, for the thread that is open too.
        issuer.revoked = False
        wire.heard.clear()
        await wire.result("account/login/start", BY_CODE)
        await told(wire, "account/updated")
        await wire.start_turn(thread, "say back again")
        assert (await wire.finish_turn())["status"] == "completed"
