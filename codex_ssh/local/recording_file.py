"""The file of a recording: made new, private, a line at a time, and not larger than it may be.

Lives here: writing and reading it on this machine. Not here: what its lines say
(:mod:`codex_ssh.core.recording`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from codex_ssh.core.recording import NoRecording, Recording, read_recording
from codex_ssh.errors import ConfigError

MOST_BYTES: Final = 256 * 1024 * 1024
"""A recording that reaches this ends; what is recorded goes on."""

_MOST_READ: Final = MOST_BYTES + 1024 * 1024


class RecordingFile:
    """A recording that is being written.

    Each line is handed to the system whole and at once, so that a client that is killed loses none; a machine
    that loses its power may.

    Args:
        handle: Its descriptor.
        most: How many bytes it may have.
    """

    def __init__(self, handle: int, *, most: int = MOST_BYTES) -> None:
        self._handle = handle
        self._room = most

    def write(self, line: str) -> None:
        """Append a line.

        Raises:
            OSError: It cannot be written, or the file would become too large.
        """
        # Half a surrogate pair is no UTF-8, and may come from the devbox all the same.
        content = f"{line}\n".encode("utf-8", "backslashreplace")
        if len(content) > self._room:
            raise OSError(errno.EFBIG, f"it has {MOST_BYTES // 1024 // 1024} MiB, which is the most")
        self._room -= len(content)
        at = 0
        while at < len(content):
            at += os.write(self._handle, content[at:])


@contextmanager
def open_recording(path: Path, *, most: int = MOST_BYTES) -> Generator[RecordingFile, None, None]:
    """Make a new file of mode 0600 to record to; one to which nothing was written is removed again.

    Raises:
        ConfigError: There is one of that name already, or it cannot be made.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ConfigError(
            f"{str(path)!r} is there already, and is not overwritten", hint="name a new file for --record"
        ) from None
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    try:
        yield RecordingFile(handle, most=most)
    finally:
        is_empty = os.fstat(handle).st_size == 0
        os.close(handle)
        if is_empty:
            path.unlink(missing_ok=True)


def load_recording(path: Path) -> Recording:
    """Read a recording.

    Raises:
        ConfigError: It cannot be read, or is no recording of a form this version knows.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            if os.fstat(file.fileno()).st_size > _MOST_READ:
                raise ConfigError(f"{str(path)!r} is larger than any recording")
            return read_recording(file)
    except NoRecording as fault:
        raise ConfigError(f"{str(path)!r} cannot be shown: {fault}") from None
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be read: {error.strerror}") from error
