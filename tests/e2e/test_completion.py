"""Tab in real shells: hosts, and the threads seen on the host of the command line."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.thread import Thread, ThreadId
from codex_ssh.local.seen_threads import see_threads
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.require import require_program
from tests.support.tmux import Tmux, open_tmux

pytestmark = pytest.mark.tmux

START = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}
BEFORE = {
    "bash": "PS1='ready> '; bind 'set bell-style none' 'set show-all-if-ambiguous on'; source {script}",
    "zsh": (
        "PS1='ready> '; unsetopt beep list_ambiguous; "
        "fpath=({home}/functions $fpath); autoload -U compinit; compinit -u -d {home}/dump"
    ),
    "fish": "function fish_prompt; echo -n 'ready> '; end; source {script}",
}
PLANTED = "$(touch {home}/planted)`touch {home}/planted`'\"; touch {home}/planted #"
"""The title of a thread, which the devbox chooses."""


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    require_program(name, f"{name}: apt-get install {name}")
    return name


@asynccontextmanager
async def open_shell(shell: str, home: Path) -> AsyncGenerator[Tmux]:
    """A shell with our completion, a config that names two hosts, and threads seen on both."""
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "config").write_text("Host devbox build-7\n")
    state = home / ".local" / "state" / "codex-ssh" / "threads"
    see_threads(
        state,
        "devbox",
        [
            Thread(id=ThreadId("019a-first"), name=PLANTED.format(home=home)),
            Thread(id=ThreadId("019a-second"), name="fix the tests"),
        ],
    )
    see_threads(state, "build-7", [Thread(id=ThreadId("019b-other"), name="elsewhere")])
    program = home / "bin" / "codex-ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >>{home}/asked\nexec {" ".join(PROGRAM)} "$@"\n')
    program.chmod(0o755)
    script = home / "functions" / "_codex-ssh"  # zsh loads it from there
    script.parent.mkdir()
    script.write_text((await codex_ssh("completion", shell, home=home)).out)
    environment = client_environment(home, PATH=f"{program.parent}:{os.environ['PATH']}", TERM="screen")
    async with open_tmux([require_program(shell, shell), *START[shell]], environment=environment) as terminal:
        await terminal.type(BEFORE[shell].format(script=script, home=home))
        await terminal.key("Enter")
        await terminal.key("C-l")
        await terminal.wait_text("ready>")
        yield terminal


async def test_tab_offers_the_threads_of_that_host_and_of_no_other(tmp_path: Path, shell: str) -> None:
    async with open_shell(shell, tmp_path) as terminal:
        await terminal.type("codex-ssh devbox --resume ")
        await terminal.key("Tab")
        screen = await terminal.wait_screen(
            lambda screen: "019a-first" in screen and "019a-second" in screen, "both threads"
        )
        assert "019b" not in screen
        if shell != "bash":
            assert "fix the tests" in screen
    assert not (tmp_path / "planted").exists()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked
    assert all(line.startswith("hosts") for line in asked), "nothing else is run, and so nothing connected to"


async def test_tab_completes_the_one_thread_of_a_host(tmp_path: Path, shell: str) -> None:
    async with open_shell(shell, tmp_path) as terminal:
        await terminal.type("codex-ssh exec build-7 --resume 01")
        await terminal.key("Tab")
        await terminal.wait_text("codex-ssh exec build-7 --resume 019b-other")


async def test_tab_completes_a_host_where_a_command_may_stand(tmp_path: Path, shell: str) -> None:
    async with open_shell(shell, tmp_path) as terminal:
        await terminal.type("codex-ssh buil")
        await terminal.key("Tab")
        await terminal.wait_text("codex-ssh build-7")
        await terminal.type("--scr" if shell == "fish" else " --scr")
        await terminal.key("Tab")
        await terminal.wait_text("--screen-reader")
