"""Files and directories of the devbox, looked at through the app server.

Lives here: paths as people write them, and reading a file without fetching what nobody can read. Not here:
showing it. Nothing here imports Textual.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final, Protocol, TypeVar

from codex_ssh.core.call import Call
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.remote_command import command_exec
from codex_ssh.core.value import dataclass
from codex_ssh.core.workspace_methods import (
    DirectoryEntry,
    fs_get_metadata,
    fs_read_directory,
    fs_read_file,
)
from codex_ssh.errors import DevboxFailed, RpcFailed

T = TypeVar("T")

FILE_BYTES: Final = 2 * 2**20
"""A larger file is not shown: only its beginning is, where it is text."""

_LINE: Final = re.compile(r"(.+?):(\d{1,9})(?::\d+)?")


class Place(Protocol):
    """Who looks, and from where."""

    @property
    def facts(self) -> ServerFacts:
        """What is known about the server."""

    def knows(self, method: str) -> bool | None:
        """Whether the app server has a method; None while nobody knows."""

    async def call(self, call: Call[T]) -> T:
        """Ask the server; raises RpcFailed, LinkLost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """A text file.

    Attributes:
        is_cut: There is more than the text given here.
    """

    path: str
    text: str
    is_cut: bool = False


def split_line(path: str) -> tuple[str, int]:
    """Take the line number off ``PATH:LINE`` or ``PATH:LINE:COLUMN``; 0 when there is none."""
    found = _LINE.fullmatch(path)
    return (found[1], int(found[2])) if found else (path, 0)


async def home(place: Place) -> str:
    """Give the home directory of the login there; raises RpcFailed, LinkLost."""
    if place.knows("command/exec") is not False:
        try:
            found = await place.call(
                command_exec(["printenv", "HOME"], seconds=5, most_bytes=4096, reads_only=True)
            )
        except RpcFailed:
            found = None  # no such program there: the next guess
        if found is not None and found.code == 0 and found.out.startswith("/"):
            return found.out.removesuffix("\n")
    return posixpath.dirname(place.facts.codex_home) or "/"


async def absolute(place: Place, path: str, cwd: str) -> str:
    """Give a path as the server takes it: ``~`` and relative ones become absolute; raises as :func:`home`."""
    if path == "~" or path.startswith("~/"):
        path = f"{await home(place)}{path[1:]}"
    return posixpath.normpath(posixpath.join(cwd or "/", path))


async def directory(place: Place, path: str) -> tuple[DirectoryEntry, ...]:
    """Give the entries of a directory in the order people expect.

    Raises:
        DevboxFailed: It is not there, no directory, or may not be read.
        LinkLost
    """
    try:
        entries = await place.call(fs_read_directory(path))
    except RpcFailed as failed:
        raise DevboxFailed(f"{path}: {failed.said}") from None
    return tuple(sorted(entries, key=lambda entry: entry.name.casefold()))


async def check_directory(place: Place, path: str) -> None:
    """Make sure that a path is a directory; raises as :func:`directory`."""
    if place.knows("fs/getMetadata") is False:
        return
    try:
        kind = await place.call(fs_get_metadata(path))
    except RpcFailed as failed:
        raise DevboxFailed(f"{path}: {failed.said}") from None
    if not kind.is_directory:
        raise DevboxFailed(f"{path} is not a directory")


async def read_text(place: Place, path: str) -> FileText:
    """Read a text file, at most :data:`FILE_BYTES` of it.

    Raises:
        DevboxFailed: It is not there, no plain file, or no text.
        RpcFailed, LinkLost
    """
    try:
        kind = await place.call(fs_get_metadata(path))
    except RpcFailed as failed:
        raise DevboxFailed(f"{path}: {failed.said}") from None
    if kind.is_directory:
        raise DevboxFailed(f"{path} is a directory", hint=f"/cd {path} works in it")
    if not kind.is_file:
        raise DevboxFailed(f"{path} is a pipe, a device or the like: there is nothing to show")
    if await _is_large(place, path):
        call = command_exec(
            ["head", "-c", str(FILE_BYTES), "--", path], seconds=20, most_bytes=FILE_BYTES, reads_only=True
        )
        found = await place.call(call)
        if found.code != 0:
            raise DevboxFailed(f"{path}: {found.err.strip()}")
        return FileText(path=path, text=_text(path, found.out), is_cut=True)
    try:
        data = await place.call(fs_read_file(path))
    except RpcFailed as failed:
        raise DevboxFailed(f"{path}: {failed.said}") from None
    # It may have grown meanwhile, or its size could not be asked.
    is_cut = len(data) > FILE_BYTES
    return FileText(path=path, text=_text(path, data[:FILE_BYTES].decode("utf-8", "replace")), is_cut=is_cut)


async def _is_large(place: Place, path: str) -> bool:
    """Whether a file is larger than what is shown: the server would send all of it."""
    if place.knows("command/exec") is False:
        return False
    call = command_exec(["wc", "-c", "--", path], seconds=20, most_bytes=4096 + len(path), reads_only=True)
    found = await place.call(call)
    size = found.out.split(maxsplit=1)
    return found.code == 0 and bool(size) and size[0].isdigit() and int(size[0]) > FILE_BYTES


def _text(path: str, text: str) -> str:
    start = text[:8192]
    if "\0" in start or start.count("\ufffd") > max(3, len(start) // 10):
        raise DevboxFailed(f"{path} is not a text file", hint=f"/save {path} brings it to this machine")
    return text
