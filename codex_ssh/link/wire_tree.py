"""Files and folders of a devbox by the app server's own methods: what there is over ``wss``, without SSH.

Lives here: what a copy needs, in the words of ``fs/*`` and ``command/exec``. Not here: these methods
(:mod:`codex_ssh.core.workspace_methods`, :mod:`codex_ssh.core.remote_command`) and the copy
(:mod:`codex_ssh.link.copying`).

The methods read and write whole files, as text of JSON, and know no modes: so files have a limit, a broken
one is begun again, and modes, times and links do not come along. Sizes and checksums are asked of programs
there, which may only read.

Source: ``codex app-server generate-json-schema --experimental``, 0.163 and 0.169, and what those do.
"""

from __future__ import annotations

import posixpath
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from codex_ssh.core.call import Call
from codex_ssh.core.file_tree import Facts, Kind, Spot, shown
from codex_ssh.core.remote_command import Ran, command_exec
from codex_ssh.core.workspace_methods import (
    fs_copy,
    fs_create_directory,
    fs_get_metadata,
    fs_read_directory,
    fs_read_file,
    fs_remove,
    fs_write_file,
)
from codex_ssh.errors import CopyFailed, RpcFailed
from codex_ssh.link.connect import Link

FILE_BYTES: Final = 16 * 1024 * 1024
"""The largest file: half as long again on the wire, where a message may have 64 MiB."""

_SECONDS: Final = 60.0
_TEXT_BYTES: Final = 64 * 1024
_SUMS: Final = (("sha256sum", "--"), ("shasum", "-a", "256", "--"), ("openssl", "dgst", "-sha256", "-r"))


@asynccontextmanager
async def open_wire_tree(link: Link) -> AsyncGenerator[WireTree, None]:
    """Give the devbox's files while the block lasts."""
    yield WireTree(link.call, link.facts.host, codex_home=link.facts.codex_home)


class WireTree:
    """The files of a devbox; implements :class:`codex_ssh.link.tree.Tree`.

    Args:
        call: Asks the app server.
        label: What the user calls the devbox.
        codex_home: As the app server tells it.
    """

    keeps_modes = False
    is_here = False

    def __init__(self, call: Callable[[Call[Any]], Awaitable[Any]], label: str, *, codex_home: str) -> None:
        self.label = label
        self._call = call
        self._codex_home = codex_home

    async def absolute(self, path: bytes) -> bytes:
        """Give a path as an absolute one."""
        if path == b"~" or path.startswith(b"~/"):
            path = path[2:]
        if path.startswith(b"/"):
            return path
        ran = await self._run(["printenv", "HOME"])
        home = ran.out.removesuffix("\n") if ran is not None and ran.code == 0 else ""
        if not home.startswith("/"):
            home = posixpath.dirname(self._codex_home) or "/"
        return posixpath.join(home.encode(), path) if path else home.encode()

    async def real(self, path: bytes) -> bytes:
        """Give an absolute path, all its links followed, where a program there can."""
        ran = await self._run(["readlink", "-f", "--", self._text("look at", path)])
        found = ran.out.removesuffix("\n") if ran is not None and ran.code == 0 else ""
        return found.encode() if found.startswith("/") else path

    async def look(self, spot: Spot) -> Facts | None:
        """Give what stands somewhere; the size of a file is asked of a program."""
        path = self._text("look at", spot.path)
        try:
            kind = await self._call(fs_get_metadata(path))
        except RpcFailed as failed:
            if "No such file" in failed.said or "os error 2" in failed.said:
                return None
            raise self._refused("look at", spot.path, failed) from None
        mtime = kind.modified_ms / 1000 if kind.modified_ms else None
        if kind.is_symlink:
            return Facts(kind=Kind.LINK, mtime=mtime)
        if kind.is_directory:
            return Facts(kind=Kind.FOLDER, mtime=mtime)
        if not kind.is_file:
            return Facts(kind=Kind.OTHER, mtime=mtime)
        ran = await self._run(["wc", "-c", "--", path])
        size = ran.out.split(maxsplit=1)[0] if ran is not None and ran.code == 0 and ran.out.split() else ""
        if not size.isdigit():
            size = str(len(await self._content(spot)))
        return Facts(kind=Kind.FILE, size=int(size), mtime=mtime)

    async def entries(self, spot: Spot) -> list[tuple[bytes, Facts]]:
        """Give what is in a folder, by name."""
        try:
            listed = await self._call(fs_read_directory(self._text("list", spot.path)))
        except RpcFailed as failed:
            raise self._refused("list", spot.path, failed) from None
        found = []
        for entry in listed:
            name = entry.name.encode("utf-8", "surrogatepass")
            try:
                facts = await self.look(spot.child(name))
            except ValueError as error:
                raise CopyFailed("list", spot.path, where=self.label, said=str(error)) from None
            if facts is not None:
                found.append((name, facts))
        return sorted(found, key=lambda entry: entry[0])

    async def link_target(self, spot: Spot) -> bytes:
        """Give what a link says."""
        ran = await self._run(["readlink", "--", self._text("read", spot.path)])
        if ran is None or ran.code != 0:
            raise CopyFailed("read", spot.path, where=self.label, said="what the link says cannot be asked")
        return ran.out.removesuffix("\n").encode()

    async def read(self, spot: Spot, offset: int, end: int) -> AsyncGenerator[bytes, None]:
        """Give a file's bytes from an offset to another, all at once."""
        if end > FILE_BYTES:
            raise self._too_large("read", spot)
        yield (await self._content(spot))[offset:end]

    async def write(
        self, spot: Spot, offset: int, pieces: AsyncIterable[bytes], told: Callable[[int], None]
    ) -> None:
        """Write a file whole, what was there of it too."""
        content = (await self._content(spot))[:offset] if offset else b""
        parts = [content]
        async for piece in pieces:
            parts.append(piece)
            if sum(map(len, parts)) > FILE_BYTES:
                raise self._too_large("write", spot)
        await self._do("write", spot.path, fs_write_file(self._text("write", spot.path), b"".join(parts)))
        told(sum(map(len, parts[1:])))

    async def digest(self, spot: Spot, length: int, *, is_all: bool = False) -> bytes | None:
        """Give the SHA-256 of a whole file; of a part of one there is none."""
        facts = await self.look(spot)
        if facts is None or facts.size != length:
            return None
        for words in _SUMS:
            ran = await self._run([*words, self._text("read", spot.path)])
            if ran is not None and ran.code == 0:
                try:
                    return bytes.fromhex(ran.out.lstrip("\\").split(maxsplit=1)[0])
                except (ValueError, IndexError):
                    continue
        return None

    async def make_folder(self, spot: Spot, mode: int) -> None:
        """Make a folder."""
        await self._do("make", spot.path, fs_create_directory(self._text("make", spot.path)))

    async def make_link(self, spot: Spot, to: bytes) -> None:
        """Refuse: there is no method for it."""
        raise CopyFailed("make", spot.path, where=self.label, said="links cannot be made without SSH")

    async def mark(self, spot: Spot, *, mode: int | None, mtime: float | None) -> None:
        """Do nothing: there is no method for it."""

    async def rename(self, spot: Spot, to: Spot) -> None:
        """Put a file in its place: copied there, and removed here."""
        # What is copied onto a link would be written where it leads.
        if await self.look(to) is not None:
            await self.remove(to)
        there, place = self._text("write", spot.path), self._text("write", to.path)
        await self._do("write", to.path, fs_copy(there, place))
        await self.remove(spot)

    async def remove(self, spot: Spot) -> None:
        """Remove a file or a link."""
        await self._do("remove", spot.path, fs_remove(self._text("remove", spot.path)))

    async def _content(self, spot: Spot) -> bytes:
        data: bytes = await self._do("read", spot.path, fs_read_file(self._text("read", spot.path)))
        return data

    async def _do(self, verb: str, path: bytes, call: Call[Any]) -> Any:
        try:
            return await self._call(call)
        except RpcFailed as failed:
            raise self._refused(verb, path, failed) from None

    async def _run(self, words: list[str]) -> Ran | None:
        """Run a program that may only read; None where there is none."""
        call = command_exec(words, seconds=_SECONDS, most_bytes=_TEXT_BYTES, reads_only=True)
        try:
            ran: Ran = await self._call(call)
        except RpcFailed:
            return None
        return ran

    def _text(self, verb: str, path: bytes) -> str:
        try:
            return path.decode()
        except UnicodeDecodeError:
            said = "its name is no UTF-8, which the app server cannot be told; go by SSH"
            raise CopyFailed(verb, path, where=self.label, said=said) from None

    def _refused(self, verb: str, path: bytes, failed: RpcFailed) -> CopyFailed:
        return CopyFailed(
            verb, path, where=self.label, said=failed.said, is_full="os error 28" in failed.said
        )

    def _too_large(self, verb: str, spot: Spot) -> CopyFailed:
        said = f"without SSH a file may have {FILE_BYTES // 2**20} MiB"
        return CopyFailed(verb, spot.path, where=self.label, said=said, hint=f"{shown(spot.name)}: go by SSH")
