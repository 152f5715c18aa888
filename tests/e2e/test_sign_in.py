"""Signing in to codex on a devbox where nobody is: the TUI and ``exec``, a real sshd and a real codex."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from codex_ssh.server.rehearsal.account_methods import USER_CODE
from tests.conftest import StartTmux
from tests.integration.test_login import open_signed_out
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.issuer import CODE, EMAIL, Issuer, open_issuer
from tests.support.model import Model
from tests.support.sshd import Sshd
from tests.support.tmux import Tmux

pytestmark = [pytest.mark.sshd, pytest.mark.codex, pytest.mark.tmux]


@pytest.fixture
async def issuer() -> AsyncGenerator[Issuer, None]:
    async with open_issuer() as issuer:
        yield issuer


@pytest.fixture
async def server(
    sshd: Sshd, issuer: Issuer, codex_binary: CodexBinary, model: Model
) -> AsyncGenerator[CodexAppServer, None]:
    async with open_signed_out(codex_binary, sshd.home / ".codex", model=model, issuer=issuer) as server:
        yield server


def words(sshd: Sshd, server: CodexAppServer) -> list[str | Path]:
    return ["-F", str(sshd.ssh_config), "--endpoint", server.endpoint, "--cd", str(server.cwd)]


async def open_terminal(start_tmux: StartTmux, home: Path, *argv: str | Path) -> Tmux:
    environment = client_environment(home, TERM="xterm-256color", PYTHONDEVMODE="")
    return await start_tmux([*PROGRAM, *argv], environment=environment)


async def test_the_tui_signs_in_by_a_code_and_the_prompt_goes_on(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, issuer: Issuer, tmp_path: Path
) -> None:
    home = tmp_path / "laptop"
    tui = await open_terminal(start_tmux, home, *words(sshd, server), "devbox", "say hello")
    await tui.wait_text("enter: choose, esc: not now")
    await tui.key("Enter")
    await tui.wait_text("sign in to codex on devbox", f"{issuer.url}/codex/device", CODE)
    issuer.approved = True
    await tui.wait_text(f"with {EMAIL} (plus)")
    await tui.key("Enter")  # the prompt of the command line waits in the composer
    await tui.wait_text("• hello")
    await tui.type("/quit")
    await tui.key("Enter")
    assert await tui.wait_exit() == 0
    assert (server.codex_home / "auth.json").exists()
    assert not [path for path in home.rglob("*") if path.name == "auth.json"]


async def test_escape_takes_the_code_back(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, issuer: Issuer, tmp_path: Path
) -> None:
    tui = await open_terminal(start_tmux, tmp_path / "laptop", *words(sshd, server), "devbox")
    await tui.wait_text("enter: choose, esc: not now")
    await tui.key("Enter")
    await tui.wait_text(CODE)
    await tui.key("Escape")
    await tui.wait_screen(lambda text: CODE not in text, "the dialog is closed")
    asked = len(issuer.asked)
    issuer.approved = True
    await tui.type("/quit")
    await tui.key("Enter")
    assert await tui.wait_exit() == 0
    # Nobody asks any more whether the code was entered; one question may have been under way.
    assert len(issuer.asked) <= asked + 1
    assert not (server.codex_home / "auth.json").exists()


async def test_exec_on_a_terminal_signs_in_by_a_code_and_runs_the_turn(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, issuer: Issuer, tmp_path: Path
) -> None:
    terminal = await open_terminal(
        start_tmux, tmp_path / "laptop", "exec", *words(sshd, server), "devbox", "say hello from there"
    )
    await terminal.wait_text("[1/2]?")
    await terminal.type("1")
    await terminal.key("Enter")
    await terminal.wait_text(CODE)
    issuer.approved = True
    await terminal.wait_text(f"with {EMAIL} (plus)")
    assert await terminal.wait_exit() == 0
    assert "hello from there" in await terminal.history()


async def test_exec_takes_a_key_that_shows_nowhere_and_ctrl_c_takes_a_code_back(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, issuer: Issuer, tmp_path: Path
) -> None:
    argv = ["exec", *words(sshd, server), "devbox", "say hello"]
    first = await open_terminal(start_tmux, tmp_path / "laptop", *argv)
    await first.wait_text("[1/2]?")
    await first.type("1")
    await first.key("Enter")
    await first.wait_text(CODE)
    await first.key("C-c")
    assert await first.wait_exit() == 130
    assert not (server.codex_home / "auth.json").exists()
    second = await open_terminal(start_tmux, tmp_path / "laptop", *argv)
    await second.wait_text("[1/2]?")
    await second.type("2")
    await second.key("Enter")
    await second.wait_text("the API key")
    await second.type("sk-canary")
    await second.key("Enter")
    await second.wait_text("with an API key")
    assert await second.wait_exit() == 0
    assert "canary" not in await second.history()
    assert "sk-canary" in (server.codex_home / "auth.json").read_text()


async def test_exec_without_a_terminal_asks_nobody_and_names_the_remedy_when_the_turn_is_refused(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    done = await codex_ssh("exec", *words(sshd, server), "devbox", "fail 401", home=tmp_path / "laptop")
    assert done.code == 10
    assert "nobody is signed in to codex there" in done.err
    assert "401 Unauthorized" in done.err
    assert "ssh -t devbox codex login --device-auth" in done.err.partition("hint:")[2]


async def test_exec_offers_to_sign_in_when_the_credentials_are_dead(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, issuer: Issuer, tmp_path: Path
) -> None:
    argv = ["exec", *words(sshd, server), "devbox", "fail 401"]
    terminal = await open_terminal(start_tmux, tmp_path / "laptop", *argv)
    await terminal.wait_text("[1/2]?")
    await terminal.key("Enter")
    await terminal.wait_text("the model server refused the credentials codex has there")
    await terminal.type("1")
    await terminal.key("Enter")
    await terminal.wait_text(CODE)
    issuer.approved = True
    await terminal.wait_text("signed in now; run it again")
    assert await terminal.wait_exit() == 10


async def test_the_demo_shows_it_without_an_account(start_tmux: StartTmux, tmp_path: Path) -> None:
    tui = await open_terminal(start_tmux, tmp_path / "laptop", "demo")
    await tui.wait_text("idle")
    await tui.type("expire")
    await tui.key("Enter")
    await tui.wait_text("the model server refused the credentials codex has there")
    await tui.key("Enter")
    await tui.wait_text(USER_CODE)
    await tui.wait_text("signed in on")
    await tui.wait_gone(USER_CODE)
    await tui.type("say back again")
    await tui.key("Enter")
    await tui.wait_text("• back again")
    await tui.type("/quit")
    await tui.key("Enter")
    assert await tui.wait_exit() == 0
