"""Noise on the wire of a listener: nobody gets in by it, nothing breaks, and the next one is served."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier
from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from tests.integration.app_server_cases import GOOD, REQUESTS, request
from tests.support.codex import TEST_TOKEN
from tests.support.wire import open_wire

ROUNDS = 300


async def shout(port: int, raw: bytes) -> bytes:
    """Send bytes and the end; give all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        async with asyncio.timeout(20):
            with suppress(OSError):
                writer.write(raw)
                writer.write_eof()
                heard = await reader.read()
    finally:
        writer.transport.abort()
    return heard


def noise(chance: random.Random) -> bytes:
    """Bytes without sense, or a request that lost some of it."""
    raw = bytearray(chance.choice(list(REQUESTS.values()))) if chance.random() < 0.7 else bytearray()
    raw = raw.replace(GOOD.encode(), b"Authorization: Bearer wrong\r\n")
    for _ in range(chance.randint(1, 8)):
        place = chance.randint(0, len(raw))
        raw[place : place + chance.randint(0, 9)] = chance.randbytes(chance.randint(0, 30))
    return bytes(raw)


def frames(chance: random.Random) -> bytes:
    """A good request, and behind it frames nobody should send."""
    return request(GOOD) + chance.randbytes(chance.randint(1, 200))


@pytest.mark.parametrize(("make", "lets_in"), [(noise, False), (frames, True)])
async def test_noise_changes_nothing(
    make: Callable[[random.Random], bytes],
    lets_in: bool,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    chance = random.Random(20261122)
    config = ListenerConfig(
        address=TcpAddress(ip="127.0.0.1", port=0),
        verifier=CapabilityVerifier.from_token(Secret(TEST_TOKEN)),
        max_failures=10 * ROUNDS,
    )
    async with open_rehearsal(codex_home=tmp_path) as engine, open_listener(config, engine) as listener:
        assert isinstance(listener.address, TcpAddress)
        for _ in range(ROUNDS):
            heard = await shout(listener.address.port, make(chance))
            assert heard.startswith(b"HTTP/1.1 101") is lets_in
        async with open_wire(listener.url, TEST_TOKEN) as wire:
            assert "userAgent" in await wire.initialize()
    broken = [record.getMessage() for record in caplog.records if record.exc_info]
    assert broken == []
    assert TEST_TOKEN not in caplog.text
