"""Many clients at once: counted, not timed."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from tests.integration.app_server_cases import request
from tests.integration.app_server_command import open_command
from tests.support.tls import write_certificates
from tests.support.wire import open_wire

AT_ONCE = 100

MOST_KIB = 100
"""What a client may cost: it is some 20, with TLS 75, and was 300 with the buffers asyncio takes itself."""


def memory_kib(pid: int) -> int:
    (line,) = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
    ]
    return int(line.split()[1])


@pytest.mark.parametrize(("scheme", "count"), [("ws", 1000), ("wss", 200)])
async def test_a_thousand_idle_clients_stay_and_the_next_one_is_served(
    tmp_path: Path, workspace: Path, scheme: str, count: int
) -> None:
    ca_file, chain = write_certificates(tmp_path / "tls", "127.0.0.1")
    tls = ssl.create_default_context(cafile=ca_file) if scheme == "wss" else None
    trust = ca_file if tls is not None else None
    words: tuple[str | Path, ...] = ("--engine", "rehearsal", "--listen", f"{scheme}://127.0.0.1:0")
    if tls is not None:
        words = (*words, "--tls-cert", chain, "--tls-key", chain)
    async with open_command(*words, cwd=workspace, tmp_path=tmp_path) as command:
        port = int(command.endpoint.rpartition(":")[2])
        gate = asyncio.Semaphore(AT_ONCE)
        clients: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

        async def come() -> None:
            async with gate, asyncio.timeout(30):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
                clients.append((reader, writer))
                writer.write(request())
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")

        before = memory_kib(command.process.pid)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(come())
            async with open_wire(command.endpoint, ca_file=trust) as wire:
                await wire.initialize()
                thread = await wire.start_thread()
                await wire.start_turn(thread, "say all is well")
                assert (await wire.finish_turn())["status"] == "completed"
            assert not any(reader.at_eof() for reader, _ in clients)
            assert len(clients) == count
            assert (memory_kib(command.process.pid) - before) / count < MOST_KIB
            for reader, writer in clients:
                writer.write(b"\x89\x80\0\0\0\0")  # a ping
                async with asyncio.timeout(30):
                    assert await reader.readexactly(2) == b"\x8a\0"
        finally:
            for _, writer in clients:
                writer.transport.abort()
        async with open_wire(command.endpoint, ca_file=trust) as wire:
            await wire.initialize()
        command.process.terminate()
        assert await command.ended() == 0
        assert "too many" not in command.said
