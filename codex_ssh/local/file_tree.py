"""Files and folders of this machine, for copies: opened name by name, and never through a link.

Lives here: reading and writing below a folder the user named. Not here: what is copied where
(:mod:`codex_ssh.link.copying`).

Every name below that folder is opened by the descriptor of the one above it, with ``O_NOFOLLOW``: a link that
stands there already, or that a devbox has made us make, is refused and leads nowhere.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import stat
import threading
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Final, TypeVar

from codex_ssh.core.file_tree import Facts, Kind, Spot
from codex_ssh.errors import CopyFailed

T = TypeVar("T")

PIECE_BYTES: Final = 1024 * 1024
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class LocalTree:
    """This machine; implements :class:`codex_ssh.link.tree.Tree`."""

    label = "this machine"
    keeps_modes = True
    is_here = True

    async def absolute(self, path: bytes) -> bytes:
        """Give a path as an absolute one; ``~`` is the home directory."""
        return await self._do("look at", path, lambda: os.path.abspath(os.path.expanduser(path or b".")))

    async def real(self, path: bytes) -> bytes:
        """Give an absolute path with all its links followed."""
        return await self._do("look at", path, lambda: os.path.realpath(path))

    async def look(self, spot: Spot) -> Facts | None:
        """Give what stands somewhere; None when nothing does."""
        return await self._do("look at", spot.path, lambda: _look(spot))

    async def entries(self, spot: Spot) -> list[tuple[bytes, Facts]]:
        """Give what is in a folder, by name."""
        return await self._do("list", spot.path, lambda: _entries(spot))

    async def link_target(self, spot: Spot) -> bytes:
        """Give what a link says."""
        return await self._do(
            "read", spot.path, lambda: _in_folder(spot, lambda fd, name: os.readlink(name, dir_fd=fd))
        )

    async def read(self, spot: Spot, offset: int, end: int) -> AsyncGenerator[bytes, None]:
        """Give a file's bytes from an offset to another."""
        handle = await self._do("read", spot.path, lambda: _open_file(spot))
        try:
            while size := min(PIECE_BYTES, end - offset):
                piece = await self._do("read", spot.path, partial(os.pread, handle, size, offset))
                if not piece:
                    return
                offset += len(piece)
                yield piece
        finally:
            os.close(handle)

    async def write(
        self, spot: Spot, offset: int, pieces: AsyncIterable[bytes], told: Callable[[int], None]
    ) -> None:
        """Write a file from an offset on; at 0 it is made anew, with mode 0600, and must not be there."""
        handle = await self._do("write", spot.path, lambda: _open_for_writing(spot, offset))
        try:
            async for piece in pieces:
                await self._do("write", spot.path, partial(_write_all, handle, piece))
                told(len(piece))
        finally:
            os.close(handle)

    async def digest(self, spot: Spot, length: int, *, is_all: bool = False) -> bytes | None:
        """Give the SHA-256 of a file's first bytes."""
        left = threading.Event()
        try:
            return await asyncio.shield(
                asyncio.get_running_loop().run_in_executor(None, _digest, spot, length, left)
            )
        except OSError as error:
            raise self._refused("read", spot.path, error) from error
        finally:
            left.set()

    async def make_folder(self, spot: Spot, mode: int) -> None:
        """Make a folder."""
        await self._do(
            "make", spot.path, lambda: _in_folder(spot, lambda fd, name: os.mkdir(name, mode, dir_fd=fd))
        )

    async def make_link(self, spot: Spot, to: bytes) -> None:
        """Make a link."""
        await self._do(
            "make", spot.path, lambda: _in_folder(spot, lambda fd, name: os.symlink(to, name, dir_fd=fd))
        )

    async def mark(self, spot: Spot, *, mode: int | None, mtime: float | None) -> None:
        """Set mode and time of a file or folder."""
        await self._do("mark", spot.path, lambda: _mark(spot, mode, mtime))

    async def rename(self, spot: Spot, to: Spot) -> None:
        """Put a file in its place, in the same folder; what stands there is replaced, a link itself."""
        await self._do(
            "write",
            to.path,
            lambda: _in_folder(
                spot, lambda fd, name: os.replace(name, to.name, src_dir_fd=fd, dst_dir_fd=fd)
            ),
        )

    async def remove(self, spot: Spot) -> None:
        """Remove a file or a link."""
        await self._do(
            "remove", spot.path, lambda: _in_folder(spot, lambda fd, name: os.unlink(name, dir_fd=fd))
        )

    async def _do(self, verb: str, path: bytes, work: Callable[[], T]) -> T:
        doing = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            # A thread cannot be ended, and what it writes to must not be closed under it: another file may
            # get its number.
            await asyncio.wait([doing])
            raise
        except OSError as error:
            raise self._refused(verb, path, error) from error

    def _refused(self, verb: str, path: bytes, error: OSError) -> CopyFailed:
        is_full = error.errno in _FULL
        return CopyFailed(verb, path, where=self.label, said=_words(error), is_full=is_full)


def _words(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "a link is there, and nothing is read or written through one"
    return error.strerror or str(error)


@contextmanager
def _folder(root: bytes, parts: tuple[bytes, ...]) -> Generator[int, None, None]:
    """Open a folder, following no link below the root."""
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def _in_folder(spot: Spot, work: Callable[[int, bytes], T]) -> T:
    with _folder(spot.root, spot.parts[:-1]) as folder:
        return work(folder, spot.parts[-1] if spot.parts else b".")


def _facts(found: os.stat_result) -> Facts:
    kind = Kind.OTHER
    if stat.S_ISREG(found.st_mode):
        kind = Kind.FILE
    elif stat.S_ISDIR(found.st_mode):
        kind = Kind.FOLDER
    elif stat.S_ISLNK(found.st_mode):
        kind = Kind.LINK
    return Facts(
        kind=kind, size=found.st_size, mode=stat.S_IMODE(found.st_mode), mtime=found.st_mtime_ns / 1e9
    )


def _look(spot: Spot) -> Facts | None:
    try:
        return _facts(_in_folder(spot, lambda fd, name: os.stat(name, dir_fd=fd, follow_symlinks=False)))
    except FileNotFoundError:
        return None


def _entries(spot: Spot) -> list[tuple[bytes, Facts]]:
    with _folder(spot.root, spot.parts) as folder, os.scandir(folder) as found:
        entries = [(os.fsencode(entry.name), _facts(entry.stat(follow_symlinks=False))) for entry in found]
    return sorted(entries, key=lambda entry: entry[0])


def _open_file(spot: Spot) -> int:
    # A pipe without a writer must not hold us; it is refused below.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = _in_folder(spot, lambda fd, name: os.open(name, flags, dir_fd=fd))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no file any more")
    return handle


def _open_for_writing(spot: Spot, offset: int) -> int:
    flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    if not offset:
        flags |= os.O_CREAT | os.O_EXCL
    handle = _in_folder(spot, lambda fd, name: os.open(name, flags, 0o600, dir_fd=fd))
    os.ftruncate(handle, offset)
    os.lseek(handle, offset, os.SEEK_SET)
    return handle


def _write_all(handle: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(handle, left) :]


def _digest(spot: Spot, length: int, left: threading.Event) -> bytes:
    digest = hashlib.sha256()
    handle = _open_file(spot)
    try:
        while length and not left.is_set() and (piece := os.read(handle, min(length, PIECE_BYTES))):
            digest.update(piece)
            length -= len(piece)
    finally:
        os.close(handle)
    return digest.digest()


def _mark(spot: Spot, mode: int | None, mtime: float | None) -> None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = _in_folder(spot, lambda fd, name: os.open(name, flags, dir_fd=fd))
    try:
        if mtime is not None:
            os.utime(handle, (mtime, mtime))
        if mode is not None:
            os.fchmod(handle, mode)
    finally:
        os.close(handle)
