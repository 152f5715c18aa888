"""The official TUI is offered again when the link took longer to come back than it waits."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from codex_ssh.cli.official import run_official
from codex_ssh.core.question import Question
from codex_ssh.core.secret import Secret
from codex_ssh.external.launch import FrontEndOptions
from codex_ssh.link.connect import open_link
from tests.conftest import StartCodex
from tests.integration.test_healing import said_in
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.support.codex import CodexAppServer
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

STAND_IN = """#!/bin/sh
# Runs until it is told to end, as the official TUI does when it gave up and somebody presses Ctrl-C.
echo "$*" >>"{directory}/started"
while [ ! -e "{directory}/end" ]; do sleep 0.05; done
rm "{directory}/end"
exit 3
"""


class Person:
    """Says the same to everything."""

    def __init__(self, answer: str) -> None:
        self._answer = answer
        self.asked: list[str] = []

    async def ask(self, question: Question) -> Secret | None:
        self.asked.append(f"{question.lead} {question.text}")
        return Secret(self._answer)

    def tell(self, host: str, text: str) -> None:
        raise AssertionError(text)


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex) -> CodexAppServer:
    return await start_codex(codex_home=sshd.home / ".codex")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "stand-in"
    directory.mkdir()
    (directory / "codex").write_text(STAND_IN.format(directory=directory))
    (directory / "codex").chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=":")
    return directory


def started(program: Path) -> list[str]:
    path = program / "started"
    return path.read_text().splitlines() if path.exists() else []


async def test_it_goes_on_with_the_thread_when_the_user_wants_it(
    sshd: Sshd, server: CodexAppServer, program: Path
) -> None:
    wanted = profile(sshd, server)
    async with open_link(wanted, Nobody()) as link:
        thread = await said_in(link, "say something to come back to")
    person = Person("yes")
    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            run_official(wanted, FrontEndOptions(prompt="say x"), person, gives_up_after=0.0)
        )
        await until(lambda: len(started(program)) == 1, "it runs")
        sshd.cut()
        await until(lambda: sshd.logins == 3, "the link is back")
        (program / "end").touch()
        await until(lambda: len(started(program)) == 2, "it runs again")
        running.cancel()
    assert len(person.asked) == 1
    assert "say something to come back to" in person.asked[0]
    first, second = started(program)
    assert first.startswith("--remote ws://127.0.0.1:")
    assert first.endswith("-- say x")
    assert second.startswith("resume --remote ")
    assert second.endswith(f"-- {thread}")


async def test_without_an_outage_its_end_is_the_end(
    sshd: Sshd, server: CodexAppServer, program: Path
) -> None:
    (program / "end").touch()
    code = await run_official(profile(sshd, server), FrontEndOptions(), Person("yes"), gives_up_after=0.001)
    assert code == 3
    assert len(started(program)) == 1
