"""An image file of this machine, read whole, to go along with a message.

Lives here: finding and reading it. Not here: what is an image (:mod:`codex_ssh.core.image`), and how a path
is quoted (:mod:`codex_ssh.core.dropped`).
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from pathlib import Path
from typing import Final

from codex_ssh.core.dropped import dropped_paths
from codex_ssh.core.image import IMAGE_BYTES, Image, decode_image, require_size
from codex_ssh.errors import ImageRefused

READ_SECONDS: Final = 10.0
"""How long a file may take to be read; it may lie on another machine."""

_DRIVE: Final = re.compile(r"([A-Za-z]):[\\/]")


async def read_image_file(path: str) -> Image:
    """Read an image file.

    Args:
        path: As it was typed, or as a terminal writes it when a file is dropped on it; ``~`` is the home
            directory.

    Raises:
        ImageRefused: It is not there, cannot be read, is no image, or is too large.
    """
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await asyncio.to_thread(load_image, path)
    except TimeoutError:
        raise ImageRefused(
            f"{path!r} could not be read within {READ_SECONDS:g} s",
            path=path,
            hint="copy it to this machine's own disk first",
        ) from None


def load_image(path: str) -> Image:
    """Read an image file at once; see :func:`read_image_file`."""
    file = find_image(path)
    try:
        # A pipe without a writer must not hold us; it is refused below.
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            facts = os.fstat(handle)
            if stat.S_ISREG(facts.st_mode):
                require_size(facts.st_size, name=file.name, path=path)
                with os.fdopen(handle, "rb", closefd=False) as opened:
                    return decode_image(opened.read(IMAGE_BYTES + 1), name=file.name, path=path)
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise ImageRefused(
            f"there is no file {path!r} here",
            path=path,
            hint="images are read from the machine codex-ssh runs on, not from the devbox",
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ImageRefused(
            f"{path!r} cannot be read: {reason}", path=path, hint="look at its permissions"
        ) from error
    raise ImageRefused(f"{path!r} is not a file", path=path, hint="name an image file")


def find_image(path: str) -> Path:
    """Give the file a path means: as it stands, or else as a terminal writes dropped files."""
    literal = _expanded(path)
    if not _is_there(literal):
        dropped = dropped_paths(path)
        if len(dropped) == 1:
            return _expanded(_in_wsl(dropped[0]))
    return literal


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # ~somebody who is not there
        return Path(path)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or with a NUL
        return False


def _in_wsl(path: str) -> str:
    """Give a path of Windows as Linux sees it inside it."""
    drive = _DRIVE.match(path)
    if drive is None:
        return path
    return f"/mnt/{drive.group(1).lower()}/{path[3:].replace(chr(92), '/')}"
