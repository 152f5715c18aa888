"""An image of the laptop, from the command line to the model: a real sshd, a real codex, a scripted model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from codex_ssh.core.image import IMAGE_BYTES, decode_image
from tests.conftest import StartCodex, StartTmux
from tests.support import pictures
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.model import Model
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex")


def images_of(request: dict[str, Any]) -> list[str]:
    """The images a model was asked about, in order."""
    return [
        part["image_url"]
        for item in request["input"]
        if item.get("role") == "user"
        for part in item["content"]
        if part["type"] == "input_image"
    ]


async def test_the_model_sees_the_images_of_the_command_line(
    server: CodexAppServer, sshd: Sshd, tmp_path: Path, workspace: Path, model: Model
) -> None:
    (tmp_path / "a b.png").write_bytes(pictures.PNG)
    (tmp_path / "c.webp").write_bytes(pictures.WEBP_LOSSLESS)

    done = await codex_ssh(
        "exec", "-F", sshd.ssh_config, "--endpoint", server.endpoint, "--cd", workspace,
        "--image", tmp_path / "a b.png", "--image", tmp_path / "c.webp", "devbox", "say seen",
        home=tmp_path / "laptop",
    )  # fmt: skip

    assert (done.code, done.out) == (0, "seen\n"), done.err
    assert images_of(model.requests[-1]) == [
        decode_image(content, name="").data_url() for content in (pictures.PNG, pictures.WEBP_LOSSLESS)
    ]


@pytest.mark.tmux
async def test_the_model_sees_an_image_that_goes_along_with_the_first_prompt_of_the_tui(
    server: CodexAppServer,
    sshd: Sshd,
    tmp_path: Path,
    workspace: Path,
    model: Model,
    start_tmux: StartTmux,
) -> None:
    (tmp_path / "shot.png").write_bytes(pictures.PNG)
    tui = await start_tmux(
        [
            *PROGRAM, "-F", sshd.ssh_config, "--endpoint", str(server.endpoint), "--cd", workspace,
            "--image", tmp_path / "shot.png", "devbox", "say I have seen it",
        ],
        environment=client_environment(tmp_path / "laptop", TERM="xterm-256color", PYTHONDEVMODE=""),
    )  # fmt: skip
    await tui.wait_text("• I have seen it")
    assert images_of(model.requests[-1]) == [decode_image(pictures.PNG, name="").data_url()]


@pytest.mark.tmux
async def test_in_a_tui_an_image_waits_for_what_is_said_about_it(
    server: CodexAppServer,
    sshd: Sshd,
    tmp_path: Path,
    workspace: Path,
    model: Model,
    start_tmux: StartTmux,
) -> None:
    (tmp_path / "shot.png").write_bytes(pictures.PNG)
    tui = await start_tmux(
        [
            *PROGRAM, "-F", sshd.ssh_config, "--endpoint", str(server.endpoint), "--cd", workspace,
            "--image", tmp_path / "shot.png", "devbox",
        ],
        environment=client_environment(tmp_path / "laptop", TERM="xterm-256color", PYTHONDEVMODE=""),
    )  # fmt: skip
    await tui.wait_text("shot.png 3×2, 78 B")
    await tui.type("look at it")
    await tui.key("Enter")
    await tui.wait_text("you said: [Image #1] look at it")
    assert images_of(model.requests[-1]) == [decode_image(pictures.PNG, name="").data_url()]


@pytest.mark.tmux
async def test_an_image_steers_a_running_turn(
    server: CodexAppServer,
    sshd: Sshd,
    tmp_path: Path,
    workspace: Path,
    model: Model,
    start_tmux: StartTmux,
) -> None:
    (tmp_path / "a shot.png").write_bytes(pictures.PNG)
    tui = await start_tmux(
        [
            *PROGRAM, "-F", sshd.ssh_config, "--endpoint", str(server.endpoint), "--cd", workspace,
            "devbox", "hold it",
        ],
        environment=client_environment(tmp_path / "laptop", TERM="xterm-256color", PYTHONDEVMODE=""),
    )  # fmt: skip
    await model.wait_holding()
    await tui.wait_text("running")
    await tui.paste(f"'{tmp_path}/a shot.png' ")
    await tui.wait_text("[a shot.png 3×2, 78 B]")
    await tui.type("look at this instead")
    await tui.key("Enter")
    await until(lambda: images_of(model.requests[-1]), "the model sees it")
    assert images_of(model.requests[-1]) == [decode_image(pictures.PNG, name="").data_url()]
    await tui.wait_text("you said: [Image #1] look at this instead")


@pytest.mark.slow
async def test_the_largest_images_a_message_may_have_arrive(
    server: CodexAppServer, sshd: Sshd, tmp_path: Path, workspace: Path, model: Model
) -> None:
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in paths:
        path.write_bytes(pictures.PNG + os.urandom(IMAGE_BYTES - len(pictures.PNG)))

    done = await codex_ssh(
        "exec", "-F", sshd.ssh_config, "--endpoint", server.endpoint, "--cd", workspace,
        *(word for path in paths for word in ("--image", path)), "devbox", "say seen",
        home=tmp_path / "laptop",
    )  # fmt: skip

    assert done.code == 0, done.err
    assert images_of(model.requests[-1]) == [
        decode_image(path.read_bytes(), name="").data_url() for path in paths
    ]


@pytest.mark.parametrize(
    ("name", "said"), [("nothing.png", "there is no file"), ("notes.png", "is not an image")]
)
async def test_an_image_that_cannot_be_sent_ends_it_before_anything_is_connected(
    tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "notes.png").write_text("notes")

    done = await codex_ssh(
        "exec", "--image", tmp_path / name, "no-such-host", "say x", home=tmp_path / "laptop"
    )

    assert done.code == 2
    assert said in done.err
    assert "hint:" in done.err
    assert "no-such-host" not in done.err


async def test_a_large_image_goes_as_a_file_and_the_model_sees_it(
    server: CodexAppServer, sshd: Sshd, tmp_path: Path, workspace: Path, model: Model
) -> None:
    content = pictures.noise_png(400, 300)
    (tmp_path / "large.png").write_bytes(content)

    done = await codex_ssh(
        "exec", "-F", sshd.ssh_config, "--endpoint", server.endpoint, "--cd", workspace,
        "--image", tmp_path / "large.png", "devbox", "say seen",
        home=tmp_path / "laptop",
    )  # fmt: skip

    assert done.code == 0, done.err
    assert images_of(model.requests[-1]) == [decode_image(content, name="").data_url()]
    (folder,) = (sshd.home / ".codex-ssh" / "uploads").iterdir()
    (file,) = folder.iterdir()
    assert file.read_bytes() == content
    assert folder.stat().st_mode & 0o777 == 0o700
    # What the model says here is what it was told: codex names the file beside the image.
    assert str(file) in done.out
    # The thread itself knows it by its path.
    rollout = next((sshd.home / ".codex" / "sessions").rglob("*.jsonl"))
    assert folder.name in rollout.name
    assert str(file) in rollout.read_text()
