"""What a real codex tells beside the thread: the branch git is on there, and the instructions it goes by."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codex_ssh.link.lifeline import open_lifeline
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import open_chat
from tests.conftest import StartCodex
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.support.codex import CodexBinary
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


def make_project(at: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "first", at], check=True, timeout=20)
    (at / "AGENTS.md").write_text("be kind\n")


async def test_the_branch_follows_what_a_turn_does(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    server = await start_codex(codex_binary, codex_home=sshd.home / ".codex")
    project = sshd.home / "project"
    make_project(project)
    async with (
        open_lifeline(profile(sshd, server), Nobody(), Nobody) as line,
        open_chat(line, TuiOptions(cwd=str(project))) as chat,
    ):
        chat.open()
        around = chat.surroundings
        await until(lambda: around.branch == "first", "the branch before any commit")
        await until(lambda: around.account is not None, "the account")
        assert around.limits.windows == ()
        thread = chat.transcript
        assert thread is not None
        assert thread.instructions == (str(project / "AGENTS.md"),)
        chat.send("run: git checkout -q -b second")
        await until(lambda: around.branch == "second", "the branch of the turn")
