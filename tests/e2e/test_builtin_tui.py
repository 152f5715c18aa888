"""Our TUI in tmux on a real devbox: an answer, an approval by keyboard, and what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import StartCodex, StartTmux
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.listening import exposed, listening_in_tree
from tests.support.sshd import Sshd
from tests.support.tmux import Tmux
from tests.support.waiting import NeverHappened

pytestmark = [pytest.mark.sshd, pytest.mark.codex, pytest.mark.tmux]


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    # A sandbox to ask to be let out of; the command itself then runs without one.
    flags = ("-c", 'sandbox_mode="workspace-write"')
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex", flags=flags)


async def open_tui(
    start_tmux: StartTmux, home: Path, *words: str, columns: int = 80, lines: int = 24
) -> Tmux:
    environment = client_environment(home, TERM="xterm-256color", PYTHONDEVMODE="")
    return await start_tmux([*PROGRAM, *words], environment=environment, columns=columns, lines=lines)


async def approve(tui: Tmux, made: Path) -> None:
    """Press y until it counts: for a moment after a card has come up, keys meant for the composer don't."""
    for _ in range(5):
        await tui.key("y")
        try:
            await tui.wait_screen(lambda _: made.exists(), "the file is there", seconds=2)
        except NeverHappened:
            continue
        return
    assert made.exists()


@pytest.mark.parametrize("door", [(), ("--door",)], ids=["channel", "door"])
async def test_it_streams_an_answer_and_takes_an_approval_by_keyboard(
    start_tmux: StartTmux,
    sshd: Sshd,
    server: CodexAppServer,
    workspace: Path,
    tmp_path: Path,
    door: tuple[str, ...],
) -> None:
    tui = await open_tui(
        start_tmux, tmp_path / "laptop",
        "-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "--cd", str(workspace),
        *door, "devbox", "say hello from the devbox", columns=140,
    )  # fmt: skip
    await tui.wait_text("hello from the devbox")
    assert await tui.full_screen()
    pid = await tui.pid()
    assert exposed(processes.tree(pid)) == []
    ports = [one for one in listening_in_tree(pid) if one.kind != "unix"]
    assert len(ports) == len(door)
    await tui.wait_text("· devbox ·", "ssh")
    await tui.type("escalate: touch made-by-keyboard")
    await tui.wait_text("escalate: touch made-by-keyboard")
    await tui.key("Enter")
    await tui.wait_text("Run this command?")
    assert not (workspace / "made-by-keyboard").exists()
    await approve(tui, workspace / "made-by-keyboard")
    await tui.type("/quit")
    await tui.key("Enter")
    assert await tui.wait_exit() == 0
    assert "--resume" in await tui.history()
    seen = await codex_ssh("hosts", "--threads", "devbox", home=tmp_path / "laptop")
    assert [line.partition("\t")[2] for line in seen.out.splitlines()] == ["say hello from the devbox"]


async def test_what_cannot_be_reached_is_said_without_a_full_screen(
    start_tmux: StartTmux, sshd: Sshd, tmp_path: Path
) -> None:
    tui = await open_tui(
        start_tmux, tmp_path, "-F", str(sshd.ssh_config), "--endpoint", "ws://127.0.0.1:1", "devbox"
    )
    assert await tui.wait_exit() == 6
    screen = await tui.history()
    assert "error: devbox: app server: nothing listens on port 1 there" in screen
    assert "hint: " in screen
    assert not await tui.full_screen()


async def test_a_lost_link_comes_back_and_a_killed_client_leaves_its_text_to_the_next(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    words = ("-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "devbox")
    tui = await open_tui(start_tmux, tmp_path, *words, "say one")
    await tui.wait_text("one")
    await tui.wait_text("idle")
    await tui.type("say two")
    await sshd.stop()
    await tui.wait_text("no link, last contact")
    await tui.key("Enter")
    await tui.type("not yet sent")
    await tui.wait_text("not yet sent")
    await sshd.start()
    await tui.wait_text("two")
    await tui.wait_text("idle")
    await tui.wait_text("not yet sent")
    processes.kill(processes.tree(await tui.pid()))
    await tui.wait_exit()

    again = await open_tui(start_tmux, tmp_path, *words, "--last")
    await again.wait_text("two")
    await again.wait_text("not yet sent")
    await again.wait_text("is in the composer again")


async def test_a_refused_login_waits_for_the_user_and_ctrl_r(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    words = ("-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "devbox", "say one")
    tui = await open_tui(start_tmux, tmp_path, *words)
    await tui.wait_text("idle")
    keys = sshd.directory / "authorized_keys"
    kept = keys.read_text()
    keys.write_text("")
    sshd.cut()
    await tui.wait_text("ctrl+r tries once more")
    keys.write_text(kept)
    await tui.key("C-r")
    await tui.wait_text("● idle")
    await tui.key("C-q")
    assert await tui.wait_exit() == 0


async def test_ctrl_c_while_it_connects_leaves_nothing(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    sshd.known_hosts.write_text("")
    tui = await open_tui(
        start_tmux, tmp_path, "-F", str(sshd.ssh_config), "-o", "StrictHostKeyChecking=ask",
        "--endpoint", str(server.endpoint), "devbox",
    )  # fmt: skip
    await tui.wait_text("SHA256:")
    family = processes.tree(await tui.pid())
    await tui.key("C-c")
    assert await tui.wait_exit() == 130
    assert not any(map(processes.is_alive, family))
    assert sshd.logins == 0


async def test_threads_that_go_on_are_offered_and_the_stream_goes_on(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    words = ("-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "devbox")
    tui = await open_tui(start_tmux, tmp_path, *words, "slow 4000 20")
    await tui.wait_text("running")
    processes.kill(processes.tree(await tui.pid()))
    await tui.wait_exit()

    again = await open_tui(start_tmux, tmp_path, *words)
    await again.wait_text("threads go on here: which one?")
    await again.wait_text("▶ running  slow 4000 20")
    await again.key("Enter")
    await again.wait_text("› slow 4000 20")
    await again.wait_text("running")
    await again.key("Escape")
    await again.wait_text("interrupted")


async def test_for_a_screen_reader_lines_are_appended_and_nothing_is_drawn_twice(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, workspace: Path, tmp_path: Path
) -> None:
    tui = await open_tui(
        start_tmux, tmp_path / "laptop",
        "-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "--cd", str(workspace),
        "--screen-reader", "devbox", "say hello from the devbox",
    )  # fmt: skip
    await tui.wait_text("codex: hello from the devbox")
    await tui.wait_text("finished")
    assert not await tui.full_screen()
    await tui.type("escalate: touch made-by-word")
    await tui.key("Enter")
    await tui.wait_text("approval wanted: run this command?")
    await tui.wait_text("command: touch made-by-word")
    assert not (workspace / "made-by-word").exists()
    await tui.wait_text("c: no, and stop the turn")
    for _ in range(5):
        await tui.type("y")
        await tui.key("Enter")
        try:
            await tui.wait_text("answered: yes", seconds=2)
        except NeverHappened:
            continue
        break
    await tui.wait_screen(lambda _: (workspace / "made-by-word").exists(), "the file is there")
    await tui.key("C-c")
    await tui.wait_text("control c once more leaves")
    await tui.key("C-c")
    assert await tui.wait_exit() == 0
    said = await tui.history()
    assert said.count("codex: hello from the devbox") == 1
    assert not await tui.full_screen()
