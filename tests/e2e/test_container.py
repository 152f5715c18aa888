"""A container without an SSH server, from argv to a finished turn: a real codex in namespaces of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import websockets.asyncio.client as websockets
from websockets.exceptions import WebSocketException

from tests.integration.test_link_dial import INITIALIZE
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.codex import require_codex
from tests.support.container import Container, needs_root, open_container
from tests.support.model import Model
from tests.support.waiting import until

pytestmark = [pytest.mark.codex, needs_root]


@pytest.fixture(params=["pypi", "npm"])
async def container(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Container, None]:
    """A container with a codex, and a model on its own loopback."""
    async with open_container(tmp_path / "container") as box:
        box.install(require_codex(request.param).path, "codex")
        process = await asyncio.create_subprocess_exec(
            *box.words, "env", f"PYTHONPATH={Path(__file__).parents[2]}",
            sys.executable, "-m", "tests.support.model",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            url = (await process.stdout.readline()).decode().strip()
            Model(port=int(url.partition("127.0.0.1:")[2].partition("/")[0])).write_config(
                box.home / ".codex"
            )
            yield box
        finally:
            await box.stop()
            await processes.end(process)


@pytest.mark.parametrize("container", ["pypi"], indirect=True)
async def test_the_life_of_a_server_in_a_container(container: Container, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[host."box"]\nexec = "{container.command}"\n')

    async def run(*words: str) -> processes.Finished:
        done = await codex_ssh(
            *words, home=tmp_path / "laptop", environment={"CODEX_SSH_CONFIG": str(config)}
        )
        assert done.code == 0, done.err
        return done

    turn = await run("exec", "box", "run: uname -n > made-there\nsay hi there", "--cd", str(container.home))
    assert turn.out == "hi there\n"
    assert "box by exec" in turn.err
    assert (container.home / "made-there").read_text() == "box\n"
    status = json.loads((await run("server", "status", "box", "--json")).out)
    assert (status["running"], status["startedByUs"], status["hostname"]) == (True, True, "box")
    assert json.loads((await run("server", "stop", "box", "--json")).out)["outcome"] == "stopped"
    assert (await run("token", "create", "box")).out.startswith("sha256:")


async def test_a_turn_over_the_command_line_alone(container: Container, tmp_path: Path) -> None:
    done = await codex_ssh(
        "exec", "--exec", container.command, "any-name", "say hi", "--json", home=tmp_path / "laptop"
    )
    assert done.code == 0, done.err
    assert '"hi"' in done.out


@pytest.mark.parametrize("container", ["pypi"], indirect=True)
async def test_a_port_with_a_token_is_reached_in_the_containers_own_network(
    container: Container, tmp_path: Path
) -> None:
    done = await codex_ssh(
        "exec", "--exec", container.command, "box", "say hi", "-v",
        "--token-file", "~/.codex/app-server-token",
        home=tmp_path / "laptop",
    )  # fmt: skip
    assert (done.code, done.out) == (0, "hi\n"), done.err
    assert "app server started: ws://127.0.0.1:" in done.err


@pytest.mark.parametrize("container", ["pypi"], indirect=True)
async def test_a_door_leads_into_a_container_and_the_link_ends_with_it(
    container: Container, tmp_path: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "tunnel", "--exec", container.command, "box", "--json", "--show-token",
        env=client_environment(tmp_path / "laptop"),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        door = json.loads(await process.stdout.readline())
        assert door["transport"] == "exec"
        assert await answers(door)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await process.wait()
        await until(
            lambda: not [pid for pid in container.pids() if "/bin/sh" in processes.command_line(pid)],
            "no shell of ours is left in it",
        )
    finally:
        await processes.end(process)


@pytest.mark.parametrize("container", ["pypi"], indirect=True)
async def test_a_door_leads_into_the_container_again_after_its_restart(
    container: Container, tmp_path: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "tunnel", "--exec", container.command, "box", "--json", "--show-token",
        env=client_environment(tmp_path / "laptop"),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        door = json.loads(await process.stdout.readline())
        assert await answers(door)
        await container.stop()
        assert not await answers(door)
        async with open_container(tmp_path / "again") as again:
            (container.docker.parent / container.name).write_text(f"{again.pid}\n")
            await until(lambda: answers(door), "the door leads there again", seconds=60)
        assert process.returncode is None
    finally:
        await processes.end(process)


async def answers(door: dict[str, str]) -> bool:
    """Whether an app server answers behind a door."""
    headers = {"Authorization": f"Bearer {door['token']}"}
    try:
        async with (
            asyncio.timeout(20),
            websockets.connect(door["url"], additional_headers=headers, proxy=None) as client,
        ):
            await client.send(INITIALIZE)
            return "codexHome" in str(await client.recv())
    except (OSError, WebSocketException, TimeoutError):
        return False


async def test_what_the_command_says_is_quoted(tmp_path: Path) -> None:
    async with open_container(tmp_path / "container") as box:
        done = await codex_ssh(
            "exec", "--exec", f"{box.docker} exec -i other", "x", "hi", home=tmp_path / "laptop"
        )
        assert done.code == 4
        assert "it said: Error response from daemon: No such container: other" in done.err
        done = await codex_ssh("--exec", "no-such-program -i", home=tmp_path / "laptop")
        assert done.code == 3
        assert "'no-such-program' cannot be run" in done.err
        done = await codex_ssh("exec", "--exec", box.command, "box", "hi", home=tmp_path / "laptop")
        assert done.code == 6
        assert "no codex was found" in done.err
