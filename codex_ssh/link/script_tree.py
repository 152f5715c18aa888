"""Files and folders of a devbox without SFTP, by scripts: containers, and servers that have it turned off.

Lives here: what a copy needs, in questions to a script. Not here: the scripts (``tree.sh``, ``stream.sh``),
and asking (:mod:`codex_ssh.link.errands`).

As with SFTP it is looked first and opened then; whoever could change a path in between is a process of the
very login.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncssh

from codex_ssh.core.file_tree import Facts, Kind, Spot
from codex_ssh.errors import CopyFailed, ForwardError, LinkLost, Stage
from codex_ssh.link.digest import Digester
from codex_ssh.link.errands import ANSWER_SECONDS, Errands, open_errands, spelled
from codex_ssh.link.shell import ScriptFailed, compose, open_script_stream
from codex_ssh.link.ssh import Ssh

PIECE_BYTES: Final = 256 * 1024
_LIMIT: Final = 4 * 1024 * 1024
_NO_ROOM: Final = ("No space left", "Disk quota exceeded")
_KINDS: Final = {"-": Kind.FILE, "d": Kind.FOLDER, "l": Kind.LINK}


@asynccontextmanager
async def open_script_tree(ssh: Ssh) -> AsyncGenerator[ScriptTree, None]:
    """Give the devbox's files while the block lasts.

    Raises:
        ForwardError: The devbox does not run our script.
        LinkLost: The connection went away meanwhile.
    """
    try:
        async with open_errands(ssh, "digest.sh", "tree.sh", "errands.sh") as errands:
            yield ScriptTree(ssh, errands)
    except ScriptFailed as failed:
        raise ForwardError(
            "the devbox does not run our script", stage=Stage.FORWARD, host=ssh.host, said=failed.said
        ) from None


class ScriptTree:
    """The files of a devbox; implements :class:`codex_ssh.link.tree.Tree`.

    Args:
        ssh: For the bytes of files.
        errands: Who looks and changes.
    """

    keeps_modes = True
    is_here = False

    def __init__(self, ssh: Ssh, errands: Errands) -> None:
        self.label = ssh.host
        self._ssh = ssh
        self._errands = errands
        self._digester = Digester(errands)

    async def absolute(self, path: bytes) -> bytes:
        """Give a path as an absolute one."""
        if path == b"~" or path.startswith(b"~/"):
            path = path[2:]
        if path.startswith(b"/"):
            return path
        home = _unhex(await self._ask("look at", path, b"home"))
        return home.rstrip(b"/") + b"/" + path if path else home

    async def real(self, path: bytes) -> bytes:
        """Give an absolute path, all its links followed."""
        # The program ends what it prints with a line end.
        return _unhex(await self._ask("look at", path, b"real " + spelled(path))).removesuffix(b"\n")

    async def look(self, spot: Spot) -> Facts | None:
        """Give what stands somewhere."""
        answer = await self._asked("look at", spot.path, b"look " + spelled(spot.path))
        return None if answer is None else _facts(answer)

    async def entries(self, spot: Spot) -> list[tuple[bytes, Facts]]:
        """Give what is in a folder, by name."""
        names, *found = (await self._ask("list", spot.path, b"list " + spelled(spot.path))).split(":")
        listed = [name.removeprefix(b"./") for name in _unhex(names).split(b"\0")[:-1]]
        if len(listed) != len(found):
            raise CopyFailed("list", spot.path, where=self.label, said="it changes while it is looked at")
        return sorted(zip(listed, map(_facts, found), strict=True), key=lambda entry: entry[0])

    async def link_target(self, spot: Spot) -> bytes:
        """Give what a link says."""
        answer = await self._ask("read", spot.path, b"readlink " + spelled(spot.path))
        return _unhex(answer).removesuffix(b"\n")

    async def read(self, spot: Spot, offset: int, end: int) -> AsyncGenerator[bytes, None]:
        """Give a file's bytes from an offset to another, as a stream."""
        reader = asyncio.StreamReader(limit=_LIMIT)
        transport, _, _ = await self._stream(reader, "read", spot, offset)
        try:
            while size := min(PIECE_BYTES, end - offset):
                piece = await self._heard(reader.read(size))
                if not piece:
                    return
                offset += len(piece)
                yield piece
        finally:
            transport.abort()

    async def write(
        self, spot: Spot, offset: int, pieces: AsyncIterable[bytes], told: Callable[[int], None]
    ) -> None:
        """Write a file from an offset on, as a stream."""
        if offset:
            await self._ask("write", spot.path, b"cut %d %s" % (offset, spelled(spot.path)))
        else:
            await self._ask("write", spot.path, b"create " + spelled(spot.path))
        reader = asyncio.StreamReader(limit=_LIMIT)
        transport, protocol, marker = await self._stream(reader, "write", spot, offset)
        writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
        broke = ""
        try:
            try:
                async for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    told(len(piece))
                writer.write_eof()
            except OSError as error:
                # What takes it has ended: a full disk. Its last word is on the way, if the link is there.
                broke = str(error)
            line = (await self._heard(reader.readline())).decode(errors="replace").strip()
        finally:
            transport.abort()
        if line == f"{marker} ok":
            return
        if not line.startswith(f"{marker} no"):
            raise self._lost(broke or "the stream to the devbox ended")
        raise self._refused("write", spot.path, line.removeprefix(f"{marker} no").strip())

    async def digest(self, spot: Spot, length: int, *, is_all: bool = False) -> bytes | None:
        """Give the SHA-256 of a file's first bytes."""
        return await self._digester.digest(spot.path, length, is_all=is_all)

    async def make_folder(self, spot: Spot, mode: int) -> None:
        """Make a folder."""
        await self._ask("make", spot.path, b"mkdir %03o %s" % (mode, spelled(spot.path)))

    async def make_link(self, spot: Spot, to: bytes) -> None:
        """Make a link."""
        await self._ask("make", spot.path, b"symlink %s %s" % (spelled(to), spelled(spot.path)))

    async def mark(self, spot: Spot, *, mode: int | None, mtime: float | None) -> None:
        """Set mode and time."""
        if mtime is not None:
            await self._ask("mark", spot.path, b"touch %d %s" % (int(mtime), spelled(spot.path)))
        if mode is not None:
            await self._ask("mark", spot.path, b"chmod %03o %s" % (mode, spelled(spot.path)))

    async def rename(self, spot: Spot, to: Spot) -> None:
        """Put a file in its place."""
        await self._ask("write", to.path, b"rename %s %s" % (spelled(spot.path), spelled(to.path)))

    async def remove(self, spot: Spot) -> None:
        """Remove a file or a link."""
        await self._ask("remove", spot.path, b"remove " + spelled(spot.path))

    async def _ask(self, verb: str, path: bytes, question: bytes) -> str:
        """Give what stands behind ``ok``."""
        answer = await self._asked(verb, path, question)
        if answer is None:
            raise self._refused(verb, path, "nothing is there")
        return answer

    async def _asked(self, verb: str, path: bytes, question: bytes) -> str | None:
        """Give what stands behind ``ok``; None where nothing is there."""
        word, _, rest = (await self._errands.ask(question)).decode("ascii", "replace").partition(" ")
        if word == "ok":
            return rest
        if word == "none":
            return None
        raise self._refused(verb, path, _unhex(rest).decode(errors="replace").strip())

    async def _stream(
        self, reader: asyncio.StreamReader, way: str, spot: Spot, offset: int
    ) -> tuple[asyncio.Transport, asyncio.StreamReaderProtocol, str]:
        script = compose("stream.sh", FILE=spelled(spot.path).decode(), WAY=way, OFFSET=str(offset))
        try:
            transport, protocol = await open_script_stream(
                self._ssh, lambda: asyncio.StreamReaderProtocol(reader), script
            )
        except ScriptFailed as failed:
            raise self._refused(way, spot.path, failed.answer or failed.said) from None
        return transport, protocol, script.marker

    async def _heard(self, reading: Coroutine[Any, Any, bytes]) -> bytes:
        """Give what is read, which has to come in time."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await reading
        except TimeoutError:
            raise self._lost("the devbox does not answer") from None
        except (asyncssh.Error, OSError) as error:
            raise self._lost(str(error)) from error

    def _lost(self, why: str) -> LinkLost:
        return LinkLost(why, stage=Stage.SSH, host=self.label)

    def _refused(self, verb: str, path: bytes, said: str) -> CopyFailed:
        is_full = any(words in said for words in _NO_ROOM)
        return CopyFailed(verb, path, where=self.label, said=said, is_full=is_full)


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _facts(line: str) -> Facts:
    """Read mode, size and time: the mode in hex, or as ``ls`` has it."""
    mode, size, mtime = [*line.split(), "", "", ""][:3]
    number = int(size) if size.isdigit() else 0
    when = float(mtime) if mtime.lstrip("-").isdigit() else None
    if len(mode) >= 10:
        kind = _KINDS.get(mode[0], Kind.OTHER)
        bits = sum(1 << 8 - place for place, letter in enumerate(mode[1:10]) if letter not in "-ST")
        return Facts(kind=kind, size=number, mode=bits, mtime=when)
    try:
        whole = int(mode, 16)
    except ValueError:
        return Facts(kind=Kind.OTHER)
    kind = Kind.OTHER
    if stat.S_ISREG(whole):
        kind = Kind.FILE
    elif stat.S_ISDIR(whole):
        kind = Kind.FOLDER
    elif stat.S_ISLNK(whole):
        kind = Kind.LINK
    return Facts(kind=kind, size=number, mode=stat.S_IMODE(whole), mtime=when)
