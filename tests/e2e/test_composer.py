"""The composer on a real terminal, over ssh, with a real codex: what a terminal sends is what was meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import StartCodex, StartTmux
from tests.support import pictures, processes
from tests.support.cli import PROGRAM, client_environment
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.model import Json, Model
from tests.support.sshd import Sshd
from tests.support.tmux import Tmux

pytestmark = [pytest.mark.sshd, pytest.mark.codex, pytest.mark.tmux]


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex")


@pytest.fixture
async def tui(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, workspace: Path, tmp_path: Path
) -> Tmux:
    return await open_tui(start_tmux, sshd, server, workspace, tmp_path)


async def open_tui(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, workspace: Path, tmp_path: Path
) -> Tmux:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "say edited" > "$1"\n')
    editor.chmod(0o755)
    found = await start_tmux(
        [
            *PROGRAM, "-F", sshd.ssh_config, "--endpoint", str(server.endpoint), "--cd", workspace, "devbox"
        ],
        environment=client_environment(
            tmp_path / "laptop", TERM="xterm-256color", PYTHONDEVMODE="", EDITOR=str(editor)
        ),
    )  # fmt: skip
    await found.wait_text("idle")
    return found


def said(model: Model) -> str:
    """What the user said last, as the model read it."""
    messages: list[Json] = [item for item in model.requests[-1]["input"] if item.get("role") == "user"]
    return "".join(part.get("text", "") for part in messages[-1]["content"])


async def test_a_long_paste_is_folded_and_sent_as_it_was(tui: Tmux, model: Model) -> None:
    # Tabs and what would end a paste are the terminal's own to change.
    text = "".join(f"line {n} \u202e über\n" for n in range(30)) + "end"
    await tui.type("say look at ")
    await tui.paste(text)
    await tui.wait_text("say look at [pasted 31 lines]")
    await tui.type(" please")
    await tui.wait_text("[pasted 31 lines] please")
    await tui.key("Enter")
    await tui.wait_text("• you said: end please")
    assert said(model) == f"say look at {text} please"


async def test_a_dropped_image_goes_along(tui: Tmux, model: Model, tmp_path: Path) -> None:
    (tmp_path / "my shot.png").write_bytes(pictures.PNG)
    await tui.paste(f"'{tmp_path / 'my shot.png'}'")
    await tui.wait_text("[my shot.png 3×2, 78 B]")
    await tui.key("C-a")
    await tui.type("say seen ")
    await tui.key("Enter")
    await tui.wait_text("• seen")
    assert "data:image/png;base64," in json.dumps(model.requests[-1])


async def test_the_keys_of_readline_come_through(tui: Tmux, model: Model) -> None:
    await tui.type("one two wrong")
    await tui.key("M-b", "M-d", "C-a")
    await tui.type("say ")
    await tui.key("C-e", "C-w", "C-y", "C-j")
    await tui.type("second line")
    await tui.wait_text("│ second line")
    await tui.key("Enter")
    await tui.wait_text("second line")
    await tui.wait_screen(lambda _: bool(model.requests), "the model is asked")
    assert said(model) == "say one two \nsecond line"
    await tui.wait_text("idle")
    await tui.key("C-r")
    await tui.type("two")
    await tui.wait_text("history: two")
    await tui.key("Escape")
    await tui.wait_gone("history: two")


async def test_the_editor_has_the_terminal_and_gives_it_back(tui: Tmux, model: Model) -> None:
    await tui.type("half")
    await tui.key("C-g")
    await tui.wait_text("│ say edited")
    await tui.key("Enter")
    await tui.wait_text("• edited")


async def test_a_killed_client_leaves_the_paste_and_the_image_to_the_next(
    start_tmux: StartTmux,
    sshd: Sshd,
    server: CodexAppServer,
    workspace: Path,
    tmp_path: Path,
    tui: Tmux,
    model: Model,
) -> None:
    (tmp_path / "shot.png").write_bytes(pictures.PNG)
    text = "".join(f"line {n}\n" for n in range(30))
    await tui.type("say ")
    await tui.paste(text)
    await tui.paste(str(tmp_path / "shot.png"))
    await tui.wait_text("say [pasted 30 lines][shot.png 3×2, 78 B]")
    drafts = tmp_path / "laptop"
    await tui.wait_screen(
        lambda _: any("shot.png 3" in path.read_text() for path in drafts.rglob("*.host/*.json")), "kept"
    )
    processes.kill(processes.tree(await tui.pid()))
    again = await open_tui(start_tmux, sshd, server, workspace, tmp_path)
    await again.wait_text("say [pasted 30 lines][shot.png 3×2, 78 B]")
    await again.key("Enter")
    await again.wait_text("• you said: [Image #1]")
    assert said(model).startswith(f"say {text}[Image #1]")
