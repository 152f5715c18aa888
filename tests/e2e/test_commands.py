"""The slash commands on a real terminal: files of the devbox, seen, searched, and handed to an editor."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import StartTmux
from tests.support.cli import PROGRAM, client_environment
from tests.support.tmux import Tmux

pytestmark = [pytest.mark.tmux]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a change, a new file, and a directory."""
    path = tmp_path / "repository"
    path.mkdir()
    script = """
    git init -q -b main . && git config user.email a@example.com && git config user.name A
    mkdir below; touch below/b
    for n in 1 2 3 4 5 6 7 8 9; do echo "number $n"; done > numbers.py
    git add . && git commit -q -m 'the first'
    sed -i.bak 's/number 5/NUMBER 5/' numbers.py && rm numbers.py.bak; printf 'brand new\\n' > new.txt
    """
    subprocess.run(["sh", "-ec", script], cwd=path, check=True)
    return path


async def open_demo(
    start_tmux: StartTmux, tmp_path: Path, cwd: Path, *, columns: int, lines: int, editor: str = "true"
) -> Tmux:
    environment = client_environment(
        tmp_path / "laptop", TERM="xterm-256color", PYTHONDEVMODE="", EDITOR=editor
    )
    command = [*PROGRAM, "demo", "--cd", str(cwd)]
    tui = await start_tmux(command, environment=environment, columns=columns, lines=lines)
    await tui.wait_text("idle")
    return tui


async def do(tui: Tmux, line: str) -> None:
    """Type a command, and press Enter when it stands there."""
    await tui.type(line)
    await tui.wait_text(line)
    await tui.key("Enter")


async def test_a_diff_is_walked_through_and_put_side_by_side(
    start_tmux: StartTmux, tmp_path: Path, repository: Path
) -> None:
    tui = await open_demo(start_tmux, tmp_path, repository, columns=140, lines=45)
    await do(tui, "/diff")
    await tui.wait_text("not committed on demo  1 of 2: numbers.py")
    await tui.wait_text("NUMBER 5", "new.txt  new +1 -0")
    await tui.key("v")
    await tui.wait_screen(
        lambda screen: any("number 5" in row and "NUMBER 5" in row for row in screen.splitlines()),
        "old and new side by side",
    )
    await tui.key("q")
    await tui.wait_text("say what to do")


@pytest.mark.parametrize(("columns", "lines"), [(40, 20), (80, 24)])
async def test_a_file_is_searched_and_read_in_the_editor(
    start_tmux: StartTmux, tmp_path: Path, repository: Path, columns: int, lines: int
) -> None:
    seen = tmp_path / "seen"
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\ncp "$1" {seen}\necho scribbled >> "$1"\n')
    editor.chmod(0o755)
    tui = await open_demo(start_tmux, tmp_path, repository, columns=columns, lines=lines, editor=str(editor))
    before = (repository / "numbers.py").read_text()
    await do(tui, "/view numbers.py")
    await tui.wait_text("1 number 1")
    await tui.key("/")
    await tui.type("number 7")
    await tui.wait_text("in 1 line")
    await tui.key("Escape")
    await tui.wait_screen(lambda screen: screen.count("number 7") == 1, "the search is over")
    await tui.key("e")
    await tui.wait_screen(lambda _: seen.exists() and seen.read_text() == before, "the editor saw it")
    await tui.wait_text("7 number 7")
    assert (repository / "numbers.py").read_text() == before
    await tui.key("Escape")
    await tui.wait_text("say what to do")


async def test_another_directory_is_chosen_and_worked_in(
    start_tmux: StartTmux, tmp_path: Path, repository: Path
) -> None:
    tui = await open_demo(start_tmux, tmp_path, repository, columns=80, lines=24)
    await do(tui, "/cd")
    await tui.wait_text("below/")
    await tui.type("bel")
    await tui.key("Enter")
    # The path is long, and broken somewhere.
    await tui.wait_gone("below/")
    await tui.key("Enter")
    await tui.wait_text("from the next turn on in")
    await do(tui, "/permissions full")
    await tui.wait_text("type demo and enter")
    await tui.type("demo")
    await tui.key("Enter")
    await tui.wait_text("Full access")
    await tui.type("run: pwd > here")
    await tui.key("Enter")
    await tui.wait_screen(lambda _: (repository / "below" / "here").exists(), "it ran there")
