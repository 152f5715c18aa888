"""The audit log: who came, when, from where, and which methods they called; never what was said.

Lives here: the file and its lines. Not here: who is asked to write them (:mod:`codex_ssh.server.listener`).

One JSON object a line. ``event`` is ``refused``, ``open``, ``method`` or ``close``; ``connection`` counts
from 1 in each run of the server.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLog:
    """An open audit log.

    Attributes:
        handle: Where lines go; each is one write.
        listener: The listener's name, in every line.
    """

    handle: int
    listener: str

    def write(self, event: str, **facts: str | int | None) -> None:
        """Add a line; facts that are None are left out.

        Raises:
            OSError: It cannot be written; what happens unseen must not happen.
        """
        line = {
            "time": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "listener": self.listener,
            "event": event,
            **{name: value for name, value in facts.items() if value is not None},
        }
        os.write(self.handle, json.dumps(line, ensure_ascii=True).encode() + b"\n")


@contextlib.contextmanager
def open_audit_file(path: Path) -> Iterator[int]:
    """Open the file for appending; it is made with mode 0600.

    Raises:
        ConfigError: It cannot be opened, is no file of ours, or others can read it.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        raise ConfigError(f"audit log {path} cannot be opened: {error.strerror}") from None
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid():
            raise ConfigError(f"audit log {path} is not a file of yours")
        if stat.S_IMODE(facts.st_mode) & 0o077:
            raise ConfigError(f"audit log {path} is open to other users", hint=f"chmod 600 {path}")
        yield handle
    finally:
        os.close(handle)
