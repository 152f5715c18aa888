"""A diff of git's is taken apart as git meant it, whatever the files are called."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codex_ssh.core.git_diff import parse_git_diff
from codex_ssh.core.items import ChangeKind

NAMES = ("plain.txt", "with blank.txt", "ünïcode.txt", 'quo"te.txt', "new\nline.txt", "b b/b.txt")


def git(cwd: Path, *words: str) -> str:
    """Run git in a repository with nothing of the person who runs the tests."""
    command = ["git", "-c", "user.email=a@example.com", "-c", "user.name=A", *words]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository without a commit."""
    git(tmp_path, "init", "-q", ".")
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_added_changed_moved_and_deleted(repository: Path, name: str) -> None:
    path = repository / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("one\ntwo\n")
    git(repository, "add", ".")
    (added,) = parse_git_diff(git(repository, "diff", "--cached"))
    assert (added.path, added.kind, added.diff) == (name, ChangeKind.ADD, "one\ntwo\n")

    git(repository, "commit", "-qm", "x")
    path.write_text("one\n2\n")
    (changed,) = parse_git_diff(git(repository, "diff"))
    assert (changed.path, changed.kind, changed.moved_to) == (name, ChangeKind.UPDATE, "")
    assert changed.diff == "@@ -1,2 +1,2 @@\n one\n-two\n+2\n"

    git(repository, "commit", "-qam", "x")
    git(repository, "mv", name, "moved there.txt")
    (moved,) = parse_git_diff(git(repository, "diff", "--cached", "-M"))
    assert (moved.path, moved.moved_to, moved.diff) == (name, "moved there.txt", "")

    git(repository, "reset", "-q", "--hard")
    path.unlink()
    (gone,) = parse_git_diff(git(repository, "diff"))
    assert (gone.path, gone.kind, gone.diff) == (name, ChangeKind.DELETE, "one\n2\n")


def test_what_has_no_lines_is_said_in_gits_words(repository: Path) -> None:
    (repository / "binary").write_bytes(b"\x00\x01")
    (repository / "script").write_text("true\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "x")
    (repository / "binary").write_bytes(b"\x00\x02")
    (repository / "script").chmod(0o755)
    (repository / "empty").touch()
    git(repository, "add", "-N", "empty")
    binary, empty, script = parse_git_diff(git(repository, "diff"))
    assert (binary.path, binary.diff) == ("binary", " Binary files a/binary and b/binary differ")
    assert (empty.path, empty.diff) == ("empty", "")
    assert (script.path, script.diff) == ("script", " old mode 100644\n new mode 100755")


def test_lines_that_look_like_headers_are_content(repository: Path) -> None:
    (repository / "a").write_text("x\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "x")
    (repository / "a").write_text("-- old\n++ new\n")
    (change,) = parse_git_diff(git(repository, "diff"))
    assert change.diff.endswith("-x\n+-- old\n+++ new\n")


def test_a_cut_diff_gives_what_is_there() -> None:
    text = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n-o"
    (change,) = parse_git_diff(text)
    assert (change.path, change.diff) == ("a", "@@ -1,2 +1,2 @@\n-o\n")
    assert parse_git_diff("") == ()
    assert parse_git_diff("warning: nothing\n") == ()
