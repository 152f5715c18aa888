"""Files and folders of a machine, as a copy sees them: where something is, and what stands there.

Lives here: the values, the rule for names, and which links lead out of a folder. Not here: looking at any
machine (:mod:`codex_ssh.local.file_tree`, :mod:`codex_ssh.link.sftp_tree`) and copying
(:mod:`codex_ssh.link.copying`).

Names are bytes, as they are on both machines: a name need not be UTF-8, and may hold anything but a slash
and NUL.
"""

from __future__ import annotations

import enum

from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.value import dataclass


class Kind(enum.Enum):
    """What stands somewhere; the value is the word for messages."""

    FILE = "a file"
    FOLDER = "a folder"
    LINK = "a link"
    OTHER = "a pipe, a device or the like"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What stands somewhere, looked at without following a link.

    Attributes:
        kind: What it is.
        size: Bytes of a file.
        mode: Permission bits; None where the machine does not tell.
        mtime: When it was changed, in seconds since 1970; None where the machine does not tell.
    """

    kind: Kind
    size: int = 0
    mode: int | None = None
    mtime: float | None = None

    @property
    def permissions(self) -> int | None:
        """What of the mode a copy takes over: no set-user-id, no set-group-id, no sticky bit."""
        return None if self.mode is None else self.mode & 0o777


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place below a folder that somebody named.

    Attributes:
        root: An absolute path; links in it are followed, since the user wrote it.
        parts: The names below it. No link among them is ever followed.
    """

    root: bytes
    parts: tuple[bytes, ...] = ()

    @property
    def path(self) -> bytes:
        """All of it as a path."""
        return b"/".join((self.root.rstrip(b"/"), *self.parts)) or b"/"

    @property
    def name(self) -> bytes:
        """Its own name; that of the root when there is nothing below."""
        return self.parts[-1] if self.parts else self.root.rstrip(b"/").rpartition(b"/")[2]

    @property
    def shown(self) -> str:
        """The path for a message."""
        return shown(self.path)

    def child(self, name: bytes) -> Spot:
        """Give what is in it under a name.

        Raises:
            ValueError: No file has such a name: it would lead elsewhere.
        """
        if name in (b"", b".", b"..") or b"/" in name or b"\0" in name:
            raise ValueError(f"the name {shown(name)!r} leads out of the folder")
        return Spot(root=self.root, parts=(*self.parts, name))

    def beside(self, name: bytes) -> Spot:
        """Give what is in the same folder under another name; not for a root. Raises as :meth:`child`."""
        return Spot(root=self.root, parts=self.parts[:-1]).child(name)


def shown(path: bytes) -> str:
    """Give a path for a message: one line, harmless, bytes that are no UTF-8 by their number."""
    return plain_line(path.decode("utf-8", "backslashreplace"))


def spot_of(path: bytes) -> Spot:
    """Give the spot of an absolute path: its folder is the root."""
    path = b"/" + path.strip(b"/")
    folder, _, name = path.rpartition(b"/")
    return Spot(root=folder or b"/", parts=(name,) if name else ())


def leads_out(to: bytes, *, depth: int) -> bool:
    """Whether a link leads out of the folder that is copied.

    Args:
        to: What the link says.
        depth: How many folders below the copied one it is in; 0 right inside.
    """
    if to.startswith(b"/"):
        return True
    for part in to.split(b"/"):
        if part == b"..":
            depth -= 1
            if depth < 0:
                return True
        elif part not in (b"", b"."):
            depth += 1
    return False
