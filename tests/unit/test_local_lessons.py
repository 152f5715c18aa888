"""The book of lessons on disk."""

from __future__ import annotations

import stat
from pathlib import Path

from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.lesson import Lesson
from codex_ssh.local.lessons import MOST_BYTES, LessonBook

LESSON = Lesson(kex="curve25519-sha256", key="ab" * 32, signature="ssh-ed25519", server="SSH-2.0-x")
LOGIN = "me@../../etc/passwd:22  "


def test_what_was_written_is_read_and_nobody_else_can(tmp_path: Path) -> None:
    book = LessonBook(tmp_path / "lessons")
    assert book.read(LOGIN) is None
    book.write(LOGIN, LESSON)
    assert book.read(LOGIN) == LESSON
    assert book.read("another") is None
    (file,) = (tmp_path / "lessons").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "passwd" not in file.name


def test_endpoints_have_a_file_of_their_own(tmp_path: Path) -> None:
    book = LessonBook(tmp_path)
    here = WsEndpoint(host="127.0.0.1", port=4500)
    book.write_endpoint("devbox", here)
    assert book.read_endpoint("devbox") == here
    assert book.read("devbox") is None
    assert book.read_endpoint("other") is None


def test_what_cannot_be_read_or_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "lessons").write_text("a file")
    book = LessonBook(tmp_path / "lessons")
    book.write(LOGIN, LESSON)
    assert book.read(LOGIN) is None


def test_a_long_file_is_none_of_ours(tmp_path: Path) -> None:
    book = LessonBook(tmp_path)
    book.write(LOGIN, LESSON)
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text().strip() + " " * MOST_BYTES + "x")
    assert book.read(LOGIN) is None
