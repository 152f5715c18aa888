"""The official TUI in tmux through our door: an answer, an approval by keyboard, its own exit code."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from codex_ssh.core.image import decode_image
from tests.conftest import StartCodex, StartTmux
from tests.support import pictures, processes
from tests.support.cli import PROGRAM, client_environment
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.listening import exposed
from tests.support.model import Model
from tests.support.sshd import Sshd
from tests.support.tmux import Tmux
from tests.support.waiting import NeverHappened, until

pytestmark = [pytest.mark.sshd, pytest.mark.codex, pytest.mark.tmux]

TURN_OVER = "Worked for"
"""What the official TUI shows once it knows of a turn's end, for each turn; what it is told before that it
adds to the turn, and codex loses that in the moment a turn ends."""


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    # A sandbox to ask to be let out of; the command itself then runs without one.
    flags = ("-c", 'sandbox_mode="workspace-write"')
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex", flags=flags)


async def open_tui(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, workspace: Path, tmp_path: Path, *words: str
) -> Tmux:
    """Run it as on a laptop that has the same codex on its PATH and an empty home."""
    laptop = tmp_path / "laptop"
    bin_dir = server.binary.put_in(laptop / "bin")
    environment = client_environment(
        laptop, PATH=f"{bin_dir}:{os.environ['PATH']}", TERM="xterm-256color", PYTHONDEVMODE=""
    )
    return await start_tmux(
        [
            *PROGRAM, "-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "--tui", "codex",
            "--cd", str(workspace), "devbox", *words,
        ],
        environment=environment,
        columns=140,
        lines=45,
    )  # fmt: skip


async def trusting(open_it: Callable[[], Awaitable[Tmux]], text: str) -> Tmux:
    """Open it, say that the folder is trusted, and give it once that text is there.

    On a busy machine it may end in between, with an error about its terminal; then it is opened once more.
    """
    for last in (False, True):
        tui = await open_it()
        try:
            await tui.wait_screen(lambda screen: "Trust" in screen or text in screen, "its first question")
            await press(tui, "Enter", text)
        except NeverHappened:
            if last or "timed out discarding buffered terminal input" not in await tui.history():
                raise
        else:
            break
    return tui


async def press(tui: Tmux, key: str, text: str) -> None:
    """Press a key until it has shown its effect: the official TUI drops keys while it starts and pastes."""
    for _ in range(5):
        await tui.key(key)
        try:
            await tui.wait_text(text, seconds=4)
        except NeverHappened:
            continue
        return
    await tui.wait_text(text)


async def test_it_streams_an_answer_and_takes_an_approval_by_keyboard(
    start_tmux: StartTmux,
    sshd: Sshd,
    server: CodexAppServer,
    workspace: Path,
    tmp_path: Path,
) -> None:
    words = "say hello through the door"
    tui = await trusting(lambda: open_tui(start_tmux, sshd, server, workspace, tmp_path, words), TURN_OVER)
    await tui.wait_text("• hello through the door")
    family = processes.tree(await tui.pid())
    assert exposed(family) == []
    shown = " ".join(word for pid in family for word in processes.command_line(pid))
    assert "--remote ws://127.0.0.1:" in shown
    assert server.token not in shown
    for pid in family:
        assert server.token.encode() not in processes.environment(pid)
    await tui.type("escalate: touch made-by-keyboard")
    await tui.wait_text("escalate: touch made-by-keyboard")
    await press(tui, "Enter", "Yes, proceed")
    await tui.key("y")
    await tui.wait_screen(lambda _: (workspace / "made-by-keyboard").exists(), "the file is there")
    await tui.type("/quit")
    await tui.wait_text("exit Codex")
    await tui.key("Enter")
    assert await tui.wait_exit() == 0


async def test_the_model_sees_an_image_of_the_laptop(
    start_tmux: StartTmux,
    sshd: Sshd,
    server: CodexAppServer,
    workspace: Path,
    tmp_path: Path,
    model: Model,
) -> None:
    (tmp_path / "a b.png").write_bytes(pictures.PNG)
    words = ("--image", str(tmp_path / "a b.png"), "say I have seen it")
    await trusting(
        lambda: open_tui(start_tmux, sshd, server, workspace, tmp_path, *words), "• I have seen it"
    )
    assert decode_image(pictures.PNG, name="").data_url() in json.dumps(model.requests)


async def test_a_lost_connection_heals_under_it(
    start_tmux: StartTmux,
    sshd: Sshd,
    server: CodexAppServer,
    workspace: Path,
    tmp_path: Path,
) -> None:
    words = "say before the drop"
    tui = await trusting(lambda: open_tui(start_tmux, sshd, server, workspace, tmp_path, words), TURN_OVER)
    await tui.wait_text("• before the drop")
    logins = sshd.logins
    sshd.cut()
    await until(lambda: sshd.logins == logins + 1, "codex-ssh has logged in again")
    await tui.type("say after the drop")
    await tui.wait_text("say after the drop")
    await press(tui, "Enter", "• after the drop")
    await tui.type("/quit")
    await tui.wait_text("exit Codex")
    await tui.key("Enter")
    assert await tui.wait_exit() == 0
