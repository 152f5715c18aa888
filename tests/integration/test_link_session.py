"""A session with a peer that has its moods: a WebSocket server of the test's own, on a real socket."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.methods import thread_list, turn_start
from codex_ssh.core.secret import Secret
from codex_ssh.errors import LinkLost, RpcFailed
from codex_ssh.link.dial import DoorDial
from codex_ssh.link.session import NO_METHOD, OVERLOAD_TRIES, Session
from codex_ssh.link.websocket import open_websocket
from codex_ssh.local.tasks import open_tasks

Json = dict[str, Any]

OVERLOADED = {"code": -32001, "message": "Server overloaded; retry later."}
"""As codex 0.169 answers when its queue is full."""


@asynccontextmanager
async def session_with(answer: Callable[[Json], Json]) -> AsyncGenerator[Session, None]:
    """Give a session whose peer answers each request with these members."""

    async def talk(connection: ServerConnection) -> None:
        async for frame in connection:
            request = json.loads(frame)
            await connection.send(json.dumps({"id": request["id"], **answer(request)}))

    async def explain(lost: LinkLost) -> LinkLost:
        return lost

    async with serve(talk, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        dial = DoorDial(WsEndpoint(host="127.0.0.1", port=port), token=Secret("x"), transport="test")
        async with open_websocket(dial, "devbox") as websocket, open_tasks() as tasks:
            session = Session(websocket, "devbox", explain=explain)
            tasks.start(session.pump())
            yield session


async def test_a_server_without_room_is_asked_again_for_what_may_be_asked_twice() -> None:
    asked: list[str] = []

    def answer(request: Json) -> Json:
        asked.append(request["method"])
        return {"error": OVERLOADED} if len(asked) < 4 else {"result": {"data": []}}

    async with session_with(answer) as session:
        assert (await session.call(thread_list())).data == ()
    assert asked == ["thread/list"] * 4


async def test_it_is_not_asked_for_ever_and_a_turn_is_never_started_twice() -> None:
    asked: list[str] = []

    def answer(request: Json) -> Json:
        asked.append(request["method"])
        return {"error": OVERLOADED}

    async with session_with(answer) as session:
        with pytest.raises(RpcFailed, match="overloaded"):
            await session.call(turn_start("t", "say x"))
        assert asked == ["turn/start"]
        with pytest.raises(RpcFailed, match="overloaded"):
            await session.call(thread_list())
    assert asked == ["turn/start"] + ["thread/list"] * (OVERLOAD_TRIES + 1)


async def test_one_refusal_names_every_method_the_server_has() -> None:
    words = f"Invalid request: unknown variant `{NO_METHOD}`, expected one of `initialize`, `thread/fork`"

    async with session_with(lambda _: {"error": {"code": -32600, "message": words}}) as session:
        assert session.knows("thread/fork") is None
        await session.learn_methods()
        assert session.knows("thread/fork") is True
        assert session.knows("review/start") is False
