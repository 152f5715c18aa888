"""A WebSocket client that costs next to nothing, so that what is measured is the server."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any

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
