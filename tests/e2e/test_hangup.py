"""A terminal that is closed takes the client with it, whatever is being written to it just then."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import StartTmux
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment
from tests.support.waiting import until

pytestmark = [pytest.mark.tmux]

WAITS_FOR_ITS_CHILD = """
import signal, subprocess, sys
signal.signal(signal.SIGHUP, lambda *_: None)
sys.exit(subprocess.call(sys.argv[1:]))
"""
"""As make does: the leader of the session takes the hang-up, does not end, and so nobody else hears of it."""


@pytest.mark.parametrize(
    "leader",
    [["sh", "-c", '"$@"; true', "sh"], [sys.executable, "-c", WAITS_FOR_ITS_CHILD]],
    ids=["shell", "one that waits"],
)
async def test_a_closed_terminal_leaves_no_client_behind(
    start_tmux: StartTmux, tmp_path: Path, leader: list[str]
) -> None:
    tui = await start_tmux(
        [*leader, *PROGRAM, "demo"],
        environment=client_environment(tmp_path / "home", TERM="xterm-256color", PYTHONDEVMODE=""),
        leads=True,
    )
    await tui.wait_text("idle")
    await tui.type("slow 2000 20")
    await tui.key("Enter")
    await tui.wait_text("word30")
    family = processes.tree(int(await tui.command("display-message", "-p", "#{pane_pid}")))
    assert family
    # As when a window is closed: the terminal is gone, and SIGHUP and SIGCONT come to the session's leader.
    await tui.command("kill-server")
    await until(lambda: not any(map(processes.is_alive, family)), "all of its processes are gone")
