"""Inside a real tmux: what reaches the terminal it is shown in, byte by byte."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from codex_ssh.core.tui_settings import Notifications
from codex_ssh.local.clipboard import copy_text
from codex_ssh.local.notify import notify, tells_focus
from tests.conftest import StartTmux
from tests.support.outer_terminal import shown_in
from tests.support.require import require_program
from tests.support.tmux import Tmux

pytestmark = pytest.mark.tmux


async def variables_inside(tmux: Tmux) -> dict[str, str]:
    """The variables a program in the pane has."""
    inside = await tmux.command("display-message", "-p", "#{socket_path},#{pid},0")
    return {"PATH": os.environ["PATH"], "TMUX": inside.strip(), "TERM": "tmux-256color"}


def writer(pane: BinaryIO) -> Callable[[str], None]:
    """Give what writes control sequences to a pane."""

    def write(sequence: str) -> None:
        pane.write(sequence.encode())

    return write


async def test_a_copied_text_is_in_tmux_and_on_the_clipboard_of_its_terminal(start_tmux: StartTmux) -> None:
    tmux = await start_tmux(["cat"])
    async with shown_in(tmux, term="xterm-256color", name="") as outer:
        text = "über\n" + "x" * 5000

        assert await copy_text(text, await variables_inside(tmux)) == "tmux"

        assert (await tmux.command("show-buffer")).rstrip("\n") == text
        await outer.wait_written(b";" + base64.b64encode(text.encode()) + b"\a")


async def test_a_copied_text_is_in_tmux_when_nobody_looks(start_tmux: StartTmux) -> None:
    tmux = await start_tmux(["cat"])
    assert await copy_text("x", await variables_inside(tmux)) == "tmux"
    assert (await tmux.command("show-buffer")).strip() == "x"


async def test_a_tmux_that_is_gone_is_no_way_to_copy(tmp_path: Path) -> None:
    require_program("tmux", "tmux: apt-get install tmux")
    assert await copy_text("x", {"PATH": os.environ["PATH"], "TMUX": f"{tmp_path}/socket,1,0"}) == ""


@pytest.mark.parametrize(
    ("term", "name", "expected"),
    [
        ("xterm-256color", "", b""),
        ("xterm-256color", "iTerm2 3.5.1", b"\x1b]9;codex-ssh: the turn is done\a"),
        ("xterm-256color", "WezTerm 20240203-110809", b"\x1b]777;notify;codex-ssh;the turn is done\a"),
        (
            "xterm-256color",
            "kitty(0.36.4)",
            (
                b"\x1b]99;i=codex-ssh:e=1:d=0:p=title;" + base64.b64encode(b"codex-ssh") + b"\x1b\\"
                b"\x1b]99;i=codex-ssh:e=1:d=1:p=body;" + base64.b64encode(b"the turn is done") + b"\x1b\\"
            ),
        ),
    ],
    ids=["unknown", "iterm2", "wezterm", "kitty"],
)
async def test_a_notification_reaches_the_terminal_tmux_is_shown_in(
    start_tmux: StartTmux, tmp_path: Path, term: str, name: str, expected: bytes
) -> None:
    # The program in the pane writes what it finds in the pipe.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    tmux = await start_tmux(["cat", pipe])
    await tmux.command("set-option", "-g", "allow-passthrough", "on")
    async with shown_in(tmux, term=term, name=name) as outer:
        outer.written.clear()
        with pipe.open("wb", buffering=0) as into_pane:
            await notify(
                "codex-ssh",
                "the turn is done",
                way=Notifications.AUTO,
                command=(),
                environment={**await variables_inside(tmux), "KITTY_WINDOW_ID": "7"},
                write_terminal=writer(into_pane),
            )
            await outer.wait_written(expected or b"\a")
    assert outer.written.count(expected or b"\a") == 1
    if not expected:
        assert b"\x1b]9" not in outer.written
        assert b"\x1b]777" not in outer.written


async def test_where_tmux_lets_nothing_through_the_bell_is_left(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    tmux = await start_tmux(["cat", pipe])
    async with shown_in(tmux, term="xterm-256color", name="iTerm2 3.5.1") as outer:
        outer.written.clear()
        with pipe.open("wb", buffering=0) as into_pane:
            await notify(
                "codex-ssh",
                "the turn is done",
                way=Notifications.AUTO,
                command=(),
                environment=await variables_inside(tmux),
                write_terminal=writer(into_pane),
            )
            await outer.wait_written(b"\a")
    assert b"the turn is done" not in outer.written


async def test_tmux_knows_of_the_focus_only_where_it_asks_its_terminal(start_tmux: StartTmux) -> None:
    tmux = await start_tmux(["cat"])
    assert not await tells_focus(await variables_inside(tmux))
    await tmux.command("set-option", "-s", "focus-events", "on")
    assert await tells_focus(await variables_inside(tmux))
    assert await tells_focus({"TERM": "xterm-256color"}), "outside of it the terminal itself says so"
    assert not await tells_focus({"PATH": os.environ["PATH"], "TMUX": "/no/such,1,0"})
