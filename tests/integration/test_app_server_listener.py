"""The listener in this process: frames, limits, slow clients, and the end."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed

from codex_ssh.errors import AppServerError, ConfigError
from codex_ssh.server.address import TcpAddress, UnixAddress
from codex_ssh.server.engine import Client
from codex_ssh.server.listener import Listener, ListenerConfig, open_listener
from codex_ssh.server.websocket import MAX_FRAME_BYTES, MAX_QUEUED_MESSAGES
from tests.support.waiting import until

LOOPBACK = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))


class Echo:
    """Says back what it hears; ``flood N`` says it N times, ``break`` has a bug."""

    def __init__(self) -> None:
        self.clients = 0

    async def serve(self, client: Client) -> None:
        self.clients += 1
        try:
            async for frame in client.frames():
                if frame == "break":
                    raise RuntimeError("a bug")
                if frame.startswith("flood "):
                    for _ in range(int(frame.removeprefix("flood "))):
                        client.send("x" * 10_000)
                else:
                    client.send(frame)
        finally:
            self.clients -= 1

    async def drain(self) -> None:
        return


@asynccontextmanager
async def open_echo(config: ListenerConfig = LOOPBACK) -> AsyncGenerator[tuple[Listener, Echo], None]:
    echo = Echo()
    async with open_listener(config, echo) as listener:
        yield listener, echo


async def exchange(ws: ClientConnection, text: str) -> str | bytes:
    await ws.send(text)
    return await ws.recv()


async def hear_all(ws: ClientConnection) -> None:
    while True:
        await ws.recv()


async def test_text_comes_back_and_the_close_is_answered() -> None:
    async with open_echo() as (listener, _), connect(listener.url, proxy=None, max_size=None) as ws:
        await ws.send("hello")
        assert await ws.recv() == "hello"
        await ws.ping()
        await ws.close()
        assert ws.close_code == 1000


async def test_fragments_are_put_together_and_other_frames_are_ignored() -> None:
    async with open_echo() as (listener, _), connect(listener.url, proxy=None) as ws:
        await ws.send(b"binary")
        await ws.send(["in ", "three ", "parts"])
        assert await ws.recv() == "in three parts"


async def test_a_frame_right_behind_the_request_is_heard() -> None:
    request = (
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    masked = b"\x81\x82\0\0\0\0hi"
    async with open_echo() as (listener, _):
        assert isinstance(listener.address, TcpAddress)
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.address.port)
        writer.write(request.encode() + masked)
        async with asyncio.timeout(5):
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(4) == b"\x81\x02hi"
        writer.close()
        await writer.wait_closed()


async def test_compression_is_not_negotiated() -> None:
    async with open_echo() as (listener, _), connect(listener.url, proxy=None) as ws:
        assert ws.protocol.extensions == []


@pytest.mark.parametrize(
    ("size", "taken"), [(MAX_FRAME_BYTES, True), (MAX_FRAME_BYTES + 1, False)], ids=["limit", "beyond"]
)
async def test_a_frame_has_a_limit(size: int, taken: bool) -> None:
    async with open_echo() as (listener, _), connect(listener.url, proxy=None, max_size=None) as ws:
        if taken:
            assert len(await exchange(ws, "x" * size)) == size
        else:
            with pytest.raises(ConnectionClosed):
                await exchange(ws, "x" * size)


async def test_text_that_is_no_utf8_ends_the_connection() -> None:
    async with open_echo() as (listener, _), connect(listener.url, proxy=None) as ws:
        await ws.send(b"\xff", text=True)
        with pytest.raises(ConnectionClosed):
            await ws.recv()


async def test_a_slow_client_is_cut_and_no_other() -> None:
    async with open_echo() as (listener, echo), connect(listener.url, proxy=None) as good:
        assert isinstance(listener.address, TcpAddress)
        async with connect(listener.url, proxy=None, max_queue=1) as slow:
            await slow.send(f"flood {MAX_QUEUED_MESSAGES * 4}")
            await until(lambda: echo.clients == 1, "the slow client is gone")
            with pytest.raises(ConnectionClosed) as caught:
                await hear_all(slow)
            assert caught.value.rcvd is None, "it was cut without a close frame"
        await good.send("still here")
        assert await good.recv() == "still here"


async def test_a_bug_met_by_one_client_does_not_end_the_others() -> None:
    async with open_echo() as (listener, _), connect(listener.url, proxy=None) as good:
        async with connect(listener.url, proxy=None) as bad:
            await bad.send("break")
            with pytest.raises(ConnectionClosed):
                await bad.recv()
        await good.send("still here")
        assert await good.recv() == "still here"


async def test_clients_are_gone_when_the_listener_ends() -> None:
    async with open_echo() as (listener, echo):
        ws = await connect(listener.url, proxy=None)
        await ws.send("hello")
        await ws.recv()
    assert echo.clients == 0
    with pytest.raises(ConnectionClosed) as caught:
        await ws.recv()
    assert caught.value.rcvd is None
    with pytest.raises(OSError, match="onnect"):
        await connect(listener.url, proxy=None)


async def test_an_error_of_the_caller_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with open_echo():
            raise KeyError("mine")


async def test_a_busy_port_is_refused() -> None:
    async with open_echo() as (listener, _):
        with pytest.raises(AppServerError, match="cannot listen") as caught:
            async with open_echo(ListenerConfig(address=listener.address)):
                pass
    assert "os error" in caught.value.said


async def test_nothing_is_bound_beyond_loopback_without_auth() -> None:
    with pytest.raises(ConfigError, match="refusing to start non-loopback"):
        async with open_echo(ListenerConfig(address=TcpAddress(ip="0.0.0.0", port=0))):
            pass


async def test_a_unix_socket_is_private_and_serves(short_path: Path) -> None:
    path = short_path / "s"
    async with open_echo(ListenerConfig(address=UnixAddress(path=path))) as (listener, _):
        assert listener.url == f"unix://{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        async with unix_connect(str(path), uri="ws://localhost/") as ws:
            await ws.send("hello")
            assert await ws.recv() == "hello"
            assert ws.response is not None
            limit = ws.response.headers["x-codex-websocket-max-unfragmented-message-bytes"]
            assert int(limit) == MAX_FRAME_BYTES
    assert not path.exists()


async def test_the_control_socket_stands_below_codex_home(short_path: Path) -> None:
    config = ListenerConfig(address=UnixAddress(), codex_home=short_path / "home")
    async with open_echo(config) as (listener, _):
        path = short_path / "home/app-server-control/app-server-control.sock"
        assert listener.url == f"unix://{path}"
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_client_that_says_nothing_and_leaves_is_forgotten() -> None:
    async with open_echo() as (listener, echo):
        assert isinstance(listener.address, TcpAddress)
        with socket.create_connection(("127.0.0.1", listener.address.port)):
            pass
        async with connect(listener.url, proxy=None) as ws:
            await ws.send("hello")
            assert await ws.recv() == "hello"
            assert echo.clients == 1
