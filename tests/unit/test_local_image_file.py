"""Image files, by every name a person or a terminal gives them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_ssh.core.image import IMAGE_BYTES
from codex_ssh.errors import ExitCode, ImageRefused
from codex_ssh.local.image_file import load_image, read_image_file
from tests.support import pictures


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "My Shot (1).png", "it's.png"):
        (tmp_path / name).write_bytes(pictures.PNG)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.png", "a.png"),
        ("./a.png", "a.png"),
        ("{home}/a.png", "a.png"),
        ("~/a.png", "a.png"),
        ("My Shot (1).png", "My Shot (1).png"),
        ("~/My Shot (1).png", "My Shot (1).png"),
        (r"{home}/My\ Shot\ \(1\).png ", "My Shot (1).png"),
        ("'{home}/My Shot (1).png'", "My Shot (1).png"),
        (r"'{home}/it'\''s.png'", "it's.png"),
        ("{home}/it's.png", "it's.png"),
        ("file://{home}/My%20Shot%20(1).png", "My Shot (1).png"),
    ],
)
async def test_an_image_is_found_by_any_way_to_write_its_path(home: Path, path: str, name: str) -> None:
    image = await read_image_file(path.format(home=home))
    assert (image.name, image.content, image.width) == (name, pictures.PNG, 3)


def refused(path: str) -> ImageRefused:
    with pytest.raises(ImageRefused) as caught:
        load_image(path)
    assert caught.value.path == path
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value


def test_a_file_that_is_not_there_is_looked_for_here_and_not_on_the_devbox(home: Path) -> None:
    assert "there is no file 'b.png' here" in str(refused("b.png"))
    assert "not from the devbox" in refused("/no/such/x.png").hint
    refused("~nobody-of-this-name/x.png")
    refused("x" * 5000)


def test_a_file_that_cannot_be_read_is_said_so(home: Path) -> None:
    (home / "closed.png").write_bytes(pictures.PNG)
    (home / "closed.png").chmod(0)
    if os.access(home / "closed.png", os.R_OK):  # root reads everything
        assert "cannot be read: Not a directory" in str(refused("a.png/b"))
    else:
        assert "cannot be read: Permission denied" in str(refused("closed.png"))
    assert "cannot be read" in str(refused("a\0b"))


@pytest.mark.timeout(20)
def test_what_is_no_file_is_refused_at_once(home: Path) -> None:
    os.mkfifo(home / "pipe.png")
    assert "is not a file" in str(refused("pipe.png"))
    assert "is not a file" in str(refused(str(home)))
    assert "is not a file" in str(refused("/dev/zero"))


def test_what_is_no_image_is_refused(home: Path) -> None:
    (home / "notes.png").write_text("notes")
    assert "'notes.png' is not an image" in str(refused("notes.png"))


def test_a_large_file_is_refused_before_it_is_read(home: Path) -> None:
    with (home / "large.png").open("wb") as file:
        file.truncate(IMAGE_BYTES * 1000)
    assert "'large.png' has 20000.0 MB, and an image may have 20.0 MB" in str(refused("large.png"))
