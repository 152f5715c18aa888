"""Files with modes: private ones written whole, secret ones read only when nobody else can.

Lives here: writing and reading on this machine. Not here: the same rules on the devbox
(:mod:`codex_ssh.link.token`).
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from codex_ssh.core.secret import Secret
from codex_ssh.errors import ConfigError

SECRET_LIMIT_BYTES: Final = 4096

_TEMP_DIR_LONGEST: Final = 56
"""Bytes a temporary directory's own path may have; those of macOS have 49."""


def make_private_dir(path: Path) -> Path:
    """Make a directory of mode 0700 with its parents, and give it back.

    Raises:
        ConfigError: It exists and is another user's, or is no directory.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise ConfigError(
            f"{str(path)!r} is not a directory of yours", hint="remove it, or choose another place"
        )
    if stat.S_IMODE(facts.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace a file's content atomically; its mode becomes 0600."""
    make_private_dir(path.parent)
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def create_private(path: Path, text: str) -> None:
    """Write a new file of mode 0600, wherever the user wants it.

    Raises:
        ConfigError: There is one of that name already, or it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}") from error


def read_secret(path: Path) -> Secret:
    """Read a token from a file on this machine, trimmed.

    Opened once; checks and read are on that same file.

    Raises:
        ConfigError: Missing, not a regular file, another user's, open to others, empty or too large.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"the token file {str(path)!r} cannot be read: {error.strerror}") from error
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise ConfigError(f"the token file {str(path)!r} is not a regular file")
        if facts.st_uid != os.getuid():
            raise ConfigError(f"the token file {str(path)!r} belongs to another user")
        if stat.S_IMODE(facts.st_mode) & 0o077:
            raise ConfigError(f"the token file {str(path)!r} is open to others", hint=f"chmod 600 {path}")
        content = os.read(handle, SECRET_LIMIT_BYTES + 1)
    finally:
        os.close(handle)
    text = content.decode("utf-8", "replace").strip()
    if not text or len(content) > SECRET_LIMIT_BYTES:
        raise ConfigError(f"the token file {str(path)!r} is empty or larger than {SECRET_LIMIT_BYTES} bytes")
    return Secret(text)


def require_private(path: Path) -> None:
    """Refuse a key file that somebody else could read or have written.

    Raises:
        ConfigError: It is another user's, or its mode has a bit for group or others.
        OSError: It cannot be looked at.
    """
    facts = path.stat()
    if facts.st_uid not in (os.geteuid(), 0):
        raise ConfigError(f"the key {str(path)!r} belongs to another user")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        raise ConfigError(f"the key {str(path)!r} is open to others", hint=f"chmod 600 {path}")


@contextmanager
def private_temp_dir(prefix: str = "codex-ssh-", *, for_sockets: bool = False) -> Generator[Path, None, None]:
    """Give a new directory of mode 0700; it and all in it are gone afterwards.

    Args:
        prefix: How its name begins.
        for_sockets: It lies in ``/tmp`` where the usual place has a long name: a unix socket's path must
            fit 103 bytes, and ``ssh`` makes it longer while it binds.
    """
    import tempfile

    usual = tempfile.gettempdir()
    too_long = for_sockets and len(os.fsencode(usual)) > _TEMP_DIR_LONGEST
    where = "/tmp" if too_long else usual  # noqa: S108 - made with mode 0700
    with tempfile.TemporaryDirectory(prefix=prefix, dir=where, ignore_cleanup_errors=True) as name:
        yield Path(name)


def lock_file(path: Path, *, make: bool = True, wait: bool = False) -> int | None:
    """Give a file's locked descriptor, which holds the lock until it is closed; the file is 0600 when new.

    Args:
        path: The file.
        make: Make it when it is not there.
        wait: Wait for whoever holds it.

    Returns:
        None when somebody holds it, or it is not there and not to be made.
    """
    flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if make else 0)
    while True:
        try:
            handle = os.open(path, flags, 0o600)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(handle)
            return None
        # Somebody may have removed it between the two steps.
        with suppress(FileNotFoundError):
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        os.close(handle)
