"""The clipboard of a real display: a private X server, and xclip as people have it."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from codex_ssh.local.clipboard import copy_text, read_clipboard_image
from tests.support import pictures
from tests.support.display import copy_image, open_display, wait_pasted
from tests.support.programs import put_program
from tests.support.require import require_program


@pytest.fixture
async def display(tmp_path: Path) -> AsyncGenerator[dict[str, str], None]:
    """Variables for an X server of this test."""
    async with open_display(tmp_path) as variables:
        yield variables


@pytest.fixture
def silent_display() -> Generator[str, None, None]:
    """The name of a display that takes a connection and never says a word."""
    for number in range(200, 400):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", 6000 + number))
            except OSError:
                continue
            listener.listen()
            yield f"127.0.0.1:{number}"
            return
    pytest.fail("no port is free")


@pytest.mark.parametrize("program", ["xclip", "xsel"])
async def test_a_copied_text_can_be_pasted(display: dict[str, str], tmp_path: Path, program: str) -> None:
    path = require_program(program, f"{program}: apt-get install {program}")
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / program).symlink_to(path)
    text = "über\n" + "x" * 300_000

    assert await copy_text(text, {**display, "PATH": str(tmp_path / "only")}) == "clipboard"

    await wait_pasted(display, text)


async def test_an_image_comes_back_as_it_was_copied(display: dict[str, str], tmp_path: Path) -> None:
    assert await read_clipboard_image(display) is None, "there is nothing at all"
    await copy_text("text", display)
    await wait_pasted(display, "text")
    assert await read_clipboard_image(display) is None

    (tmp_path / "a.png").write_bytes(pictures.PNG)
    await copy_image(display, tmp_path / "a.png")

    image = await read_clipboard_image(display)
    assert image is not None
    assert (image.content, image.width, image.height) == (pictures.PNG, 3, 2)


async def test_a_display_that_does_not_answer_leaves_the_turn_to_others(
    silent_display: str, tmp_path: Path
) -> None:
    require_program("xclip", "xclip: apt-get install xclip")
    here = {"PATH": os.environ["PATH"], "DISPLAY": silent_display}

    assert await copy_text("x", here) == ""
    assert await read_clipboard_image(here) is None
    put_program(tmp_path, "tmux", 'cat > "$HERE/got"')
    here |= {"PATH": f"{tmp_path}:{here['PATH']}", "TMUX": "s,1,0"}
    assert await copy_text("x", here) == "tmux"
    assert (tmp_path / "got").read_text() == "x"
