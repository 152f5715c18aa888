"""What takes a while says so, to a person at a terminal and to nobody else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import StartTmux
from tests.support.cli import PROGRAM, client_environment, codex_ssh

pytestmark = pytest.mark.tmux


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Path]:
    """An ssh config of a host that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = tmp_path / "config"
        port = listening.getsockname()[1]
        config.write_text(f"Host devbox\n HostName 127.0.0.1\n Port {port}\n ConnectTimeout 3\n")
        yield config


@pytest.mark.parametrize("words", [("exec", "devbox", "say x"), ("devbox",), ("tunnel", "devbox")], ids=str)
async def test_a_person_sees_what_is_waited_for(
    start_tmux: StartTmux, silent: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    environment = client_environment(tmp_path / "laptop", TERM="xterm-256color", PYTHONDEVMODE="")
    tui = await start_tmux([*PROGRAM, *words, "-F", str(silent)], environment=environment)
    await tui.wait_text("devbox: connecting …")
    assert await tui.wait_exit() == 4


async def test_a_script_hears_of_the_end_only(silent: Path, tmp_path: Path) -> None:
    done = await codex_ssh("exec", "-F", str(silent), "devbox", "say x", home=tmp_path / "laptop")
    assert done.code == 4
    assert "connecting" not in done.err
