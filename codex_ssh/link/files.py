"""A file or a folder to the devbox and back, over a connection that is there: what the Python API does.

Lives here: one copy with the rules of the API. Not here: how it is made (:mod:`codex_ssh.link.copying`), and
going on over the next connection (:mod:`codex_ssh.link.copy_over`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from codex_ssh.core.copy_request import Conflict, CopyRules
from codex_ssh.core.file_tree import Facts, Spot
from codex_ssh.link.copy_over import open_tree
from codex_ssh.link.copying import Copy
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.file_tree import LocalTree

_RULES: Final = CopyRules(folders=True, conflict=Conflict.REPLACE, keeps_times=True)


async def copy_up(ssh: Ssh, source: Path, target: str) -> str:
    """Copy a file or a folder of this machine to the devbox and give where it is there.

    What an earlier call brought of a file is not sent again. Files that are there are replaced.

    Args:
        ssh: The connection.
        source: What is copied.
        target: Its path there, relative to the home directory; one that ends with a slash, or is a directory
            already, gets it inside.

    Raises:
        CopyFailed: A file could not be read, written, or the devbox would not; ``said`` holds the words.
        LinkLost, ForwardError: The connection went away; what was there before is untouched.
    """
    return os.fsdecode(await _copy(ssh, os.fsencode(source), os.fsencode(target), is_up=True))


async def copy_down(ssh: Ssh, source: str, target: Path) -> Path:
    """Copy a file or a folder of the devbox to this machine and give where it is here.

    What an earlier call brought of a file is not sent again. Files that are there are replaced.

    Args:
        ssh: The connection.
        source: Its path there, relative to the home directory.
        target: Where it goes; a directory gets it inside.

    Raises:
        CopyFailed, LinkLost, ForwardError: As :func:`copy_up`.
    """
    return Path(os.fsdecode(await _copy(ssh, os.fsencode(source), os.fsencode(target), is_up=False)))


async def _copy(ssh: Ssh, source: bytes, target: bytes, *, is_up: bool) -> bytes:
    copy = Copy(LocalTree(), is_up=is_up, sources=(source,), target=target, rules=_RULES, watch=Unwatched())
    async with open_tree(ssh) as there:
        await copy.go_on(there)
    for failed in copy.outcome.failed:
        raise failed
    return copy.outcome.places[0]


class Unwatched:
    """Nobody sees the copy; implements :class:`codex_ssh.core.copy_watch.CopyWatch`."""

    def planned(self, files: int, size: int) -> None:
        """Do nothing."""

    def at(self, spot: Spot) -> None:
        """Do nothing."""

    def checks(self, spot: Spot) -> None:
        """Do nothing."""

    def moved(self, size: int) -> None:
        """Do nothing."""

    def tell(self, text: str) -> None:
        """Do nothing."""

    async def choose(self, spot: Spot, *, there: Facts, coming: Facts) -> Conflict:
        """Leave it alone."""
        return Conflict.REFUSE
