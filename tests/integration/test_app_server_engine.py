"""A real codex behind our listener: clients share it, it outlives none of them, and its end is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import mint
from tests.conftest import StartCodex, StartTmux
from tests.integration.app_server_cases import SHARED_SECRET
from tests.integration.app_server_command import Command, open_command
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment
from tests.support.codex import TEST_TOKEN, CodexBinary, require_codex, write_token
from tests.support.listening import exposed
from tests.support.tls import write_certificates
from tests.support.waiting import NeverHappened, until
from tests.support.wire import open_wire

pytestmark = pytest.mark.codex

LISTEN = ("--listen", "ws://127.0.0.1:0")

Open = Callable[..., AbstractAsyncContextManager[Command]]


def environment(binary: CodexBinary, codex_home: Path) -> Mapping[str, str]:
    return {
        "CODEX_HOME": str(codex_home),
        "HOME": str(codex_home.parent),
        "CODEX_SSH_CODEX": str(binary.path),
    }


@pytest.fixture
def open_server(tmp_path: Path, workspace: Path, codex_home: Path) -> Open:
    """Open ``codex-ssh app-server --engine codex`` with the scripted model."""

    @asynccontextmanager
    async def open_it(binary: CodexBinary, *flags: str | Path) -> AsyncGenerator[Command, None]:
        variables = environment(binary, codex_home)
        words = ("--engine", "codex", *flags)
        async with open_command(*words, cwd=workspace, tmp_path=tmp_path, environment=variables) as command:
            yield command

    return open_it


@pytest.fixture
def auth(codex_home: Path) -> tuple[str | Path, ...]:
    return ("--ws-auth", "capability-token", "--ws-token-file", write_token(codex_home))


def engine_pid(command: Command) -> int:
    (pid, *_) = processes.descendants(command.process.pid)
    return pid


async def test_clients_share_the_engine_and_its_threads(
    codex_binary: CodexBinary, open_server: Open, auth: tuple[str | Path, ...]
) -> None:
    async with open_server(codex_binary, *LISTEN, *auth) as command:
        async with open_wire(command.endpoint, TEST_TOKEN) as first:
            async with open_wire(command.endpoint, TEST_TOKEN) as second:
                agent = (await first.initialize())["userAgent"]
                assert f"/{codex_binary.version()} " in agent
                await second.initialize()
                thread = await first.start_thread()
                await second.hear_method("thread/started")
                await first.start_turn(thread, "say hello through the hub")
                assert (await first.finish_turn())["status"] == "completed"
                assert (await second.result("thread/loaded/list"))["data"] == [thread]
            assert exposed(processes.tree(command.process.pid)) == []
        with pytest.raises(InvalidStatus) as caught:
            async with open_wire(command.endpoint, "other"):
                pass
        assert caught.value.response.status_code == 401
        engine = engine_pid(command)
        command.process.terminate()
        assert await command.ended() == 0
        assert not processes.is_alive(engine)
        assert "draining" in command.said


async def test_a_large_message_passes_unchanged_both_ways(open_server: Open) -> None:
    async with (
        open_server(require_codex(), *LISTEN) as command,
        open_wire(command.endpoint) as wire,
    ):
        await wire.initialize()
        method = "x" * 3_000_000
        answer = await wire.ask(method)
        assert method in answer["error"]["message"]


async def test_the_end_of_the_engine_is_told_and_is_ours(
    open_server: Open, codex_binary: CodexBinary
) -> None:
    async with open_server(codex_binary, *LISTEN) as command, open_wire(command.endpoint) as wire:
        await wire.initialize()
        os.kill(engine_pid(command), signal.SIGKILL)
        with pytest.raises(ConnectionClosed) as caught:
            await wire.hear_until(lambda _: False)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001
        assert caught.value.rcvd.reason == "the engine was ended by signal 9"
        assert await command.ended() == 1
        assert command.said.rstrip().endswith("the engine was ended by signal 9")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_the_engine_does_not_outlive_a_listener_that_was_killed(open_server: Open) -> None:
    async with open_server(require_codex(), *LISTEN) as command:
        engine = engine_pid(command)
        command.process.kill()
        await until(lambda: not processes.is_alive(engine), "the engine is gone")


async def test_an_engine_that_does_not_start_is_a_failure(tmp_path: Path, codex_home: Path) -> None:
    broken = tmp_path / "codex"
    broken.write_text("#!/bin/sh\necho it is broken >&2\nexit 7\n")
    broken.chmod(0o755)
    variables = client_environment(
        tmp_path, **environment(CodexBinary(name="broken", path=broken), codex_home)
    )
    done = await processes.run([*PROGRAM, "app-server", "--engine", "codex", *LISTEN], environment=variables)
    assert done.code == 1
    assert "engine: it is broken" in done.err
    assert "Error: the engine ended with exit code 7" in done.err


async def test_a_busy_turn_is_finished_before_the_end(
    open_server: Open, codex_binary: CodexBinary, workspace: Path
) -> None:
    flags = ("-c", 'sandbox_mode="danger-full-access"', "-c", 'approval_policy="never"')
    async with open_server(codex_binary, *LISTEN, *flags) as command:
        async with open_wire(command.endpoint) as wire:
            await wire.initialize()
            thread = await wire.start_thread()
            await wire.start_turn(thread, "run: until [ -e go ]; do sleep 0.05; done")
            await wire.hear_until(
                lambda m: (
                    m.get("method") == "item/started" and m["params"]["item"]["type"] == "commandExecution"
                )
            )
            command.process.terminate()
            await until(lambda: "draining" in command.said, "it says that it drains")
            (workspace / "go").touch()
            with pytest.raises(ConnectionClosed):
                await wire.hear_until(lambda _: False)
        assert await command.ended() == 0
        assert "item/completed" in wire.methods()


async def test_a_client_that_does_not_read_is_cut_and_no_other(open_server: Open) -> None:
    async with (
        open_server(require_codex(), *LISTEN) as command,
        open_wire(command.endpoint) as good,
        open_wire(command.endpoint) as slow,
    ):
        await good.initialize()
        await slow.initialize()
        slow.socket.transport.pause_reading()
        request = json.dumps({"id": 1, "method": "none", "params": {}})  # a long list comes back
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(60):
                while True:
                    await slow.socket.send(request)
        assert "data" in await good.result("model/list")


async def test_it_attaches_to_an_app_server_that_is_there(
    start_codex: StartCodex, short_path: Path, tmp_path: Path, workspace: Path, codex_binary: CodexBinary
) -> None:
    codex = await start_codex(codex_binary, listen=f"unix://{short_path}/s")
    words = (*LISTEN, "--upstream", codex.endpoint)
    async with open_command(*words, cwd=workspace, tmp_path=tmp_path) as command:
        async with open_wire(command.endpoint) as wire:
            await wire.initialize()
            os.kill(codex.pid, signal.SIGKILL)
            with pytest.raises(ConnectionClosed) as caught:
                await wire.hear_until(lambda _: False)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.reason == "the engine closed the connection"
        with pytest.raises(InvalidStatus) as refused:
            async with open_wire(command.endpoint):
                pass
        assert refused.value.response.status_code == 502
        command.process.terminate()
        assert await command.ended() == 0


async def test_an_upstream_that_wants_a_token_gets_the_one_in_the_file_of_the_moment(
    codex_binary: CodexBinary, start_codex: StartCodex, tmp_path: Path, workspace: Path
) -> None:
    codex = await start_codex(codex_binary)
    token_file = tmp_path / "upstream-token"
    token_file.write_text("another\n")
    token_file.chmod(0o600)
    words = (*LISTEN, "--upstream", codex.endpoint, "--upstream-token-file", token_file)
    async with open_command(*words, cwd=workspace, tmp_path=tmp_path) as command:
        with pytest.raises(InvalidStatus) as refused:
            async with open_wire(command.endpoint):
                pass
        assert refused.value.response.status_code == 502
        assert "it answered 401 invalid websocket bearer token" in command.said
        token_file.write_text(f"{TEST_TOKEN}\n")
        async with open_wire(command.endpoint) as wire:
            assert f"/{codex_binary.version()} " in (await wire.initialize())["userAgent"]
        assert TEST_TOKEN not in command.said


@pytest.mark.parametrize("fault", ["open to others", "no upstream", "unix socket"])
async def test_a_token_for_an_upstream_that_cannot_be_meant_is_refused(fault: str, tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("x")
    token_file.chmod(0o644 if fault == "open to others" else 0o600)
    upstream = {
        "open to others": ("--upstream", "ws://127.0.0.1:1"),
        "no upstream": (),
        "unix socket": ("--upstream", "unix:///x"),
    }[fault]
    done = await processes.run(
        [*PROGRAM, "app-server", *LISTEN, *upstream, "--upstream-token-file", token_file],
        environment=client_environment(tmp_path / "home"),
    )
    assert done.code == 1
    assert ("chmod 600" if fault == "open to others" else "requires `--upstream ws://") in done.err


@pytest.mark.tmux
@pytest.mark.parametrize("way", ["ws with a token", "ws with a JWT", "wss"])
async def test_the_official_tui_works_through_it(
    way: str,
    codex_binary: CodexBinary,
    open_server: Open,
    auth: tuple[str | Path, ...],
    start_tmux: StartTmux,
    tmp_path: Path,
) -> None:
    flags: tuple[str | Path, ...] = (*LISTEN, *auth)
    token, trust = TEST_TOKEN, {}
    if way == "ws with a JWT":
        secret = tmp_path / "secret"
        secret.write_text(SHARED_SECRET)
        secret.chmod(0o600)
        flags = (*LISTEN, "--ws-auth", "signed-bearer-token", "--ws-shared-secret-file", secret)
        now = int(secret.stat().st_mtime)
        token = mint(Secret(SHARED_SECRET), now=now, lifetime_seconds=600).reveal()
    elif way == "wss":
        ca_file, chain = write_certificates(tmp_path / "tls", "127.0.0.1")
        flags = ("--listen", "wss://127.0.0.1:0", "--tls-cert", chain, "--tls-key", chain, *auth)
        trust = {"SSL_CERT_FILE": str(ca_file)}
    laptop = tmp_path / "laptop"
    (laptop / "empty").mkdir(parents=True)
    async with open_server(codex_binary, *flags) as command:
        tui = await start_tmux(
            [
                codex_binary.path, "--remote", command.endpoint, "--remote-auth-token-env", "TOKEN",
                "say hello to the official one",
            ],
            environment={"HOME": str(laptop), "CODEX_HOME": str(laptop), "TOKEN": token, **trust},
            cwd=laptop / "empty",
            columns=120,
            lines=40,
        )  # fmt: skip
        answer = "hello to the official one"

        def is_answered(screen: str) -> bool:
            return screen.count(answer) > 1

        await tui.wait_screen(lambda screen: "Trust" in screen or answer in screen, "the TUI is there")
        for _ in range(5):
            if "Trust" in await tui.screen():
                await tui.key("Enter")  # it drops keys while it starts
            try:
                await tui.wait_screen(is_answered, "the answer is there", seconds=4)
            except NeverHappened:
                continue
            return
        await tui.wait_screen(is_answered, "the answer is there")
