"""``codex-ssh stdio`` in place of ``codex app-server``: the official SDK, dropped links, a host not there."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartCodex
from tests.e2e.test_python_sdk import turn
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.model import Model
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

Json = dict[str, Any]

WHO: Json = {"name": "t", "title": "t", "version": "1"}
INITIALIZE: Json = {
    "id": 0,
    "method": "initialize",
    "params": {"clientInfo": WHO, "capabilities": {"experimentalApi": True}},
}


def text(words: str) -> list[Json]:
    return [{"type": "text", "text": words}]


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    flags = ("-c", 'sandbox_mode="workspace-write"')
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex", flags=flags)


def words(sshd: Sshd, server: CodexAppServer) -> tuple[str, ...]:
    return (*PROGRAM, "stdio", "-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "devbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipes:
    """A program that is spoken with by lines."""

    process: asyncio.subprocess.Process

    async def say(self, message: Json | str) -> None:
        assert self.process.stdin is not None
        text = message if isinstance(message, str) else json.dumps(message)
        self.process.stdin.write(text.encode() + b"\n")
        await self.process.stdin.drain()

    async def hear(self) -> Json:
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            line = await self.process.stdout.readline()
        assert line, "it ended"
        message: Json = json.loads(line)
        return message

    async def wait_answer(self, number: int) -> Json:
        while (message := await self.hear()).get("id") != number or "method" in message:
            pass
        return message

    async def wait_said(self, method: str) -> Json:
        while (message := await self.hear()).get("method") != method:
            pass
        return message

    async def result(self, number: int, method: str, **params: Any) -> Json:
        await self.say({"id": number, "method": method, "params": params})
        answer = await self.wait_answer(number)
        assert "result" in answer, answer
        found: Json = answer["result"]
        return found

    async def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(30):
            return await self.process.wait()


@asynccontextmanager
async def running(*argv: str, home: Path) -> AsyncGenerator[Pipes, None]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        env=client_environment(home),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=2**26,
    )
    try:
        yield Pipes(process=process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_sdks_quick_start_runs_on_a_devbox(
    sshd: Sshd, server: CodexAppServer, workspace: Path, tmp_path: Path
) -> None:
    seen = await turn(
        "say hello from the devbox",
        *words(sshd, server),
        environment=client_environment(tmp_path / "laptop"),
        cwd=workspace,
    )
    assert (seen["status"], seen["answer"], seen["turns"]) == ("completed", "hello from the devbox", 1)
    assert f"/{server.binary.version()} " in seen["server"]


async def test_the_sdk_streams_approves_and_goes_on_after_a_drop_between_turns(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    program = (sys.executable, "-m", "tests.support.sdk_session", *words(sshd, server))
    async with running(*program, home=tmp_path / "laptop") as sdk:
        await sdk.say("say the first answer")
        assert await sdk.hear() == {"streamed": "the first answer", "status": "completed", "asked": []}
        sshd.cut()
        await sdk.say("escalate: echo allowed")
        seen = await sdk.hear()
        if "error" in seen:  # it was on its way when the link went: the SDK is told, and asks again
            assert "no link to devbox" in seen["error"]
            await sdk.say("escalate: echo allowed")
            seen = await sdk.hear()
        assert (seen["status"], seen["asked"]) == ("completed", ["item/commandExecution/requestApproval"])
        await sdk.say("say the last answer")
        assert (await sdk.hear())["streamed"] == "the last answer"
    assert sshd.logins == 2


async def test_a_turn_that_ends_while_there_is_no_link_is_told_afterwards(
    sshd: Sshd, server: CodexAppServer, model: Model, tmp_path: Path
) -> None:
    async with running(*words(sshd, server), home=tmp_path / "laptop") as pipes:
        await pipes.say(INITIALIZE)
        await pipes.wait_answer(0)
        await pipes.say({"method": "initialized"})
        thread = (await pipes.result(1, "thread/start"))["thread"]["id"]
        await pipes.result(2, "turn/start", threadId=thread, input=text("hold what comes"))
        await pipes.wait_said("item/agentMessage/delta")
        await sshd.stop()
        model.release()
        await pipes.say({"id": 3, "method": "model/list", "params": {}})
        await sshd.start()
        ended = await pipes.wait_said("turn/completed")
        assert ended["params"]["threadId"] == thread
        assert ended["params"]["turn"]["status"] == "completed"
        again = await pipes.result(4, "turn/start", threadId=thread, input=text("say more"))
        assert again["turn"]["id"]
        await pipes.wait_said("turn/completed")
        assert await pipes.end() == 0


async def test_a_request_in_flight_fails_with_a_reason_and_the_next_one_works(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    async with running(*words(sshd, server), home=tmp_path / "laptop") as pipes:
        await pipes.say(INITIALIZE)
        await pipes.wait_answer(0)
        await pipes.say({"method": "initialized"})
        await sshd.freeze()
        await pipes.say({"id": 5, "method": "model/list", "params": {}})
        sshd.cut()
        failed = await pipes.wait_answer(5)
        assert failed["error"]["data"] == {"reason": "linkLost", "host": "devbox", "uncertain": True}
        assert (await pipes.result(6, "model/list"))["data"]
        assert await pipes.end() == 0


async def test_a_host_that_is_not_there_is_an_answer_and_an_exit_code(sshd: Sshd, tmp_path: Path) -> None:
    dead = ("stdio", "-F", str(sshd.ssh_config), "--endpoint", "ws://127.0.0.1:1", "devbox")
    done = await codex_ssh(*dead, home=tmp_path / "laptop", stdin=json.dumps(INITIALIZE) + "\n")
    (line,) = done.out.splitlines()
    answer = json.loads(line)
    assert answer["id"] == 0
    assert "nothing listens on port 1 there" in answer["error"]["message"]
    assert done.code == 6
    assert "nothing listens on port 1 there" in done.err


async def test_stdin_that_ends_is_the_end_and_stdout_carries_nothing_else(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    flags = words(sshd, server)[len(PROGRAM) :]
    done = await codex_ssh(*flags, home=tmp_path / "laptop", stdin="")
    assert (done.code, done.out) == (0, "")
    lines = "no json at all\n" + json.dumps(INITIALIZE) + "\n"
    done = await codex_ssh(*flags, home=tmp_path / "laptop", stdin=lines)
    assert done.code == 0
    assert [one["id"] for one in map(json.loads, done.out.splitlines()) if "id" in one] == [0]


async def test_two_clients_at_once_share_a_login_and_nothing_else(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    home = tmp_path / "laptop"
    async with running(*words(sshd, server), home=home) as one:
        await one.say(INITIALIZE)
        await one.wait_answer(0)
        async with running(*words(sshd, server), home=home) as two:
            await two.say(INITIALIZE)
            await two.wait_answer(0)
            assert sshd.logins == 1
            assert await one.end() == 0
            assert (await two.result(9, "model/list"))["data"]
            # What holds the connection now has no client; when it is killed the other one heals.
            (holder,) = set(processes.with_variable("HOME", str(home))) - {two.process.pid}
            processes.kill([holder])
            await two.say({"id": 10, "method": "model/list", "params": {}})
            await two.wait_answer(10)  # it may have been on its way
            assert (await two.result(11, "model/list"))["data"]
            assert sshd.logins == 2
