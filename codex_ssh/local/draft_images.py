"""The images among what was typed: each in a file of its own, written once.

Lives here: these files. Not here: what refers to them (:mod:`codex_ssh.local.drafts`), which is written at
every key: megabytes of an image in it would be felt at every key.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codex_ssh.local.files import write_private


class DraftImages:
    """The images of one client; the names of their files begin with its own file's.

    Args:
        path: The client's own file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[str, str] = {}
        self._used: set[str] = set()
        self._count = 0

    def name(self, url: str) -> str:
        """Give the name of the file an image is in, which is written when there is none; raises OSError."""
        name = self._names.get(url)
        if name is None:
            self._count += 1
            name = f"{self._path.stem}.{self._count}.image"
            write_private(self._path.with_name(name), url)
            self._names[url] = name
        self._used.add(name)
        return name

    def forget_others(self) -> None:
        """Remove the images that were not named since the last time."""
        for url, name in list(self._names.items()):
            if name not in self._used:
                del self._names[url]
                self._path.with_name(name).unlink(missing_ok=True)
        self._used.clear()


def image_files(path: Path) -> Iterator[Path]:
    """Give the image files of a client by its own file."""
    return path.parent.glob(f"{path.stem}.*.image")


def read_draft_image(path: Path, name: str) -> str:
    """Give the image a client's file refers to; empty when it is not there.

    Args:
        path: The client's own file.
        name: As the file has it.
    """
    try:
        return path.with_name(name).read_text(encoding="ascii")
    except (OSError, ValueError):  # ValueError: no name of ours, or no image
        return ""
