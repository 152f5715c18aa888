"""A raw JSON-RPC client over WebSocket: what a test says and hears, frame by frame.

It knows nothing of our code, so that it can judge it.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect, unix_connect

Json = dict[str, Any]

FRAME_BYTES = 128 * 2**20
"""The official client's limit."""


@dataclass(slots=True, kw_only=True)
class Wire:
    """One connection.

    Attributes:
        heard: Every message that came, in order.
        seconds: The longest wait for one message.
    """

    socket: ClientConnection
    heard: list[Json] = field(default_factory=list)
    seconds: float = 20
    _last_id: int = 0

    async def send(self, message: Json) -> None:
        """Send one message as it is."""
        await self.socket.send(json.dumps(message))

    async def hear(self) -> Json:
        """Take the next message."""
        async with asyncio.timeout(self.seconds):
            message: Json = json.loads(await self.socket.recv())
        self.heard.append(message)
        return message

    async def hear_until(self, wanted: Callable[[Json], bool]) -> Json:
        """Take messages up to the first wanted one, and give that."""
        while not wanted(message := await self.hear()):
            continue
        return message

    async def hear_method(self, method: str) -> Json:
        """Take messages up to that notification or request."""
        return await self.hear_until(lambda message: message.get("method") == method)

    async def ask(self, method: str, params: Json | None = None) -> Json:
        """Send a request and give the whole answer, ``result`` or ``error``."""
        self._last_id += 1
        number = self._last_id
        await self.send({"id": number, "method": method, "params": params or {}})
        return await self.hear_until(lambda m: m.get("id") == number and "method" not in m)

    async def result(self, method: str, params: Json | None = None) -> Json:
        """Send a request that must succeed and give its result."""
        answer = await self.ask(method, params)
        assert "result" in answer, f"{method}: {answer}"
        result: Json = answer["result"]
        return result

    async def initialize(self, *, experimental: bool = True) -> Json:
        """Shake hands as the official client does."""
        result = await self.result(
            "initialize",
            {
                "clientInfo": {"name": "tests", "title": None, "version": "0"},
                "capabilities": {"experimentalApi": experimental},
            },
        )
        await self.send({"method": "initialized"})
        return result

    async def start_thread(self, **params: object) -> str:
        """Start a thread and give its id."""
        thread_id: str = (await self.result("thread/start", params))["thread"]["id"]
        return thread_id

    async def start_turn(self, thread_id: str, text: str, **params: object) -> str:
        """Start a turn and give its id; its events are still to be heard."""
        said = [{"type": "text", "text": text}]
        turn = await self.result("turn/start", {"threadId": thread_id, "input": said, **params})
        turn_id: str = turn["turn"]["id"]
        return turn_id

    async def finish_turn(self) -> Json:
        """Hear the turn to its end and give the turn."""
        turn: Json = (await self.hear_method("turn/completed"))["params"]["turn"]
        return turn

    async def hear_request(self) -> Json:
        """Take messages up to the next request of the server."""
        return await self.hear_until(lambda m: "id" in m and "method" in m)

    def methods(self) -> list[str]:
        """The methods heard so far, in order."""
        return [message["method"] for message in self.heard if "method" in message]


@asynccontextmanager
async def open_wire(
    endpoint: str, token: str = "", *, ca_file: Path | None = None
) -> AsyncGenerator[Wire, None]:
    """Connect to ``ws://…``, ``wss://…`` (with the authority's file) or ``unix://…``; not initialized yet."""
    headers = {"Authorization": f"Bearer {token}"} if token else None
    if endpoint.startswith("unix://"):
        connection = unix_connect(
            endpoint.removeprefix("unix://"),
            uri="ws://localhost/",
            additional_headers=headers,
            compression=None,
            max_size=FRAME_BYTES,
        )
    else:
        connection = connect(
            endpoint,
            additional_headers=headers,
            compression=None,
            max_size=FRAME_BYTES,
            proxy=None,
            ssl=ssl.create_default_context(cafile=ca_file) if ca_file is not None else None,
        )
    async with connection as socket:
        yield Wire(socket=socket)
