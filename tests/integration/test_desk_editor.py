"""An editor on a real terminal: its keys are its own, and the terminal is as it was afterwards."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import StartTmux
from tests.support.programs import path_with, put_program

pytestmark = pytest.mark.tmux

PROGRAM = """
import asyncio, os, signal
from codex_ssh.cli.run import run_async
from codex_ssh.errors import DeskFailed, Interrupted
from codex_ssh.local.editor import edit_text

async def main():
    try:
        print("got", repr(await edit_text("one", dict(os.environ))), flush=True)
    except DeskFailed as failed:
        print("failed", failed, flush=True)
    print("type something")
    print("typed", repr(await asyncio.to_thread(input)), flush=True)
    print("waiting")
    await asyncio.sleep(600)
    return 0

try:
    run_async(main())
except Interrupted:
    print("interrupted", flush=True)
    os._exit(3)
"""


async def test_an_interrupt_in_the_editor_is_the_editors(start_tmux: StartTmux, tmp_path: Path) -> None:
    put_program(
        tmp_path,
        "ed",
        """trap 'echo two >> "$1"; echo editor interrupted' INT QUIT
        echo editing
        read a; read b; read c""",
    )
    variables = {"PATH": path_with(tmp_path), "EDITOR": "ed", "PYTHONPATH": os.getcwd()}
    tmux = await start_tmux([sys.executable, "-c", PROGRAM], environment=variables)
    await tmux.wait_text("editing")
    await tmux.key("C-c")
    await tmux.wait_text("editor interrupted")
    await tmux.key("C-\\")
    await tmux.wait_screen(lambda screen: screen.count("editor interrupted") == 2, "both signals")
    await tmux.key("Enter", "Enter", "Enter")
    await tmux.wait_text("got 'onetwo\\ntwo'")

    await tmux.key("x", "Enter")
    await tmux.wait_text("waiting")
    await tmux.key("C-c")  # now it is ours again
    assert await tmux.wait_exit() == 3


async def test_an_editor_that_is_killed_leaves_a_terminal_that_shows_what_is_typed(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    put_program(tmp_path, "ed", "stty raw -echo; kill -9 $$")
    variables = {"PATH": path_with(tmp_path), "EDITOR": "ed", "PYTHONPATH": os.getcwd()}
    tmux = await start_tmux([sys.executable, "-c", PROGRAM], environment=variables)
    await tmux.wait_text("failed the editor 'ed' was ended by SIGKILL")
    await tmux.wait_text("type something")
    await tmux.type("shown")
    await tmux.wait_screen(lambda screen: "\nshown" in screen, "the terminal shows what is typed")
    await tmux.key("Enter")
    await tmux.wait_text("typed 'shown'")
