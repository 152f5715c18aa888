"""``codex-ssh app-server`` as a process: its banner, its signals, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.app_server_command import open_command
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment
from tests.support.codex import CodexBinary
from tests.support.waiting import until
from tests.support.wire import open_wire

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


async def say_on_stdio(tmp_path: Path, text: str, *flags: str) -> processes.Finished:
    return await processes.run(
        [*PROGRAM, "app-server", *flags], stdin=text, environment=client_environment(tmp_path)
    )


INITIALIZE = '{"id":1,"method":"initialize","params":{"clientInfo":{"name":"t","title":null,"version":"0"}}}'


@pytest.mark.parametrize("flags", [(), ("--stdio",), ("--listen", "stdio://")], ids=" ".join)
async def test_stdio_is_served_until_it_ends(tmp_path: Path, flags: tuple[str, ...]) -> None:
    done = await say_on_stdio(
        tmp_path, f"junk\n\n{INITIALIZE}\n[]\n" + INITIALIZE, "--engine", "rehearsal", *flags
    )
    assert done.code == 0, done.err
    assert done.err == ""
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert answers[0]["result"]["userAgent"].startswith("codex-ssh-rehearsal/")
    assert answers[-1]["error"]["message"] == "Already initialized"


async def test_stdio_reads_no_secret_file_and_checks_the_flags(tmp_path: Path) -> None:
    auth = ("--ws-auth", "capability-token")
    assert (await say_on_stdio(tmp_path, "", *auth, "--ws-token-file", "none")).code == 0
    refused = await say_on_stdio(tmp_path, "", *auth)
    assert refused.code == 1
    assert "is required when" in refused.err


async def test_stdio_works_with_files_and_stops_on_a_signal(tmp_path: Path) -> None:
    (tmp_path / "in").write_text(INITIALIZE)
    with (tmp_path / "in").open() as stdin, (tmp_path / "out").open("w") as stdout:
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            "app-server",
            "--engine",
            "rehearsal",
            stdin=stdin,
            stdout=stdout,
            env=client_environment(tmp_path),
        )
        assert await process.wait() == 0
    assert '"id":1' in (tmp_path / "out").read_text()
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "app-server",
        "--engine",
        "rehearsal",
        env=client_environment(tmp_path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(INITIALIZE.encode() + b"\n")
    async with asyncio.timeout(10):
        assert b'"id":1' in await process.stdout.readline()
        process.terminate()
        assert await process.wait() == 0
    process.stdin.close()


@pytest.mark.codex
async def test_stdio_with_the_codex_engine_is_codex_itself(
    tmp_path: Path, codex_binary: CodexBinary, codex_home: Path
) -> None:
    environment = client_environment(
        tmp_path, CODEX_HOME=str(codex_home), CODEX_SSH_CODEX=str(codex_binary.path)
    )
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "app-server",
        "--engine",
        "codex",
        "-c",
        "model=scripted",
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(INITIALIZE.encode() + b"\n")
    async with asyncio.timeout(20):
        answer = json.loads(await process.stdout.readline())
        assert f"/{codex_binary.version()} " in answer["result"]["userAgent"]
        process.stdin.close()
        assert await process.wait() == 0


async def test_every_line_of_the_log_names_the_listener_and_no_token(tmp_path: Path, workspace: Path) -> None:
    token = tmp_path / "token"
    token.write_text("canary-token")
    token.chmod(0o600)
    auth = ("--ws-auth", "capability-token", "--ws-token-file", str(token))
    async with open_command(*REHEARSAL, *auth, cwd=workspace, tmp_path=tmp_path) as command:
        with pytest.raises(InvalidStatus):
            async with open_wire(command.endpoint, "canary-wrong"):
                pass
        await until(lambda: "refused" in command.said, "the failure is logged")
        (line,) = [line for line in command.said.splitlines() if "refused" in line]
        assert f" WARNING {command.endpoint} 127.0.0.1:" in line
        assert line.endswith("refused: invalid websocket bearer token")
        assert "canary" not in command.said
