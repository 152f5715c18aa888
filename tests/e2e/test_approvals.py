"""Approvals on a real terminal, asked by a real codex: a command and an edit, on the whole screen too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import StartCodex, StartTmux
from tests.e2e.test_builtin_tui import approve, open_tui
from tests.support.codex import CodexAppServer, require_codex
from tests.support.sshd import Sshd
from tests.support.tmux import Tmux
from tests.support.waiting import NeverHappened

pytestmark = [pytest.mark.sshd, pytest.mark.codex, pytest.mark.tmux]


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex) -> CodexAppServer:
    # Nothing may be written without asking.
    flags = ("-c", 'sandbox_mode="read-only"')
    return await start_codex(require_codex("npm"), codex_home=sshd.home / ".codex", flags=flags)


async def opened(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, workspace: Path, home: Path, prompt: str
) -> Tmux:
    return await open_tui(
        start_tmux, home,
        "-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "--cd", str(workspace),
        "devbox", prompt,
    )  # fmt: skip


async def insist(tui: Tmux, key: str, text: str) -> None:
    """Press a key until it counts: for a moment after a card has come up, keys don't."""
    for _ in range(5):
        await tui.key(key)
        try:
            await tui.wait_text(text, seconds=2)
        except NeverHappened:
            continue
        return
    await tui.wait_text(text)


async def test_a_command_is_read_on_the_whole_screen_and_approved_there(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, workspace: Path, tmp_path: Path
) -> None:
    tui = await opened(
        start_tmux, sshd, server, workspace, tmp_path / "laptop", "escalate: touch made # \u202e harmless"
    )
    card = await tui.wait_text("Run this command?")
    assert "$ touch made # <202e> harmless" in card
    assert "devbox" in card
    assert str(workspace.name) in card.replace("\n", "")
    await insist(tui, "f", "esc: back")
    await tui.key("Escape")
    await tui.wait_text("f: full screen")
    assert not (workspace / "made").exists()
    await insist(tui, "C-a", "esc: back")
    await approve(tui, workspace / "made")
    await tui.wait_text("idle")
    await tui.key("C-q")
    assert await tui.wait_exit() == 0


async def test_an_edit_is_seen_side_by_side_and_declined_then_approved(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, workspace: Path, tmp_path: Path
) -> None:
    tui = await opened(start_tmux, sshd, server, workspace, tmp_path / "laptop", "patch one.txt")
    card = await tui.wait_text("Make these changes?")
    assert "first line" in card
    await insist(tui, "f", "v: side by side")
    await insist(tui, "n", "not made")
    assert not (workspace / "one.txt").exists()
    await tui.wait_text("idle")
    await tui.key("C-u")
    await tui.type("patch two.txt")
    await tui.key("Enter")
    await tui.wait_text("f: full screen")
    await approve(tui, workspace / "two.txt")
    assert (workspace / "two.txt").read_text() == "first line\nsecond line\n"
    await tui.wait_text("idle")
    await tui.key("C-q")
    assert await tui.wait_exit() == 0


async def test_a_phone_approves_what_was_asked_at_the_desk(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, workspace: Path, tmp_path: Path
) -> None:
    tui = await opened(start_tmux, sshd, server, workspace, tmp_path / "laptop", "escalate: touch made")
    await tui.wait_text("Run this command?")
    phone = await open_tui(
        start_tmux, tmp_path / "phone",
        "-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "--approve-only", "devbox",
        columns=40, lines=20,
    )  # fmt: skip
    await phone.wait_text("waiting for you")
    assert not (workspace / "made").exists()
    await phone.key("Enter")
    card = await phone.wait_text("Run this command?")
    assert "touch made" in card
    assert "devbox" in card
    await approve(phone, workspace / "made")
    await tui.wait_text("answered elsewhere")
    await phone.wait_text("idle")
    await phone.type("and now this")
    await insist(phone, "Enter", "only approves")
    for terminal in (phone, tui):
        await terminal.key("C-q")
        assert await terminal.wait_exit() == 0
