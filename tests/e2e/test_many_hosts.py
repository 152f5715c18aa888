"""Several hosts in one TUI on a real terminal: two devboxes, two app servers, one inbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import StartCodex, StartSshd, StartTmux
from tests.e2e.test_approvals import insist
from tests.e2e.test_builtin_tui import approve, open_tui
from tests.support.codex import require_codex

pytestmark = [pytest.mark.sshd, pytest.mark.codex, pytest.mark.tmux]


async def test_another_host_is_gone_to_and_its_approval_answered_from_the_first(
    start_tmux: StartTmux, start_sshd: StartSshd, start_codex: StartCodex, workspace: Path, tmp_path: Path
) -> None:
    flags = ("-c", 'sandbox_mode="read-only"')
    boxes = {name: await start_sshd(name) for name in ("devbox", "gpu")}
    sections, config, home = "", tmp_path / "ssh_config", tmp_path / "laptop"
    for name, box in boxes.items():
        server = await start_codex(require_codex("npm"), codex_home=box.home / ".codex", flags=flags)
        sections += f'[host.{name}]\nendpoint = "{server.endpoint}"\ncd = "{workspace}"\n'
    config.write_text("".join(box.ssh_config.read_text() for box in boxes.values()))
    settings = home / ".config" / "codex-ssh" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(sections)

    tui = await open_tui(start_tmux, home, "-F", str(config), "devbox", "hold on to it")
    await tui.wait_text("running")
    await tui.type("half a thought")
    await tui.key("M-h")
    # Both are named by the config file; the first one is open, the other one is looked at.
    await tui.wait_text("up")
    await tui.type("gpu")
    await tui.key("Enter")
    await tui.wait_text("idle · gpu")
    await tui.type("escalate: touch made")
    await tui.key("Enter")
    await tui.wait_text("Run this command?")
    await tui.key("M-h")
    await tui.wait_text("1 waiting for you")
    await tui.type("devbox")
    await tui.key("Enter")
    await tui.wait_text("alt+w: gpu waits for you", "half a thought", "running")
    await insist(tui, "M-w", "gpu waits for you")
    await tui.wait_text("$ touch made")
    await approve(tui, workspace / "made")
    await tui.wait_text("half a thought")
    # Both are told one thing: the one steers its turn, the other one begins one.
    await tui.key("C-u")
    await tui.type("/tell say it on both")
    await tui.key("Enter")
    await tui.wait_text("go on with 0")
    await tui.key("Space", "Down", "Space")
    await tui.wait_text("go on with 2")
    await tui.key("Enter")
    await tui.wait_text("type 2 hosts and enter")
    await tui.type("2 hosts")
    await tui.key("Enter")
    await tui.wait_text("said to 2 hosts: devbox, gpu")
    await tui.wait_text("› say it on both")
    await tui.type("/hosts gpu")
    await tui.key("Enter")
    await tui.wait_text("• it on both")
    # Side by side both are seen, and Enter goes to the chosen one.
    await tui.key("M-a")
    await tui.wait_screen(lambda shown: shown.count("› say it on both") == 2, "both are seen")
    await tui.key("Left", "Enter")
    await tui.wait_text("· devbox ·")
    assert {name: box.logins for name, box in boxes.items()} == {"devbox": 1, "gpu": 2}
    await tui.key("C-q")
    assert await tui.wait_exit() == 0
    left = await tui.wait_text("codex-ssh devbox --resume")
    assert "codex-ssh gpu --resume" in left
    # A view that only approves does no more on the hosts it goes to.
    tui = await open_tui(start_tmux, home, "-F", str(config), "devbox", "--approve-only", "--last")
    await tui.wait_text("only approves")
    await tui.type("/hosts gpu")
    await tui.key("Enter")
    await tui.wait_text("threads on gpu")
    await tui.key("Enter")
    await tui.wait_text("idle · gpu")
    await tui.type("not this")
    await insist(tui, "Enter", "not sent: this view only approves")
    await tui.key("C-q")
    assert await tui.wait_exit() == 0
