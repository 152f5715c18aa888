"""A unix socket of our own: where it may stand, and taking the place of a dead one.

Lives here: binding a 0600 socket in a 0700 directory, and removing it.
Not here: serving it (:mod:`codex_ssh.server.listener`).

The real server puts the socket into ``/tmp/codex-daemon-UID`` and links to it. We put it where it was asked
for, and refuse a directory that others can enter or write to: nothing else guards a unix socket.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from codex_ssh.errors import AppServerError, Stage

MAX_PATH_BYTES = 107 if os.uname().sysname == "Linux" else 103
"""Longest path a unix socket can have here."""


@contextlib.contextmanager
def bind_unix_socket(path: Path) -> Iterator[socket.socket]:
    """Give a bound, not yet listening socket; remove its file at the end, if it is still ours.

    Raises:
        AppServerError: The place is taken, not private, too long, or cannot be made.
    """
    path = path.absolute()
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise _refused(f"app-server control socket path is too long: {path}", hint="use a shorter path")
    _refuse_other_files(path)
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as sock:
        with _locked_directory(path.parent):
            _clear_place(path)
            _bind_private(sock, path)
        identity = _identity(path)
        try:
            yield sock
        finally:
            if identity is not None and _identity(path) == identity:
                path.unlink(missing_ok=True)


def _bind_private(sock: socket.socket, path: Path) -> None:
    # The mode must be right from the first moment on, and bind() takes it from the umask.
    before = os.umask(0o177)
    try:
        sock.bind(os.fspath(path))
    except OSError as error:
        raise _refused(f"cannot listen on {path}: {error.strerror} (os error {error.errno})") from error
    finally:
        os.umask(before)


@contextlib.contextmanager
def _locked_directory(directory: Path) -> Iterator[None]:
    """Hold the directory against a second server that starts at the same moment."""
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(f"{directory}: {error.strerror} (os error {error.errno})") from error
    try:
        found = os.fstat(handle)
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise _refused(
                f"app-server control socket directory is not private: {directory}",
                hint=f"make it yours alone: chmod 700 {directory}",
            )
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refused(f"another app server is starting in {directory}") from None
        yield
    finally:
        os.close(handle)


def _refuse_other_files(path: Path) -> None:
    # A link is what the real server leaves behind when it is killed.
    if path.is_symlink() or path.is_socket() or not path.exists():
        return
    raise _refused(f"app-server control socket path exists and is not a socket: {path}")


def _clear_place(path: Path) -> None:
    if _identity(path) is None:
        return
    if _answers(path):
        raise _refused(f"app-server control socket is already in use at {path}")
    path.unlink()


def _answers(path: Path) -> bool:
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(os.fspath(path))
        except TimeoutError:
            return True  # its backlog is full: somebody is there
        except OSError:
            return False
        return True


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _refused(message: str, *, hint: str = "") -> AppServerError:
    return AppServerError(message, stage=Stage.APP_SERVER, hint=hint)
