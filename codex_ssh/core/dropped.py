"""What a terminal writes when files are dropped on it: paths, quoted in one of several ways.

Lives here: telling such a text from others, and the paths in it. Not here: whether there is such a file
(:mod:`codex_ssh.local.image_file`).

Terminals of macOS put a backslash before what a shell would take amiss; VTE, foot and kitty put single quotes
around; Windows Terminal puts double quotes around a path with blanks; a file manager's clipboard gives
``file://`` URLs, one a line.
"""

from __future__ import annotations

import re
import shlex
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")
_MOST_CHARACTERS: Final = 64 * 1024


def dropped_paths(text: str) -> tuple[str, ...]:
    """Give the paths in a text that is nothing but paths; nothing when it is something else.

    A path is absolute, or begins with ``~/``, or is one of Windows. ``~`` stays as it is.

    Args:
        text: What was pasted, dropped or typed.
    """
    if len(text) > _MOST_CHARACTERS or "\0" in text:
        return ()
    found: list[str] = []
    for line in text.strip().splitlines():
        if not line.strip():
            continue
        paths = _paths_of(line.strip())
        if not paths:
            return ()
        found += paths
    return tuple(found)


def _paths_of(line: str) -> list[str]:
    bare = line.strip("\"'")
    if _DRIVE.match(bare) and not any(mark in bare for mark in "\"'"):
        return [bare]
    if line.lower().startswith("file:"):
        paths = [_path_of_url(word) for word in line.split()]
        return [path for path in paths if path is not None] if None not in paths else []
    try:
        words = shlex.split(line)
    except ValueError:
        words = []
    if words and all(_is_path(word) for word in words):
        return [_path_of_url(word) or word for word in words]
    # A path that nobody quoted, with blanks or quotes in it.
    return [line] if _is_path(line) else []


def _is_path(word: str) -> bool:
    return word.startswith(("/", "~/")) or _path_of_url(word) is not None


def _path_of_url(word: str) -> str | None:
    """Give the path of a ``file:`` URL of this machine; None for everything else."""
    if not word.lower().startswith("file:/"):
        return None
    try:
        parts = urlsplit(word)
        path = unquote_to_bytes(parts.path).decode()
    except ValueError:
        return None
    # A host's name would be ours, as file managers write it; a share's would not lead to a file here.
    return path if path.startswith("/") and "\0" not in path else None
