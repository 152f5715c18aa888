"""Many clients at once: counted, not timed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.integration.app_server_cases import request
from tests.integration.app_server_command import open_command
from tests.support.wire import open_wire

CLIENTS = 1000
AT_ONCE = 100


async def test_a_thousand_idle_clients_stay_and_the_next_one_is_served(
    tmp_path: Path, workspace: Path
) -> None:
    words = ("--engine", "rehearsal", "--listen", "ws://127.0.0.1:0")
    async with open_command(*words, cwd=workspace, tmp_path=tmp_path) as command:
        port = int(command.endpoint.rpartition(":")[2])
        gate = asyncio.Semaphore(AT_ONCE)
        clients: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

        async def come() -> None:
            async with gate, asyncio.timeout(30):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                clients.append((reader, writer))
                writer.write(request())
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(CLIENTS):
                    group.create_task(come())
            async with open_wire(command.endpoint) as wire:
                await wire.initialize()
                thread = await wire.start_thread()
                await wire.start_turn(thread, "say all is well")
                assert (await wire.finish_turn())["status"] == "completed"
            assert not any(reader.at_eof() for reader, _ in clients)
            assert len(clients) == CLIENTS
        finally:
            for _, writer in clients:
                writer.transport.abort()
        async with open_wire(command.endpoint) as wire:
            await wire.initialize()
        command.process.terminate()
        assert await command.ended() == 0
        assert "too many" not in command.said
