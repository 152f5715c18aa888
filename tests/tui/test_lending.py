"""A lively application lends its terminal: it is quiet meanwhile, does not stand still, and comes back."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.conftest import StartTmux
from tests.support import processes
from tests.support.programs import path_with, put_program
from tests.support.tmux import Tmux
from tests.support.waiting import until

pytestmark = pytest.mark.tmux


async def lively(start_tmux: StartTmux, tmp_path: Path, editor: str) -> Tmux:
    put_program(tmp_path, "ed", editor)
    variables = {
        "LEAVE": str(tmp_path / "leave"),
        "PATH": path_with(tmp_path),
        "EDITOR": "ed",
        "PYTHONPATH": os.getcwd(),
        "TERM": "xterm-256color",
    }
    tmux = await start_tmux([sys.executable, "-m", "tests.tui.lending_program"], environment=variables)
    await tmux.wait_text("the application")
    await tmux.wait_screen(lambda screen: bool(re.search(r"beat \d", screen)), "it is lively")
    await tmux.key("e")
    return tmux


async def test_the_editor_has_the_terminal_alone_and_the_application_goes_on(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    tmux = await lively(start_tmux, tmp_path, 'echo "the editor"; read line; echo "$line" > "$1"')
    await tmux.wait_text("the editor")
    await tmux.wait_gone("the application")
    title = await tmux.command("display-message", "-p", "#{pane_title}")
    seen = await tmux.screen()

    # Long enough for a hundred beats, which nobody must see or hear.
    await tmux.command("run-shell", "sleep 1.5")
    assert await tmux.screen() == seen
    assert await tmux.command("display-message", "-p", "#{pane_title}") == title

    await tmux.type("two")
    await tmux.key("Enter")
    screen = await tmux.wait_text("the application")
    await tmux.wait_screen(lambda screen: "two (" in screen, "what was written")
    counted = re.search(r"after (\d+): two \((\d+)\)", await tmux.screen())
    assert counted is not None, screen
    assert int(counted[2]) - int(counted[1]) > 40, "it stood still meanwhile"

    async def new_title() -> bool:
        return await tmux.command("display-message", "-p", "#{pane_title}") != title

    await until(new_title, "it writes again")
    await tmux.key("q")
    assert await tmux.wait_exit() == 0


async def test_an_editor_that_fails_gives_the_terminal_back(start_tmux: StartTmux, tmp_path: Path) -> None:
    tmux = await lively(start_tmux, tmp_path, "stty raw -echo; kill -9 $$")
    await tmux.wait_text("was ended by SIGKILL")
    await tmux.wait_text("the application")
    await tmux.key("q")
    assert await tmux.wait_exit() == 0
    assert (await tmux.command("display-message", "-p", "#{mouse_any_flag}")).strip() == "0"


@pytest.mark.parametrize("how", ["signal", "exit"])
async def test_at_the_end_of_the_application_the_editor_ends_too(
    start_tmux: StartTmux, tmp_path: Path, how: str
) -> None:
    script = 'echo $$ > "$HERE/pid"; echo "the editor"; read line'
    tmux = await lively(start_tmux, tmp_path, script)
    await tmux.wait_text("the editor")
    editor = int((tmp_path / "pid").read_text())
    if how == "signal":
        os.kill(await tmux.pid(), signal.SIGTERM)
    else:
        (tmp_path / "leave").touch()  # it looks for that at every beat
    assert await tmux.wait_exit() == 0
    assert not processes.is_alive(editor)
