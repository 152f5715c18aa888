"""The app server methods about the devbox's files, beside any thread.

Lives here: one small function each, giving a :class:`Call`. Not here: what they are used for
(:mod:`codex_ssh.tui.remote_files`, :mod:`codex_ssh.link.wire_tree`), and running programs there
(:mod:`codex_ssh.core.remote_command`).

All paths are absolute paths of the devbox; the server resolves none itself, ``~`` neither.

Source: ``codex app-server generate-json-schema --experimental``, 0.163 and 0.169, and what those do.
"""

from __future__ import annotations

import base64
import binascii

from codex_ssh.core.call import Call
from codex_ssh.core.fields import list_at, number_at, text_at, truth_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryEntry:
    """A name in a directory; links count as what they lead to."""

    name: str
    is_directory: bool


def fs_read_directory(path: str) -> Call[tuple[DirectoryEntry, ...]]:
    """List a directory, in no order."""

    def decode(result: Json) -> tuple[DirectoryEntry, ...]:
        return tuple(
            DirectoryEntry(name=text_at(entry, "fileName"), is_directory=truth_at(entry, "isDirectory"))
            for entry in list_at(result, "entries")
        )

    return Call(method="fs/readDirectory", params={"path": path}, decode=decode, is_repeatable=True)


def fs_read_file(path: str) -> Call[bytes]:
    """Read a whole file; find out first how large it is."""

    def decode(result: Json) -> bytes:
        try:
            return base64.b64decode(text_at(result, "dataBase64"), validate=False)
        except binascii.Error:
            return b""

    return Call(method="fs/readFile", params={"path": path}, decode=decode, is_repeatable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """What stands at a path; neither of the two is a pipe, a device or the like.

    Attributes:
        is_file: It is a file, or a link to one.
        is_directory: It is a directory, or a link to one.
        is_symlink: It is a link.
        modified_ms: When it was changed, in milliseconds since 1970; 0 where nobody knows.
    """

    is_file: bool
    is_directory: bool
    is_symlink: bool = False
    modified_ms: int = 0


def fs_get_metadata(path: str) -> Call[FileKind]:
    """Ask what stands at a path; refused where nothing does."""

    def decode(result: Json) -> FileKind:
        return FileKind(
            is_file=truth_at(result, "isFile"),
            is_directory=truth_at(result, "isDirectory"),
            is_symlink=truth_at(result, "isSymlink"),
            modified_ms=number_at(result, "modifiedAtMs") or 0,
        )

    return Call(method="fs/getMetadata", params={"path": path}, decode=decode, is_repeatable=True)


def fs_write_file(path: str, content: bytes) -> Call[None]:
    """Write a whole file; what stands there is replaced, through a link too."""
    encoded = base64.b64encode(content).decode("ascii")
    return Call(
        method="fs/writeFile",
        params={"path": path, "dataBase64": encoded},
        decode=_nothing,
        is_repeatable=True,
    )


def fs_create_directory(path: str) -> Call[None]:
    """Make one directory."""
    return Call(method="fs/createDirectory", params={"path": path, "recursive": False}, decode=_nothing)


def fs_copy(path: str, to: str) -> Call[None]:
    """Copy a file; what stands there is replaced, through a link too."""
    return Call(
        method="fs/copy",
        params={"sourcePath": path, "destinationPath": to},
        decode=_nothing,
        is_repeatable=True,
    )


def fs_remove(path: str) -> Call[None]:
    """Remove a file or a link, if it is there."""
    return Call(
        method="fs/remove",
        params={"path": path, "recursive": False, "force": True},
        decode=_nothing,
        is_repeatable=True,
    )


def _nothing(result: Json) -> None:
    """There is nothing in the answer."""
