"""Where a unix socket may stand."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from codex_ssh.errors import AppServerError
from codex_ssh.server.unix_socket import MAX_PATH_BYTES, bind_unix_socket


def test_the_socket_is_private_and_gone_afterwards(short_path: Path) -> None:
    path = short_path / "s"
    before = os.umask(0o022)
    try:
        with bind_unix_socket(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert path.is_socket()
    finally:
        assert os.umask(before) == 0o022
    assert not path.exists()


def test_a_directory_others_can_enter_is_refused(short_path: Path) -> None:
    short_path.chmod(0o755)
    with pytest.raises(AppServerError, match="not private") as caught, bind_unix_socket(short_path / "s"):
        pass
    assert "chmod 700" in caught.value.hint


def test_a_directory_that_is_not_there_is_refused(short_path: Path) -> None:
    with pytest.raises(AppServerError, match="os error 2"), bind_unix_socket(short_path / "no" / "s"):
        pass


def test_a_file_is_never_replaced(short_path: Path) -> None:
    path = short_path / "s"
    path.write_text("precious")
    with pytest.raises(AppServerError, match="exists and is not a socket"), bind_unix_socket(path):
        pass
    assert path.read_text() == "precious"


def test_a_living_socket_is_never_replaced(short_path: Path) -> None:
    path = short_path / "s"
    with bind_unix_socket(path) as sock:
        sock.listen()
        with pytest.raises(AppServerError, match="already in use"), bind_unix_socket(path):
            pass
        assert path.is_socket()


def test_a_dead_socket_and_a_dead_link_are_replaced(short_path: Path) -> None:
    path = short_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with bind_unix_socket(path):
        assert path.is_socket()
    path.symlink_to(short_path / "gone")
    with bind_unix_socket(path):
        assert path.is_socket()
        assert not path.is_symlink()


def test_a_socket_that_took_our_place_is_left_alone(short_path: Path) -> None:
    path = short_path / "s"
    with bind_unix_socket(path):
        path.unlink()
        path.write_text("somebody else's")
    assert path.read_text() == "somebody else's"


def test_a_path_no_socket_can_have_is_refused(short_path: Path) -> None:
    long = short_path / ("x" * MAX_PATH_BYTES)
    with pytest.raises(AppServerError, match="too long"), bind_unix_socket(long):
        pass
