"""What a terminal gets when nobody looks at it: a notification per event, and none for what was looked at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import StartTmux
from tests.support.cli import PROGRAM
from tests.support.tmux import Tmux
from tests.support.waiting import until

pytestmark = [pytest.mark.tmux]

FOCUS, BLUR = ("1b", "5b", "49"), ("1b", "5b", "4f")
"""What a terminal writes when it gets and loses the focus (xterm's ctlseqs, mode 1004), in hex."""


def told(raw: Path) -> list[tuple[str, str]]:
    """Give title and body of every notification that was written (OSC 777, through tmux)."""
    return re.findall(r"\x1b\]777;notify;([^;\x07]*);([^\x07]*)\x07", raw.read_text(errors="replace"))


async def start(start_tmux: StartTmux, tmp_path: Path, raw: Path, **variables: str) -> Tmux:
    environment = {"HOME": str(tmp_path), **variables}
    argv = ["sh", "-c", f"read go; exec {' '.join(map(str, PROGRAM))} demo"]
    terminal = await start_tmux(argv, environment=environment, columns=100, lines=30)
    await terminal.command("pipe-pane", "-o", f"cat > {raw}")
    # What a tmux without it says about the focus is not believed.
    await terminal.command("set-option", "-s", "focus-events", "on")
    await terminal.key("Enter")
    await terminal.wait_text("● idle", seconds=60)
    return terminal


async def say(terminal: Tmux, text: str) -> None:
    await terminal.type(f"say {text}")
    await terminal.key("Enter")
    await terminal.wait_text(f"• {text}")
    await terminal.wait_text("● idle")


async def test_who_looks_elsewhere_is_told_once_and_who_looks_is_not(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    terminal = await start(start_tmux, tmp_path, raw, CODEX_SSH_TUI_NOTIFICATIONS="osc777")
    await say(terminal, "one")  # nobody said that anybody looks
    await until(lambda: told(raw), "a notification")
    await terminal.command("send-keys", "-H", *FOCUS)
    await say(terminal, "two")
    await terminal.command("send-keys", "-H", *BLUR)
    await say(terminal, "three")
    await terminal.type("run: echo four")
    await terminal.key("Enter")
    await terminal.wait_text("Run this command?")
    await until(lambda: len(told(raw)) == 3, "all of them", show=lambda: repr(told(raw)))
    assert told(raw) == [
        ("demo: say one", "done: one"),
        ("demo: say one", "done: three"),
        ("demo: say one", "may this run? echo four"),
    ]


async def test_a_program_of_the_users_is_told_too(start_tmux: StartTmux, tmp_path: Path) -> None:
    raw, heard, program = tmp_path / "raw", tmp_path / "heard", tmp_path / "notify"
    program.write_text(f'#!/bin/sh\nprintf "%s|%s\\n" "$1" "$2" >> {heard}\n')
    program.chmod(0o755)
    terminal = await start(start_tmux, tmp_path, raw, CODEX_SSH_TUI_NOTIFY_COMMAND=str(program))
    await say(terminal, "one")
    await until(lambda: heard.exists() and heard.read_text(), "the program ran")
    assert heard.read_text() == "demo: say one|done: one\n"
    assert "\a" not in re.sub(r"\x1b\][^\a]*\a", "", raw.read_text(errors="replace"))


@pytest.mark.parametrize(("mouse", "flag"), [("yes", "1"), ("no", "0")])
async def test_the_mouse_is_the_terminals_own_when_it_is_not_wanted(
    start_tmux: StartTmux, tmp_path: Path, mouse: str, flag: str
) -> None:
    terminal = await start(start_tmux, tmp_path, tmp_path / "raw", CODEX_SSH_TUI_MOUSE=mouse)
    assert (await terminal.command("display-message", "-p", "#{mouse_any_flag}")).strip() == flag
