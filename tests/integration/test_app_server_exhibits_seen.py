"""The official TUI takes everything the rehearsal shows, and what it says of it our transcript says, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from codex_ssh.server.rehearsal.exhibit import exhibit_names
from codex_ssh.tui.cells import Cell, Look, place_of
from tests.conftest import StartTmux
from tests.support.codex import require_codex
from tests.support.waiting import NeverHappened
from tests.tui.gallery import exhibited

pytestmark = [pytest.mark.codex, pytest.mark.tmux]

SAID = (
    "The plan", "change the sign",  # a plan
    "Read calc.py", "List tests", "Search add in tests",  # files looked at
    "pytest -q", "tests/test_calc.py:7: 1 failed", "./ask.sh", "sure? yes",  # commands
    "calc.py (+3 -2)", "return a + b", "# checked by tests/test_calc.py",  # an edit
    "weather.forecast", "Sunny, 21 °C", "no such city",  # an MCP server
    "editor.selection", "lines 1 to 2 are selected",  # a tool of a client
    "https://docs.python.org/3/tutorial/floatingpoint.html", "fsum",  # the web
    "plot.png", "A plus sign in a red circle, flat, on white", "images/plus.png",  # pictures
    "current changes", "ontext compacted",  # a review, a compaction
    "Look for other wrong signs", "Run the slow tests", "There are none.", "No pytest.",  # agents
    "/root/tests", "not on a Friday", "https://example.org:443",  # agents, hooks, a denied request
    "I look at the failing test first.", "took minus for plus", "git bisect", "a longer name",  # answers
)  # fmt: skip
"""What is on the official TUI's screen after ``show all``, in its order."""


def ours() -> str:
    """Give what our transcript shows of all exhibits, folded as it is."""
    rows: list[str] = []
    for name in exhibit_names():
        entries = list(exhibited(name).entries)
        for at, entry in enumerate(entries):
            cell = Cell(entry)
            cell.place = place_of(entries, at)
            rows += [strip.text for strip in cell.rows(Look(width=150, cwd="/w"))]
    return "\n".join(rows)


def missing(screen: str) -> list[str]:
    plain = re.sub(r"\s+", " ", screen)
    return [text for text in SAID if text not in plain]


def test_our_transcript_says_it() -> None:
    assert missing(ours()) == []


async def test_the_official_tui_says_it(start_tmux: StartTmux, tmp_path: Path) -> None:
    laptop = tmp_path / "laptop"
    (laptop / "empty").mkdir(parents=True)
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    async with (
        open_rehearsal(codex_home=tmp_path, cwd=laptop / "empty") as engine,
        open_listener(config, engine) as listener,
    ):
        tui = await start_tmux(
            [require_codex("npm").path, "--remote", listener.url, "show all"],
            environment={"HOME": str(laptop), "CODEX_HOME": str(laptop)},
            cwd=laptop / "empty",
            columns=150,
            lines=150,
        )

        def is_over(screen: str) -> bool:
            return "Worked for" in screen

        for _ in range(5):
            if "Trust" in await tui.screen():
                await tui.key("Enter")  # it drops keys while it starts
            try:
                await tui.wait_screen(is_over, "the turn is over", seconds=6)
            except NeverHappened:
                continue
            break
        await tui.wait_screen(is_over, "the turn is over")
        assert missing(await tui.history()) == []
