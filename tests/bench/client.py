"""A WebSocket client that costs next to nothing, so that what is measured is the server."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any, cast

from tests.integration.app_server_cases import request

PING, PONG, TEXT = 0x9, 0xA, 0x1


@dataclass(slots=True)
class Client:
    """An upgraded connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _last_id: int = 0

    def send(self, opcode: int, payload: bytes) -> None:
        """Write one frame, masked with zeros: as legal as any mask, and free."""
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self.writer.write(bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload)

    async def hear(self) -> tuple[int, bytes]:
        """Read one frame."""
        first, second = await self.reader.readexactly(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        return first & 0x0F, await self.reader.readexactly(size)

    async def ask(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send a request and wait for its answer."""
        self._last_id += 1
        begin = b'{"id":%d,' % self._last_id
        self.send(TEXT, json.dumps({"id": self._last_id, "method": method, "params": params or {}}).encode())
        while True:
            opcode, payload = await self.hear()
            if opcode == TEXT and (payload.startswith(begin) or _id(payload) == self._last_id):
                return

    async def initialize(self) -> None:
        """Shake hands."""
        await self.ask("initialize", {"clientInfo": {"name": "bench", "title": None, "version": "0"}})
        self.send(TEXT, b'{"method":"initialized"}')

    async def ping(self) -> None:
        """Send a ping and wait for its answer."""
        self.send(PING, b"")
        while (await self.hear())[0] != PONG:
            continue

    def abort(self) -> None:
        """Hang up."""
        self.writer.transport.abort()


def _id(payload: bytes) -> object:
    message = json.loads(payload)
    return None if "method" in message else message.get("id")


async def connect(port: int, token: str, *, tls: ssl.SSLContext | None = None) -> Client:
    """Connect to a port on loopback and upgrade; any answer but 101 is an OSError."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=tls, server_hostname="127.0.0.1" if tls is not None else None
    )
    return await _upgrade(reader, writer, token)


async def upgrade(connection: socket.socket, token: str) -> Client:
    """Upgrade a connection that is there; any answer but 101 is an OSError."""
    return await _upgrade(*await asyncio.open_connection(sock=connection), token)


async def _upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> Client:
    try:
        writer.write(request(f"Authorization: Bearer {token}\r\n"))
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, OSError) as error:
        writer.transport.abort()
        raise OSError(str(error)) from error
    if not head.startswith(b"HTTP/1.1 101 "):
        writer.transport.abort()
        raise OSError(head.partition(b"\r\n")[0].decode())
    return Client(reader, writer)


PIECE = b"x" * 65536


class Stream(asyncio.Protocol):
    """Plain bytes behind an upgrade, one way: ``down`` from :mod:`tests.bench.app_server`, or ``up`` to it.

    Args:
        way: Which.
        size: Bytes, a multiple of 64 KiB.
        token: Shown at the upgrade.
        port: Of whoever listens, for the ``Host`` header.

    Attributes:
        took: Gives the seconds from the first byte's being asked for, or sent, to the last one's arrival.
    """

    def __init__(self, way: str, size: int, token: str, port: int) -> None:
        self._way = way
        self._size = size
        self._request = request(f"Authorization: Bearer {token}\r\n", host=f"Host: 127.0.0.1:{port}\r\n")
        self._head = b""
        self._is_open = False
        self._left = size
        self._may_write = True
        self._began = 0.0
        self.took: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a channel of SSH has its methods
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            self._head += data
            if b"\r\n\r\n" not in self._head:
                return
            assert self._head.startswith(b"HTTP/1.1 101"), self._head
            self._is_open = True
            method = "bench/pour" if self._way == "down" else "bench/drain"
            words = json.dumps({"id": 1, "method": method, "params": {"bytes": self._size}}).encode()
            self._began = time.perf_counter()
            self._transport.write(bytes([0x81, 0x80 | len(words)]) + b"\0\0\0\0" + words)
            self._head = b""
        elif self._way == "down":
            self._left -= len(data)
            if self._left <= 0:  # the answer to the request is among them
                self._end()
        elif b"bench/drained" in data:
            self._end()
        elif not self._head:  # the answer to the request: it is ready
            self._head = data
            self._write()

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._write()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.took.done():
            self.took.set_exception(exc or EOFError())

    def _write(self) -> None:
        while self._way == "up" and self._head and self._may_write and self._left > 0:
            self._left -= len(PIECE)
            self._transport.write(PIECE)

    def _end(self) -> None:
        if not self.took.done():
            self.took.set_result(time.perf_counter() - self._began)
