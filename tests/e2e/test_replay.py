"""A session is recorded and shown again, in tmux: the same conversation, without a network."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import StartTmux
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.tmux import Tmux
from tests.support.waiting import NeverHappened, until
from tests.tui.session import KEPT

pytestmark = [pytest.mark.tmux]

OFFLINE = """
import socket, sys
def refuse(*_):
    raise AssertionError("a replay asked for a network")
for name in ("connect", "connect_ex", "bind", "listen", "sendto"):
    setattr(socket.socket, name, refuse)
socket.getaddrinfo = socket.create_connection = refuse
from codex_ssh.__main__ import main
sys.exit(main())
"""
"""The program where nothing can be reached; asyncio's own pair of sockets needs no address."""

PROMPT = "run: printf 'one\\ntwo\\n'\nsay that is **all**"


async def open_demo(start_tmux: StartTmux, home: Path, *words: str) -> Tmux:
    environment = client_environment(home, TERM="xterm-256color", PYTHONDEVMODE="")
    return await start_tmux([*PROGRAM, "demo", *words], environment=environment, columns=100, lines=30)


async def open_replay(start_tmux: StartTmux, home: Path, *words: str) -> Tmux:
    environment = client_environment(home, TERM="xterm-256color", PYTHONDEVMODE="")
    argv = [PROGRAM[0], "-c", OFFLINE, "replay", *words]
    return await start_tmux(argv, environment=environment, columns=100, lines=30)


def conversation(screen: str) -> list[str]:
    """What is above the composer."""
    lines = [line.rstrip() for line in screen.partition("╭")[0].splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


async def record(start_tmux: StartTmux, home: Path, file: Path) -> list[str]:
    """Record a turn with an approval; give what was on the screen at its end."""
    tui = await open_demo(start_tmux, home, "--record", str(file))
    await tui.wait_text("idle")
    await tui.paste(PROMPT)
    await tui.wait_text("that is **all**")
    await tui.key("Enter")
    await tui.wait_text("Run this command?")
    for _ in range(5):  # for a moment after a card has come up, keys meant for the composer don't count
        await tui.key("y")
        with suppress(NeverHappened):
            await tui.wait_gone("Run this command?", seconds=2)
            break
    await until(lambda: "turn/completed" in file.read_text(), "the turn's end")
    await tui.wait_text("idle")
    screen = await tui.screen()
    await tui.key("C-q")
    assert await tui.wait_exit() == 0
    return conversation(screen)


async def test_what_is_recorded_is_shown_again_without_a_network(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    file = tmp_path / "session.jsonl"
    live = await record(start_tmux, tmp_path / "home", file)

    replay = await open_replay(start_tmux, tmp_path / "home", "--all", str(file))
    await replay.wait_text("■ replay")
    await replay.wait_screen(lambda screen: conversation(screen) == live, f"the conversation {live}")
    await replay.key("C-q")
    assert await replay.wait_exit() == 0

    printed = await codex_ssh("replay", "--text", file, home=tmp_path / "home")
    assert (printed.code, printed.err) == (0, "")
    assert "that is **all**" in printed.out
    assert "one\ntwo" in printed.out


async def test_a_client_that_is_killed_leaves_a_recording_up_to_there(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    file = tmp_path / "session.jsonl"
    tui = await open_demo(start_tmux, tmp_path / "home", "--record", str(file))
    await tui.wait_text("idle")
    await tui.type("slow 100000 5")
    await tui.key("Enter")
    await until(lambda: file.read_text().count("item/agentMessage/delta") > 20, "some of the answer")
    pid = await tui.pid()
    below = processes.descendants(pid)
    os.kill(pid, signal.SIGKILL)
    assert await tui.wait_exit() == 128 + signal.SIGKILL
    processes.kill(below)  # the demo's app server, which nobody is left to end
    whole = file.read_text()
    assert all(json.loads(line) for line in whole.splitlines())

    file.write_text(whole[:-10])
    printed = await codex_ssh("replay", "--text", file, home=tmp_path / "home")
    assert printed.code == 0, printed.err
    assert "slow 100000 5" in printed.out
    assert "the recording breaks off here" in printed.out


async def test_a_turn_ends_with_the_demo_and_that_is_said(start_tmux: StartTmux, tmp_path: Path) -> None:
    tui = await open_demo(start_tmux, tmp_path / "home")
    await tui.wait_text("idle")
    await tui.type("hold on")
    await tui.key("Enter")
    await tui.wait_text("running")
    await tui.key("C-c")
    await tui.wait_text("ctrl+c again leaves")
    await tui.key("C-c")
    assert await tui.wait_exit() == 0
    await tui.wait_text("the turn ended with the demo")


@pytest.mark.parametrize("what", ["replay", "demo"])
async def test_a_terminal_that_is_closed_leaves_no_process(
    start_tmux: StartTmux, tmp_path: Path, what: str
) -> None:
    opened = (
        await open_replay(start_tmux, tmp_path / "home", str(KEPT))
        if what == "replay"
        else await open_demo(start_tmux, tmp_path / "home")
    )
    await opened.wait_text("■ replay" if what == "replay" else " ms")
    pid = await opened.pid()
    family = processes.tree(pid)
    await opened.command("kill-server")

    await until(lambda: not any(map(processes.is_alive, family)), "all of it ends")


async def test_nobody_is_called_for_a_recording_that_cannot_be_made(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    file.write_text("precious")
    for name, said in ((file, "is there already"), (tmp_path / "no" / "file", "No such file or directory")):
        # The host does not exist: it is not even looked for.
        done = await codex_ssh("--record", name, "nowhere.invalid", home=tmp_path / "home")
        assert done.code == 3
        assert said in done.err
        assert "nowhere" not in done.err
    assert file.read_text() == "precious"


async def test_a_failed_connect_leaves_no_file_in_the_way_of_the_next(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"

    done = await codex_ssh(
        "--record", file, "-F", "none", "-p", "1", "127.0.0.1", "--no-input", home=tmp_path / "home"
    )

    assert done.code == 4, done.err
    assert not file.exists()


async def test_the_official_tui_is_not_recorded(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"

    done = await codex_ssh("--tui", "codex", "--record", file, "nowhere.invalid", home=tmp_path / "home")

    assert done.code == 2
    assert not file.exists()


async def test_what_cannot_be_shown_is_told(tmp_path: Path) -> None:
    other, newer, fine = tmp_path / "other", tmp_path / "newer", tmp_path / "fine"
    other.write_text("hello")
    newer.write_text('{"codex-ssh-recording":99}\n')
    fine.write_text('{"codex-ssh-recording":1}\n')
    for words, code, said in (
        ([tmp_path / "missing"], 3, "No such file"),
        ([other], 3, "no recording of codex-ssh"),
        ([newer], 3, "it has form 99"),
        ([fine], 2, "a replay needs a terminal"),
        (["--speed", "-1", fine], 2, "not a speed"),
        ([], 2, "FILE"),
    ):
        done = await codex_ssh("replay", *words, home=tmp_path / "home")
        assert done.code == code, (words, done.err)
        assert said in done.err
