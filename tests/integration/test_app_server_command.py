"""``codex-ssh app-server`` as a process: its banner, its signals, and what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support import processes
from tests.support.waiting import until
from tests.support.wire import open_wire


@dataclass(slots=True, kw_only=True)
class Command:
    process: asyncio.subprocess.Process
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def endpoint(self) -> str:
        found = re.search(r"listening on: (\S+)", self.said)
        return found[1] if found else ""

    async def ended(self) -> int:
        async with asyncio.timeout(10):
            return await self.process.wait()


@asynccontextmanager
async def open_command(*flags: str, cwd: Path, tmp_path: Path) -> AsyncGenerator[Command, None]:
    log = tmp_path / "app-server.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "codex_ssh",
            "app-server",
            *flags,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(tmp_path)},
        )
    command = Command(process=process, log=log)
    try:
        await until(lambda: command.endpoint, "the banner is there", show=lambda: command.said)
        yield command
    finally:
        await processes.end(process)


LISTEN = ("--listen", "ws://127.0.0.1:0")
REHEARSAL = ("--engine", "rehearsal", *LISTEN)


async def test_the_banner_names_the_real_port(tmp_path: Path, workspace: Path) -> None:
    async with open_command(*REHEARSAL, cwd=workspace, tmp_path=tmp_path) as command:
        port = command.endpoint.rpartition(":")[2]
        assert port != "0"
        await until(lambda: "note:" in command.said, "the whole banner is there")
        assert command.said == (
            "codex-ssh app-server (WebSockets)\n"
            f"  listening on: ws://127.0.0.1:{port}\n"
            f"  readyz: http://127.0.0.1:{port}/readyz\n"
            f"  healthz: http://127.0.0.1:{port}/healthz\n"
            "  note: binds localhost only (use SSH port-forwarding for remote access)\n"
        )


async def test_without_an_engine_it_says_which_one_answers(tmp_path: Path, workspace: Path) -> None:
    async with open_command(*LISTEN, cwd=workspace, tmp_path=tmp_path) as command:
        assert command.said.startswith("no --engine given: this is the rehearsal engine, not Codex\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_an_idle_one_ends_well_on_a_signal(
    tmp_path: Path, workspace: Path, number: signal.Signals
) -> None:
    async with open_command(*REHEARSAL, cwd=workspace, tmp_path=tmp_path) as command:
        async with open_wire(command.endpoint) as wire:
            home = Path((await wire.initialize())["codexHome"])
            assert home.stat().st_mode & 0o077 == 0
            command.process.send_signal(number)
            assert await command.ended() == 0
            with pytest.raises(ConnectionClosed) as caught:
                await wire.hear_until(lambda _: False)
            assert caught.value.rcvd is None
        assert not home.exists()


async def test_a_busy_one_finishes_its_turn_and_takes_no_new_one(tmp_path: Path, workspace: Path) -> None:
    async with open_command(*REHEARSAL, cwd=workspace, tmp_path=tmp_path) as command:
        async with open_wire(command.endpoint) as wire, open_wire(command.endpoint) as late:
            await wire.initialize()
            thread = await wire.start_thread(approvalPolicy="never")
            await wire.start_turn(thread, "run: until [ -e go ]; do sleep 0.05; done\nsay finished")
            await wire.hear_method("item/started")
            command.process.send_signal(signal.SIGTERM)
            await late.initialize()
            while True:
                answer = await late.ask("thread/start", {})
                if "error" in answer:
                    break
            assert answer["error"] == {
                "code": -32600,
                "message": "Server is draining; retry after reconnecting",
                "data": {"reason": "serverShuttingDown"},
            }
            assert command.process.returncode is None
            (workspace / "go").touch()
            assert (await wire.finish_turn())["status"] == "completed"
        assert await command.ended() == 0


async def test_a_second_signal_ends_it_at_once_with_what_it_runs(tmp_path: Path, workspace: Path) -> None:
    async with open_command(*REHEARSAL, cwd=workspace, tmp_path=tmp_path) as command:
        async with open_wire(command.endpoint) as wire:
            await wire.initialize()
            thread = await wire.start_thread(approvalPolicy="never")
            await wire.start_turn(thread, "run: echo $$ > pid; sleep 60")
            file = workspace / "pid"
            await until(lambda: file.exists() and file.read_text().strip(), "the command runs")
            command.process.send_signal(signal.SIGTERM)
            while "error" not in await wire.ask("thread/start", {}):
                pass
            command.process.send_signal(signal.SIGTERM)
            assert await command.ended() == 0
        pid = int(file.read_text())
        await until(lambda: not processes.is_alive(pid), "the command is gone")


async def test_a_unix_socket_is_served_and_removed(tmp_path: Path, workspace: Path, short_path: Path) -> None:
    path = short_path / "s"
    flags = ("--engine", "rehearsal", "--listen", f"unix://{path}")
    async with open_command(*flags, cwd=workspace, tmp_path=tmp_path) as command:
        assert command.endpoint == f"unix://{path}"
        async with open_wire(command.endpoint) as wire:
            assert (await wire.initialize())["userAgent"].startswith("codex-ssh-rehearsal/")
        command.process.terminate()
        assert await command.ended() == 0
    assert not path.exists()
