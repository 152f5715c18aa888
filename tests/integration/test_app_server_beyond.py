"""Where our listener goes beyond codex: rotation, credentials that end, limits, the audit log."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier, SignedBearerVerifier, Verifier, mint
from codex_ssh.server.address import TcpAddress, UnixAddress
from codex_ssh.server.audit import open_audit_file
from codex_ssh.server.auth import AuthFlags, AuthMode, read_verifier
from codex_ssh.server.backend import AttachedBackend
from codex_ssh.server.credential import FileVerifier
from codex_ssh.server.engine import Engine, Joiner
from codex_ssh.server.hub import Hub
from codex_ssh.server.listener import Listener, ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from tests.integration.app_server_cases import SHARED_SECRET
from tests.support.processes import run
from tests.support.wire import Wire, open_wire

LOOPBACK = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))

OpenListener = Callable[[ListenerConfig], AbstractAsyncContextManager[Listener]]


@pytest.fixture(params=["message by message", "through the hub"])
def open_it(request: pytest.FixtureRequest, tmp_path: Path, short_path: Path) -> OpenListener:
    """Open a listener before the rehearsal, once directly and once spliced to another one."""

    @asynccontextmanager
    async def open_one(config: ListenerConfig) -> AsyncGenerator[Listener, None]:
        async with open_rehearsal(codex_home=tmp_path) as rehearsal:
            if request.param == "message by message":
                engine: Engine | Joiner = rehearsal
                async with open_listener(config, engine) as listener:
                    yield listener
                return
            inner = ListenerConfig(address=UnixAddress(path=short_path / "s"))
            async with open_listener(inner, rehearsal) as behind:
                hub = Hub(backend=AttachedBackend(address=behind.address))
                async with open_listener(config, hub) as listener:
                    yield listener

    return open_one


def write_secret(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o600)
    new.replace(path)


def file_verifier(path: Path) -> FileVerifier:
    def load() -> Verifier:
        found = read_verifier(AuthFlags(mode=AuthMode.CAPABILITY, token_file=path))
        assert found is not None
        return found

    return FileVerifier(path=path, load=load)


async def status(listener: Listener, token: str) -> int:
    try:
        async with open_wire(listener.url, token):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


async def closed_with(wire: Wire) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as caught:
        await wire.hear_until(lambda _: False)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


@pytest.mark.parametrize("closes", [False, True])
async def test_a_replaced_token_lets_nobody_in_and_ends_who_is_there_only_if_asked(
    open_it: OpenListener, tmp_path: Path, closes: bool
) -> None:
    path = tmp_path / "token"
    write_secret(path, "first")
    config = replace(LOOPBACK, verifier=file_verifier(path), close_expired=closes)
    async with open_it(config) as listener, open_wire(listener.url, "first") as wire:
        await wire.initialize()
        write_secret(path, "second")
        assert await status(listener, "first") == 401
        async with open_wire(listener.url, "second") as new:
            await new.initialize()
            if closes:
                assert await closed_with(wire) == (1008, "the websocket credential was replaced")
            else:
                assert "data" in await wire.result("model/list")
            assert "data" in await new.result("model/list")


async def test_an_expired_jwt_ends_its_connection_when_asked(open_it: OpenListener) -> None:
    verifier = SignedBearerVerifier(secret=Secret(SHARED_SECRET), skew_seconds=0)
    config = replace(LOOPBACK, verifier=verifier, close_expired=True)
    now = int(time.time())
    short, long = (mint(Secret(SHARED_SECRET), now=now, lifetime_seconds=s).reveal() for s in (2, 600))
    async with open_it(config) as listener:
        async with open_wire(listener.url, short) as wire, open_wire(listener.url, long) as other:
            await wire.initialize()
            assert await closed_with(wire) == (1008, "expired websocket jwt")
            await other.initialize()
        assert await status(listener, short) == 401


async def test_who_fails_too_often_is_refused_for_a_while_and_health_still_answers(
    open_it: OpenListener, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = CapabilityVerifier.from_token(Secret("good-canary"))
    async with open_it(replace(LOOPBACK, verifier=verifier, max_failures=12)) as listener:
        assert await status(listener, "good-canary") == 101
        assert {await status(listener, f"bad-canary-{n}") for n in range(12)} == {401}
        assert await status(listener, "bad-canary") == 429
        assert await status(listener, "good-canary") == 429
        with pytest.raises(InvalidStatus) as caught:
            async with open_wire(f"{listener.url}/readyz"):
                pass
        assert caught.value.response.status_code == 200
    assert "canary" not in caplog.text
    assert caplog.text.count("invalid websocket bearer token") == 10
    assert "12 failed attempts" in caplog.text


async def test_there_are_only_so_many_connections(open_it: OpenListener) -> None:
    async with open_it(replace(LOOPBACK, max_connections=2)) as listener:
        async with open_wire(listener.url) as first, open_wire(listener.url):
            assert await status(listener, "") == 503
            await first.initialize()
        assert await status(listener, "") == 101


async def test_the_audit_log_says_who_did_what_and_nothing_that_was_said(
    open_it: OpenListener, tmp_path: Path
) -> None:
    path = tmp_path / "audit"
    verifier = SignedBearerVerifier(secret=Secret(SHARED_SECRET))
    token = mint(Secret(SHARED_SECRET), now=int(time.time()), lifetime_seconds=60).reveal()
    with open_audit_file(path) as handle:
        async with open_it(replace(LOOPBACK, verifier=verifier, audit_file=handle)) as listener:
            assert await status(listener, "canary-wrong") == 401
            async with open_wire(listener.url, token) as wire:
                await wire.initialize()
                thread = await wire.start_thread()
                await wire.start_turn(thread, "say canary-words")
                await wire.finish_turn()
            url = listener.url
    text = path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line.get("method", line["event"]) for line in lines] == [
        "refused", "open", "initialize", "initialized", "thread/start", "turn/start", "close",
    ]  # fmt: skip
    assert lines[0]["reason"] == "invalid websocket jwt"
    assert {line["listener"] for line in lines} == {url}
    (who,) = {line["who"] for line in lines[1:]}
    assert who.startswith("sha256:")
    assert all(line["peer"].startswith("127.0.0.1:") for line in lines)
    assert "canary" not in text
    assert token.split(".")[2] not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


AS_NOBODY = """
import os, socket, sys
os.setgroups([]), os.setgid(65534), os.setuid(65534)
with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(10)
    connection.connect(sys.argv[1])
    try:
        connection.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        print(connection.recv(100))
    except (BrokenPipeError, ConnectionResetError):
        print(b"")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
async def test_another_user_gets_nothing_from_a_unix_socket(
    tmp_path: Path, short_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = short_path / "s"
    config = ListenerConfig(address=UnixAddress(path=path))
    async with open_rehearsal(codex_home=tmp_path) as engine, open_listener(config, engine) as listener:
        # As if somebody had opened the way; only the check of the peer is left.
        short_path.chmod(0o755)
        path.chmod(0o666)
        done = await run([sys.executable, "-c", AS_NOBODY, path])
        assert (done.code, done.out) == (0, "b''\n"), done.err
        async with open_wire(listener.url) as wire:
            await wire.initialize()
    assert "user 65534 is not let in" in caplog.text
