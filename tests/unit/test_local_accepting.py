"""A server that takes clients while a block lasts."""

from __future__ import annotations

import asyncio
import gc
import socket
from pathlib import Path

import pytest

from codex_ssh.local.accepting import accepting


async def test_clients_are_taken_while_the_block_lasts(short_path: Path) -> None:
    came: list[asyncio.StreamWriter] = []
    path = short_path / "s"
    server = await asyncio.start_unix_server(lambda _, writer: came.append(writer), path, start_serving=False)
    async with accepting(server):
        _, writer = await asyncio.open_unix_connection(path)
        writer.close()
        await writer.wait_closed()
    assert not server.is_serving()
    assert len(came) == 1
    came[0].transport.abort()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_unix_connection(path)


@pytest.mark.parametrize("turns", range(5))
async def test_whoever_is_taken_as_it_ends_has_met_the_protocol(turns: int, short_path: Path) -> None:
    came: list[asyncio.StreamWriter] = []
    path = short_path / "s"
    server = await asyncio.start_unix_server(lambda _, writer: came.append(writer), path, start_serving=False)
    with socket.socket(socket.AF_UNIX) as client:
        async with accepting(server):
            client.connect(str(path))
            for _ in range(turns):
                await asyncio.sleep(0)
        # Nobody it was not taken by is left behind: either the kernel let it go, or somebody has it.
        assert len(came) == (turns > 1)
        for writer in came:
            writer.transport.abort()
    gc.collect()


async def test_a_cancellation_while_it_ends_does_not_leave_it_open(short_path: Path) -> None:
    path = short_path / "s"
    server = await asyncio.start_unix_server(lambda *_: None, path, start_serving=False)
    current = asyncio.current_task()
    assert current is not None
    with pytest.raises(asyncio.CancelledError):
        async with accepting(server):
            asyncio.get_running_loop().call_soon(current.cancel)
    current.uncancel()
    assert not server.sockets
    gc.collect()
