"""Files and folders of one side of a copy: what a machine has to be able to do.

Lives here: the Protocol. Not here: this machine (:mod:`codex_ssh.local.file_tree`), a devbox over SFTP
(:mod:`codex_ssh.link.sftp_tree`) or by scripts (:mod:`codex_ssh.link.script_tree`), and the copy itself
(:mod:`codex_ssh.link.copying`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from typing import Protocol

from codex_ssh.core.file_tree import Facts, Spot


class Tree(Protocol):
    """The files of a machine. Everything raises CopyFailed; a devbox's also LinkLost and ForwardError."""

    @property
    def label(self) -> str:
        """What the user calls the machine."""

    @property
    def is_here(self) -> bool:
        """Whether it is this machine, whose links are the user's own."""

    @property
    def keeps_modes(self) -> bool:
        """Whether modes and times can be set."""

    async def absolute(self, path: bytes) -> bytes:
        """Give a path as an absolute one; relative ones begin in the home directory there."""

    async def real(self, path: bytes) -> bytes:
        """Give the absolute path of something that is there, all its links followed."""

    async def look(self, spot: Spot) -> Facts | None:
        """Give what stands somewhere; None when nothing does. A link at the end is not followed."""

    async def entries(self, spot: Spot) -> Sequence[tuple[bytes, Facts]]:
        """Give what is in a folder, by name; the names may be lies."""

    async def link_target(self, spot: Spot) -> bytes:
        """Give what a link says."""

    def read(self, spot: Spot, offset: int, end: int) -> AsyncGenerator[bytes, None]:
        """Give a file's bytes from an offset to another, in order; fewer where it is shorter."""

    async def write(
        self, spot: Spot, offset: int, pieces: AsyncIterable[bytes], told: Callable[[int], None]
    ) -> None:
        """Write a file from an offset on; at 0 it is made anew, with mode 0600, and must not be there.

        Args:
            spot: The file.
            offset: Where to begin; what is behind it is cut off first.
            pieces: What to write.
            told: Called with so many bytes more that are written.
        """

    async def digest(self, spot: Spot, length: int, *, is_all: bool = False) -> bytes | None:
        """Give the SHA-256 of a file's first bytes; None where no program there can make one.

        Args:
            spot: The file.
            length: How many bytes.
            is_all: That is all of it, as far as is known; if there is more by now, the sum may be another.
        """

    async def make_folder(self, spot: Spot, mode: int) -> None:
        """Make a folder that is not there."""

    async def make_link(self, spot: Spot, to: bytes) -> None:
        """Make a link that is not there."""

    async def mark(self, spot: Spot, *, mode: int | None, mtime: float | None) -> None:
        """Set mode and time of a file or folder; None leaves one as it is."""

    async def rename(self, spot: Spot, to: Spot) -> None:
        """Put a file in its place, in the same folder; a file or link that stands there is replaced."""

    async def remove(self, spot: Spot) -> None:
        """Remove a file or a link."""
