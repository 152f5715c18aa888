"""Where the windows of one person find each other: a private directory with a unix socket for each matter.

Lives here: finding who listens, taking a place, and leaving it without a trace.
Not here: what is said over the socket (:mod:`codex_ssh.link.holder`).

Taking a place is done under a lock on the directory, so of two windows that come at the same moment one gets
it and the other finds it taken. What is locked is the directory itself, so no lock file is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from codex_ssh.errors import ConfigError
from codex_ssh.local.files import make_private_dir
from codex_ssh.local.peer import peer_uid

PATH_LONGEST: Final = 103
"""Bytes the path of a unix socket may have; Linux takes four more."""

_LOCK_SECONDS: Final = 1.0
"""Longer than anybody keeps the lock who is not stopped."""

_LOCK_POLL_SECONDS: Final = 0.005
_BACKLOG: Final = 64
_SWEPT_AT_MOST: Final = 64


class NoPlace(Exception):
    """Nobody can be met there; the text says why."""


class Place:
    """A socket others find us by.

    Args:
        listening: The socket.
        path: Where it is.
        identity: Device and inode of the path: somebody may take the place of a window that is stopped.
    """

    def __init__(self, listening: socket.socket, path: Path, identity: tuple[int, int]) -> None:
        self.listening = listening
        self._path = path
        self._identity = identity

    async def leave(self) -> None:
        """Listen no more, and remove the socket, and the directory when it was the last."""
        self.listening.close()
        # Without the lock somebody could take the place between the look and the removal.
        with contextlib.suppress(NoPlace, OSError, ConfigError):
            async with _locked(self._path.parent):
                if _identity(self._path) == self._identity:
                    self._path.unlink()
                self._path.parent.rmdir()


def find(directory: Path, name: str) -> socket.socket | None:
    """Give a connection to whoever listens under a name; None where nobody does, or it is not this user.

    Args:
        directory: Where windows meet.
        name: What they meet for.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    try:
        facts = directory.lstat()
        sock.connect(str(directory / name))
        # Whoever could listen in a directory of this user's is this user; it is looked at all the same.
        if facts.st_uid == os.getuid() == peer_uid(sock) and not facts.st_mode & 0o077:
            return sock
    except OSError:
        pass
    sock.close()
    return None


async def take(directory: Path, name: str, *, instead_of: tuple[int, int] | None = None) -> Place | None:
    """Listen under a name; None where somebody else does.

    Args:
        directory: Where windows meet; made when it is not there.
        name: What they meet for.
        instead_of: What :func:`occupant` said of a window that does not answer: its place may be taken.

    Raises:
        NoPlace: There is no private directory, or no socket can be made in it.
    """
    path = directory / name
    if len(os.fsencode(path)) > PATH_LONGEST:
        raise NoPlace(f"the path {str(path)!r} is too long for a socket")
    try:
        async with _locked(directory):
            there = _identity(path)
            if there is not None:
                if there != instead_of and _is_taken(path):
                    return None
                path.unlink()
            _sweep(directory)
            return _listen(path)
    except (OSError, ConfigError) as error:
        raise NoPlace(str(error)) from error


def occupant(directory: Path, name: str) -> tuple[int, int] | None:
    """Say what is there under a name now, for :func:`take`."""
    return _identity(directory / name)


@asynccontextmanager
async def _locked(directory: Path) -> AsyncGenerator[None, None]:
    loop = asyncio.get_running_loop()
    until = loop.time() + _LOCK_SECONDS
    while True:
        make_private_dir(directory)
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The last one to leave may have removed it between the two steps.
            facts = os.fstat(handle)
            if (facts.st_dev, facts.st_ino) == _identity(directory):
                break
        except BlockingIOError:
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if loop.time() > until:
            raise NoPlace("another window holds the lock")
        await asyncio.sleep(_LOCK_POLL_SECONDS)
    try:
        yield
    finally:
        os.close(handle)


def _listen(path: Path) -> Place:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        # The directory keeps others away meanwhile; the mode says so once more.
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen(_BACKLOG)
        identity = _identity(path)
    except BaseException:
        listening.close()
        raise
    assert identity is not None
    return Place(listening, path, identity)


def _is_taken(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        try:
            sock.connect(str(path))
        except OSError as error:
            # A full backlog is somebody, though nobody who answers.
            return error.errno == errno.EAGAIN
    return True


def _sweep(directory: Path) -> None:
    """Remove what windows that were killed have left."""
    for path in sorted(directory.iterdir())[:_SWEPT_AT_MOST]:
        if path.is_socket() and not _is_taken(path):
            path.unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.lstat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
