"""An app server that does what a measurement wants: ``python -m tests.bench.app_server app-server HOME``.

It listens on a free port of loopback, prints it, asks for no token, and ends with its stdin. It shakes hands
as codex does, and beside that echoes, ticks, floods, and carries plain bytes. HOME is what it says its
CODEX_HOME is. The word ``app-server`` tells a client, as with codex, how it authenticates.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any, Final

Json = dict[str, Any]

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
THREAD, TURN, ITEM = "t-1", "turn-1", "item-1"
PIECE: Final = b"x" * 65536
LITTLE: Final = "delta " * 12


def notification(method: str, **params: Any) -> bytes:
    """Give one about the only thread there is."""
    return json.dumps({"method": method, "params": {"threadId": THREAD, **params}}).encode()


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Give an unmasked frame."""
    size = len(payload)
    if size < 126:
        head = bytes([0x80 | opcode, size])
    elif size < 65536:
        head = bytes([0x80 | opcode, 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, 127]) + size.to_bytes(8, "big")
    return head + payload


class Client(asyncio.Protocol):
    """One connection.

    Args:
        home: Its CODEX_HOME, as it says.
        tasks: For what goes on while others are served.
    """

    def __init__(self, home: str, tasks: asyncio.TaskGroup) -> None:
        self._home = home
        self._tasks = tasks
        self._buffer = bytearray()
        self._is_upgraded = False
        self._whole = bytearray()
        self._raw_left = 0
        self._raw_over: Callable[[], None] = lambda: None
        self._room = asyncio.Event()
        self._room.set()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._room.set()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def data_received(self, data: bytes) -> None:
        if self._raw_left:
            self._raw_left -= len(data)
            if self._raw_left <= 0:
                self._raw_left = 0
                self._raw_over()
            return
        self._buffer += data
        if not self._is_upgraded:
            head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
            if not found:
                return
            self._is_upgraded = True
            self._buffer = bytearray(rest)
            self.transport.write(answer(head))
        while (taken := self._take_frame()) is not None:
            opcode, payload, is_last = taken
            if opcode == PING:
                self.transport.write(frame(payload, PONG))
            elif opcode == CLOSE:
                self.transport.write(frame(payload, CLOSE))
                self.transport.close()
            elif opcode in (0, TEXT):
                self._whole += payload
                if is_last:
                    message, self._whole = json.loads(self._whole), bytearray()
                    self._hear(message)

    def _take_frame(self) -> tuple[int, bytes, bool] | None:
        buffer = self._buffer
        if len(buffer) < 6:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size > 125:
            start = 4 if size == 126 else 10
            if len(buffer) < start + 4:
                return None
            size = int.from_bytes(buffer[2:start], "big")
        end = start + 4 + size
        if len(buffer) < end:
            return None
        mask, payload = bytes(buffer[start : start + 4]), bytes(buffer[start + 4 : end])
        opcode, is_last = buffer[0] & 0x0F, bool(buffer[0] & 0x80)
        del buffer[:end]
        if mask != b"\0\0\0\0":
            whole = int.from_bytes(mask * (size // 4 + 1), "big") >> (8 * (4 - size % 4))
            payload = (int.from_bytes(payload, "big") ^ whole).to_bytes(size, "big")
        return opcode, payload, is_last

    def say(self, payload: bytes) -> None:
        """Send one message."""
        self.transport.write(frame(payload))

    def _hear(self, message: Json) -> None:
        if "id" not in message or "method" not in message:
            return
        method, params = message["method"], message.get("params") or {}
        self.say(json.dumps({"id": message["id"], **self._reply(method, params)}).encode())
        match method:
            case "bench/tick":
                self._tasks.create_task(self._tick(params["count"], params["hz"]))
            case "bench/flood":
                self._tasks.create_task(self._flood(params["count"]))
            case "bench/pour":
                self._tasks.create_task(self._pour(params["bytes"]))
            case "bench/drain":
                self._raw_left = params["bytes"]
                self._raw_over = lambda: self.say(b'{"method":"bench/drained"}')
            case "turn/start":
                self.say(notification("turn/started", turn={**a_turn()}))

    def _reply(self, method: str, params: Json) -> Json:
        thread = {"id": THREAD, "preview": "", "cwd": "/", "status": {"type": "idle"}, "turns": []}
        results: dict[str, Any] = {
            "initialize": {"userAgent": "bench/0.169.0 (x; y)", "codexHome": self._home},
            "account/read": {"account": {"type": "apiKey"}, "requiresOpenaiAuth": False},
            "thread/start": {"thread": thread, "model": "bench", "cwd": "/", "approvalPolicy": "never"},
            "thread/resume": {"thread": thread, "model": "bench", "cwd": "/", "approvalPolicy": "never"},
            "turn/start": {"turn": a_turn()},
            "bench/echo": {"text": params.get("text", "")},
        }
        if method in results:
            return {"result": results[method]}
        if method.startswith("bench/"):
            return {"result": {}}
        return {"error": {"code": -32601, "message": "not here"}}

    async def _tick(self, count: int, hz: float) -> None:
        """Say when it is, at an even pace."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(count):
            await asyncio.sleep(began + number / hz - loop.time())
            at = json.dumps({"method": "bench/tick", "params": {"at": time.monotonic(), "text": LITTLE}})
            self.say(at.encode())

    async def _flood(self, count: int) -> None:
        """Stream a message, a few words at a time, as fast as it goes."""
        self.say(notification("turn/started", turn=a_turn()))
        item = {"type": "agentMessage", "id": ITEM, "text": ""}
        self.say(notification("item/started", turnId=TURN, item=item))
        one = frame(
            notification("item/agentMessage/delta", turnId=TURN, itemId=ITEM, delta="a word or two of it")
        )
        at_once = 50
        for _ in range(count // at_once):
            await self._room.wait()
            if self.transport.is_closing():
                return
            self.transport.write(one * at_once)
        self.say(notification("turn/completed", turn={**a_turn(), "status": "completed"}))

    async def _pour(self, count: int) -> None:
        """Send bytes that are no frames."""
        for _ in range(count // len(PIECE)):
            await self._room.wait()
            if self.transport.is_closing():
                return
            self.transport.write(PIECE)


def a_turn() -> Json:
    """Give the turn that runs."""
    return {"id": TURN, "status": "inProgress", "items": []}


def answer(head: bytes) -> bytes:
    """Give the answer to a request to upgrade."""
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    key = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    digest = hashlib.sha1(key.split(b": ", 1)[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    assert fields[b"upgrade"] == b"websocket"
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


async def main(home: str) -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        server = await loop.create_server(lambda: Client(home, tasks), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
        sys.exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[2]))
