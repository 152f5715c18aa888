"""Files with modes, on a real file system."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from codex_ssh.core.secret import Secret
from codex_ssh.errors import ConfigError
from codex_ssh.local.files import lock_file, make_private_dir, private_temp_dir, read_secret, write_private


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_is_written_whole_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_private(path, "one")
    path.chmod(0o644)
    write_private(path, "two")
    assert path.read_text() == "two"
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_directory_that_was_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(mode=0o755)
    assert mode_of(make_private_dir(tmp_path / "d")) == 0o700


def test_a_link_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigError, match="not a directory of yours"):
        make_private_dir(tmp_path / "link")


def test_a_temporary_directory_is_private_and_gone_afterwards() -> None:
    with private_temp_dir() as path:
        assert mode_of(path) == 0o700
        (path / "x").write_text("x")
    assert not path.exists()


def test_a_directory_for_sockets_has_a_short_name_whatever_tmpdir_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with private_temp_dir(for_sockets=True) as path:
        assert len(str(path)) < 50
    with private_temp_dir() as path:
        assert path.parent == long


def test_a_secret_is_read_trimmed(tmp_path: Path) -> None:
    write_private(tmp_path / "t", "  c2VjcmV0\n")
    assert read_secret(tmp_path / "t") == Secret("c2VjcmV0")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: None, "cannot be read"),
        (lambda p: p.mkdir(), "not a regular file"),
        (os.mkfifo, "not a regular file"),
        (lambda p: (p.write_text("x"), p.chmod(0o640)), "open to others"),
        (lambda p: write_private(p, " \n"), "empty or larger"),
        (lambda p: write_private(p, "x" * 5000), "empty or larger"),
    ],
)
def test_an_unsafe_secret_is_refused(tmp_path: Path, make: object, said: str) -> None:
    path = tmp_path / "t"
    make(path)  # type: ignore[operator]
    with pytest.raises(ConfigError, match=said):
        read_secret(path)


def test_a_lock_is_held_by_one_until_it_is_closed_and_never_on_a_file_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert lock_file(path, make=False) is None
    held = lock_file(path)
    assert held is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert lock_file(path) is None
    path.unlink()
    other = lock_file(path)
    assert other is not None, "what was removed locks nobody out"
    assert path.exists()
    os.close(held)
    os.close(other)
    again = lock_file(path, make=False, wait=True)
    assert again is not None
    os.close(again)
