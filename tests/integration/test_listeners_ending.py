"""Every listener of ours ends at each step of the loop without leaving a socket behind.

A socket nobody closes is a warning, and every warning is a failure. Left to asyncio, a server that is
cancelled while it starts stays open, and a client that is taken in the moment the server is closed is never
closed (CPython gh-109564).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.secret import Secret
from codex_ssh.link.forward import open_door
from codex_ssh.link.ports import listening_here
from codex_ssh.link.ssh_askpass import AskpassServer
from codex_ssh.local.tasks import open_tasks
from codex_ssh.server.address import TcpAddress, UnixAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from tests.integration.test_app_server_conformance import NoEngine
from tests.integration.test_link_dial import Nobody

STEPS = range(8)
"""So many turns of the loop; a client is served after four."""

Listening = Callable[[Path], AbstractAsyncContextManager[str | int]]
"""Listens while its block lasts, and gives a port or a path."""


async def stay(*_: object) -> None:
    await asyncio.get_running_loop().create_future()


async def reach_nothing(*_: object) -> asyncio.BaseProtocol:
    raise AssertionError("no client asks for anything")


@asynccontextmanager
async def asking(directory: Path) -> AsyncGenerator[str, None]:
    async with AskpassServer(directory, Nobody(), "devbox", lambda _: "").serve():
        yield str(directory / "ask")


@asynccontextmanager
async def door(_: Path) -> AsyncGenerator[int, None]:
    at = WsEndpoint(host="127.0.0.1", port=0)
    async with open_door(reach_nothing, at=at, token=Secret("t")) as opened:  # type: ignore[arg-type]
        assert isinstance(opened.endpoint, WsEndpoint)
        yield opened.endpoint.port


@asynccontextmanager
async def door_of_a_file(directory: Path) -> AsyncGenerator[str, None]:
    at = UnixEndpoint(path=str(directory / "door"))
    async with open_door(reach_nothing, at=at, token=Secret("t")):  # type: ignore[arg-type]
        yield at.path


@asynccontextmanager
async def port(_: Path) -> AsyncGenerator[int, None]:
    async with open_tasks() as tasks, listening_here(0, "devbox", tasks, stay) as opened:
        yield opened


@asynccontextmanager
async def app_server(_: Path) -> AsyncGenerator[int, None]:
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    async with open_listener(config, NoEngine()) as listener:
        assert isinstance(listener.address, TcpAddress)
        yield listener.address.port


@asynccontextmanager
async def app_server_of_a_file(directory: Path) -> AsyncGenerator[str, None]:
    path = directory / "s"
    async with open_listener(ListenerConfig(address=UnixAddress(path=path)), NoEngine()):
        yield str(path)


EVERY_LISTENER = [asking, door, door_of_a_file, port, app_server, app_server_of_a_file]


async def turn(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


def connect(at: str | int) -> socket.socket:
    """Connect at once: the kernel takes a client for the listener."""
    if isinstance(at, int):
        return socket.create_connection(("127.0.0.1", at))
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(at)
    except BaseException:
        client.close()
        raise
    return client


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("listening", EVERY_LISTENER)
async def test_a_client_that_comes_as_it_ends_is_closed(
    listening: Listening, steps: int, short_path: Path
) -> None:
    short_path.chmod(0o700)
    async with contextlib.AsyncExitStack() as stack:
        async with listening(short_path) as at:
            client = stack.enter_context(connect(at))
            await turn(steps)
        await turn(2)
        client.settimeout(5)
        assert await asyncio.to_thread(gone, client)
    gc.collect()


def gone(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("listening", EVERY_LISTENER)
async def test_one_that_is_cancelled_as_it_begins_is_closed(
    listening: Listening, steps: int, short_path: Path
) -> None:
    short_path.chmod(0o700)
    paths: list[str | int] = []

    async def listen() -> None:
        async with listening(short_path) as at:
            paths.append(at)
            await stay()

    async with open_tasks() as tasks:
        tasks.start(listen())
        await turn(steps)
    gc.collect()
    for at in paths:
        with pytest.raises(OSError, match=r"refused|No such file"):
            connect(at)
