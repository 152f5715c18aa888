"""Files and folders of the devbox over SFTP, for copies.

Lives here: what a copy needs, in the words of SFTP. Not here: the session (:mod:`codex_ssh.link.sftp`), the
protocol, which is asyncssh's, and the copy (:mod:`codex_ssh.link.copying`).

SFTP cannot be told to follow no link, so it is looked first and opened then. Whoever could change a path in
between is a process of the very login on the devbox: it could read and write all of it without us.
"""

from __future__ import annotations

import asyncio
import collections
import stat
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final, TypeVar

import asyncssh

from codex_ssh.core.file_tree import Facts, Kind, Spot
from codex_ssh.errors import CopyFailed
from codex_ssh.link.digest import Digester, open_digester
from codex_ssh.link.sftp import open_sftp
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.tasks import open_tasks

T = TypeVar("T")

READ_BYTES: Final = 128 * 1024
WRITE_BYTES: Final = 64 * 1024
"""What one request is about, at most. On a slow line an answer comes every few seconds then, which is what
tells the keepalives of SSH that it moves."""

AHEAD_BYTES: Final = 8 * 1024 * 1024
"""So much is under way at once: it fills a line of 600 Mbit/s and 100 ms."""

_NO_ROOM_BYTES: Final = 256 * 1024

_GONE: Final = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPBadMessage)
"""Not about a file: the session ended; :func:`open_sftp` says why."""

_NOT_THERE: Final = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_FULL: Final = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)


@asynccontextmanager
async def open_sftp_tree(ssh: Ssh) -> AsyncGenerator[SftpTree, None]:
    """Give the devbox's files while the block lasts.

    Raises:
        ForwardError: The server has no SFTP, or ended the session.
        LinkLost: The connection went away meanwhile.
    """
    async with open_digester(ssh) as digester, open_sftp(ssh) as sftp:
        yield SftpTree(sftp, digester, ssh.host)


class SftpTree:
    """The files of a devbox; implements :class:`codex_ssh.link.tree.Tree`.

    Args:
        sftp: An open session.
        digester: Makes checksums there.
        label: What the user calls the devbox.
    """

    keeps_modes = True
    is_here = False

    def __init__(self, sftp: asyncssh.SFTPClient, digester: Digester, label: str) -> None:
        self.label = label
        self._sftp = sftp
        self._digester = digester

    async def absolute(self, path: bytes) -> bytes:
        """Give a path as an absolute one."""
        if path == b"~" or path.startswith(b"~/"):
            path = path[2:]
        if path.startswith(b"/"):
            return path
        home = await self._do("look at", b".", self._sftp.realpath(b"."))
        return home.rstrip(b"/") + b"/" + path if path else home

    async def real(self, path: bytes) -> bytes:
        """Give an absolute path, all its links followed."""
        return await self._do("look at", path, self._sftp.realpath(path))

    async def look(self, spot: Spot) -> Facts | None:
        """Give what stands somewhere."""
        try:
            return _facts(await self._sftp.lstat(spot.path))
        except _NOT_THERE:
            return None
        except asyncssh.SFTPError as error:
            raise self._refused("look at", spot.path, error) from error

    async def entries(self, spot: Spot) -> list[tuple[bytes, Facts]]:
        """Give what is in a folder, by name."""
        found = []
        try:
            async for entry in self._sftp.scandir(spot.path):
                name = entry.filename
                assert isinstance(name, bytes)
                if name not in (b".", b".."):
                    found.append((name, _facts(entry.attrs)))
        except asyncssh.SFTPError as error:
            raise self._refused("list", spot.path, error) from error
        return sorted(found, key=lambda entry: entry[0])

    async def link_target(self, spot: Spot) -> bytes:
        """Give what a link says."""
        return await self._do("read", spot.path, self._sftp.readlink(spot.path))

    async def read(self, spot: Spot, offset: int, end: int) -> AsyncGenerator[bytes, None]:
        """Give a file's bytes from an offset to another, with many requests under way."""
        try:
            async with (
                await self._sftp.open(spot.path, asyncssh.FXF_READ, encoding=None, block_size=0) as file,
                aclosing(_read_ahead(file, offset, end, self._most(READ_BYTES))) as pieces,
            ):
                async for piece in pieces:
                    yield piece
        except asyncssh.SFTPError as error:
            raise self._refused("read", spot.path, error) from error

    async def write(
        self, spot: Spot, offset: int, pieces: AsyncIterable[bytes], told: Callable[[int], None]
    ) -> None:
        """Write a file from an offset on, with many requests under way."""
        flags = asyncssh.FXF_WRITE if offset else asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_EXCL
        attrs = asyncssh.SFTPAttrs(permissions=0o600)
        try:
            async with await self._sftp.open(spot.path, flags, attrs, encoding=None, block_size=0) as file:
                if offset:
                    await file.truncate(offset)
                await _write_behind(file, offset, pieces, self._most(WRITE_BYTES), told)
        except asyncssh.SFTPFailure as error:
            if await self._is_full(spot):
                raise CopyFailed(
                    "write", spot.path, where=self.label, said="no space is left there", is_full=True
                ) from error
            raise self._refused("write", spot.path, error) from error
        except asyncssh.SFTPError as error:
            raise self._refused("write", spot.path, error) from error

    async def _is_full(self, spot: Spot) -> bool:
        """Whether a disk is full: the version of SFTP that servers speak has one word for all failures."""
        try:
            room = await self._sftp.statvfs(Spot(root=spot.root, parts=spot.parts[:-1]).path)
        except asyncssh.SFTPError:
            return False  # the server cannot tell
        return room.bavail * room.frsize < _NO_ROOM_BYTES

    async def digest(self, spot: Spot, length: int, *, is_all: bool = False) -> bytes | None:
        """Give the SHA-256 of a file's first bytes."""
        return await self._digester.digest(spot.path, length, is_all=is_all)

    async def make_folder(self, spot: Spot, mode: int) -> None:
        """Make a folder."""
        made = self._sftp.mkdir(spot.path, asyncssh.SFTPAttrs(permissions=mode))
        await self._do("make", spot.path, made)

    async def make_link(self, spot: Spot, to: bytes) -> None:
        """Make a link."""
        await self._do("make", spot.path, self._sftp.symlink(to, spot.path))

    async def mark(self, spot: Spot, *, mode: int | None, mtime: float | None) -> None:
        """Set mode and time."""
        attrs = asyncssh.SFTPAttrs(permissions=mode)
        if mtime is not None:
            attrs.atime = attrs.mtime = int(mtime)
        await self._do("mark", spot.path, self._sftp.setstat(spot.path, attrs))

    async def rename(self, spot: Spot, to: Spot) -> None:
        """Put a file in its place."""
        try:
            await self._sftp.posix_rename(spot.path, to.path)
        except asyncssh.SFTPOpUnsupported:
            # A server without the extension replaces nothing: what is there goes first.
            if await self.look(to) is not None:
                await self.remove(to)
            await self._do("write", to.path, self._sftp.rename(spot.path, to.path))
        except asyncssh.SFTPError as error:
            raise self._refused("write", to.path, error) from error

    async def remove(self, spot: Spot) -> None:
        """Remove a file or a link."""
        await self._do("remove", spot.path, self._sftp.remove(spot.path))

    def _most(self, size: int) -> int:
        """Give how large a request may be here."""
        limits = self._sftp.limits
        return min(size, limits.max_read_len or size, limits.max_write_len or size)

    async def _do(self, verb: str, path: bytes, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await work
        except asyncssh.SFTPError as error:
            raise self._refused(verb, path, error) from error

    def _refused(self, verb: str, path: bytes, error: asyncssh.SFTPError) -> Exception:
        """Give what to raise instead: itself where the session ended, which is not about a file."""
        if isinstance(error, _GONE):
            return error
        said = error.reason or type(error).__name__
        return CopyFailed(verb, path, where=self.label, said=said, is_full=isinstance(error, _FULL))


# One request for each call of asyncssh's: it would make tasks of its own for several, and leaves them alone
# when the call is given up.


async def _read_ahead(
    file: asyncssh.SFTPClientFile, offset: int, end: int, most: int
) -> AsyncGenerator[bytes, None]:
    """Give pieces in order while those behind are on their way."""
    loop = asyncio.get_running_loop()
    due: collections.deque[asyncio.Future[bytes]] = collections.deque()

    async def fetch(at: int, size: int, into: asyncio.Future[bytes]) -> None:
        try:
            data = await _read_all(file, at, size)
        except (asyncssh.Error, OSError) as error:
            if not into.done():
                into.set_exception(error)
        else:
            if not into.done():
                into.set_result(data)

    async with open_tasks() as tasks:
        try:
            while due or offset < end:
                while offset < end and len(due) * most < AHEAD_BYTES:
                    size = min(most, end - offset)
                    waiting: asyncio.Future[bytes] = loop.create_future()
                    due.append(waiting)
                    tasks.start(fetch(offset, size, waiting))
                    offset += size
                piece = await due.popleft()
                if not piece:
                    return  # it has become shorter
                yield piece
        finally:
            for left in due:
                if left.done() and not left.cancelled():
                    left.exception()  # nobody wants to know any more
                left.cancel()


async def _read_all(file: asyncssh.SFTPClientFile, at: int, size: int) -> bytes:
    """Give so many bytes, fewer only at the end of the file: a server may answer with less."""
    data = b""
    while len(data) < size:
        more: Any = await file.read(size - len(data), at + len(data))
        if not more:
            break
        data = data + more if data else more
    return data


async def _write_behind(
    file: asyncssh.SFTPClientFile,
    offset: int,
    pieces: AsyncIterable[bytes],
    most: int,
    told: Callable[[int], None],
) -> None:
    """Write pieces in order without waiting for the answer to each."""
    ahead = AHEAD_BYTES // most
    room = asyncio.Semaphore(ahead)

    async def put(piece: bytes, at: int) -> None:
        try:
            await file.write(piece, at)
            told(len(piece))
        finally:
            room.release()

    async with open_tasks() as tasks:
        async for piece in pieces:
            for at in range(0, len(piece), most):
                part = piece[at : at + most]
                await room.acquire()
                tasks.start(put(part, offset))
                offset += len(part)
        for _ in range(ahead):
            await room.acquire()


def _facts(attrs: asyncssh.SFTPAttrs) -> Facts:
    mode = attrs.permissions
    kind = Kind.OTHER
    if mode is not None:
        if stat.S_ISREG(mode):
            kind = Kind.FILE
        elif stat.S_ISDIR(mode):
            kind = Kind.FOLDER
        elif stat.S_ISLNK(mode):
            kind = Kind.LINK
    return Facts(
        kind=kind,
        size=attrs.size or 0,
        mode=None if mode is None else stat.S_IMODE(mode),
        mtime=None if attrs.mtime is None else float(attrs.mtime),
    )
