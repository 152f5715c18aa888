"""The Python API against a real devbox: turns, events, approvals, ports, and links that break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import codex_ssh
from codex_ssh.core.ask import CommandAsk
from codex_ssh.core.events import Delta, TurnCompleted
from codex_ssh.core.items import CommandExecution
from codex_ssh.core.thread import TurnStatus
from codex_ssh.errors import AppServerError, ConfigError, ForwardError, LinkLost, RpcFailed
from tests.conftest import StartCodex
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.model import Model
from tests.support.serving import serving
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    flags = ("-c", 'sandbox_mode="workspace-write"')
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex", flags=flags)


@asynccontextmanager
async def linked(sshd: Sshd, server: CodexAppServer, **more: Any) -> AsyncGenerator[codex_ssh.Link, None]:
    flags = {"ssh_config": str(sshd.ssh_config), "endpoint": str(server.endpoint)}
    async with asyncio.timeout(60), codex_ssh.connect("devbox", **{**flags, **more}) as link:
        yield link


async def test_a_turn_has_events_and_a_result(
    sshd: Sshd, server: CodexAppServer, workspace: Path, codex_binary: CodexBinary
) -> None:
    async with linked(sshd, server, cwd=str(workspace)) as link:
        assert link.server.server_version == codex_binary.version()
        thread = await link.start_thread()
        assert thread.cwd == str(workspace)
        turn = await thread.start("run: pwd\nsay all is well")
        events = [event async for event in turn]
        assert "".join(event.text for event in events if isinstance(event, Delta)).endswith("all is well")
        assert isinstance(events[-1], TurnCompleted)
        result = await turn.result()
        assert (result.is_completed, result.answer) == (True, "all is well")
        commands = [item for item in result.items if isinstance(item, CommandExecution)]
        assert [command.output.strip() for command in commands] == [str(workspace)]
        again = await link.resume_thread(thread.id)
        assert (await again.run("say once more")).answer == "once more"
        assert [one.id for one in await link.list_threads()] == [thread.id]
        await thread.rename("the first")
        assert (await link.list_threads())[0].name == "the first"
        assert await link.list_models()


async def test_two_threads_at_once_do_not_hear_each_other(sshd: Sshd, server: CodexAppServer) -> None:
    async with linked(sshd, server) as link:
        one, other = await link.start_thread(), await link.start_thread()
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(one.run("slow 20 5\nsay from the first"))
            second = tasks.create_task(other.run("say from the second"))
        assert first.result().answer == "from the first"
        assert second.result().answer == "from the second"


async def test_a_turn_is_steered_and_interrupted(sshd: Sshd, server: CodexAppServer, model: Model) -> None:
    async with linked(sshd, server) as link:
        thread = await link.start_thread()
        turn = await thread.start("hold a thought")
        async for event in turn:
            if isinstance(event, Delta):
                break
        await turn.interrupt()
        assert (await turn.result()).status is TurnStatus.INTERRUPTED
        with pytest.raises(RpcFailed):
            await turn.steer("too late")


@pytest.mark.parametrize(("approve", "made"), [("never", False), ("all", True)])
async def test_a_policy_answers_approvals(
    sshd: Sshd, server: CodexAppServer, workspace: Path, approve: str, made: bool
) -> None:
    async with linked(sshd, server, cwd=str(workspace), approve=approve) as link:
        result = await (await link.start_thread()).run("escalate: touch made\nsay done")
        assert result.is_completed
    assert (workspace / "made").exists() is made


async def test_a_function_decides_and_sees_what_is_asked(
    sshd: Sshd, server: CodexAppServer, workspace: Path
) -> None:
    seen: list[str] = []

    async def decide(ask: codex_ssh.Ask) -> codex_ssh.Decision | None:
        assert isinstance(ask, CommandAsk)
        seen.append(ask.plain_command)
        return next(one for one in ask.decisions if one.verdict is codex_ssh.Verdict.ACCEPT)

    async with linked(sshd, server, cwd=str(workspace), approve=decide) as link:
        await (await link.start_thread()).run("escalate: touch made\nsay done")
    assert seen == ["touch made"]
    assert (workspace / "made").exists()


async def test_approvals_come_as_events_and_wait_for_an_answer(
    sshd: Sshd, server: CodexAppServer, workspace: Path
) -> None:
    async with linked(sshd, server, cwd=str(workspace), approve="ask") as link:
        thread = await link.start_thread()
        turn = await thread.start("escalate: touch made\nsay done")
        async for event in turn:
            if isinstance(event, codex_ssh.Approval):
                assert not (workspace / "made").exists()
                await event.accept()
        assert (workspace / "made").exists()
        # Whoever only waits for the result says no.
        assert (await thread.run("escalate: touch another\nsay done")).is_completed
    assert not (workspace / "another").exists()


async def test_a_drop_between_turns_and_one_under_a_turn_are_survived(
    sshd: Sshd, server: CodexAppServer, model: Model
) -> None:
    async with linked(sshd, server) as link:
        thread = await link.start_thread()
        assert (await thread.run("say before")).answer == "before"
        sshd.cut()
        for _ in range(2):
            try:
                assert (await thread.run("say after")).answer == "after"
            except LinkLost:  # it was on its way: nobody knows what became of it, so the program decides
                continue
            break
        turn = await thread.start("hold the line")
        async for event in turn:
            if isinstance(event, Delta):
                break
        await sshd.stop()
        model.release()
        await sshd.start()
        result = await turn.result()
        assert (result.is_completed, result.answer) == (True, "the line")
    assert sshd.logins == 3


async def test_a_port_of_the_devbox_answers_here_also_after_a_drop(
    sshd: Sshd, server: CodexAppServer
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"you said " + await reader.readline())
        await writer.drain()

    async def said(port: int) -> bytes:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"hello\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
        except ConnectionError:  # the link was lost under it
            return b""
        return answer

    async with serving(serve) as remote, linked(sshd, server) as link, link.forward(remote) as port:
        assert port != remote
        assert await said(port) == b"you said hello\n"
        sshd.cut()
        for _ in range(5):
            if await said(port) == b"you said hello\n":
                break
        else:
            pytest.fail("the port did not come back")
        with pytest.raises(ForwardError):
            async with link.forward(remote, local_port=remote):
                pass


async def test_what_is_wrong_is_said_by_an_error_of_its_kind(sshd: Sshd) -> None:
    with pytest.raises(AppServerError, match="nothing listens on port 1"):
        async with codex_ssh.connect("devbox", ssh_config=str(sshd.ssh_config), endpoint="ws://127.0.0.1:1"):
            pass
    with pytest.raises(ConfigError, match="unknown key 'endpiont'"):
        async with codex_ssh.connect("devbox", endpiont="x"):
            pass
    with pytest.raises(ValueError, match="approve is"):
        async with codex_ssh.connect("devbox", approve="maybe"):
            pass
