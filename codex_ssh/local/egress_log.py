"""What went out through this machine: a line for each connection of a devbox's codex.

Lives here: the file and its lines. Not here: what is let through (:mod:`codex_ssh.core.egress`).

One JSON object a line. What cannot be written down does not happen.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

from codex_ssh.local.files import make_private_dir

NAME = "egress.log"


def note_egress(directory: Path, *, devbox: str, host: str, port: int, status: int) -> None:
    """Add a line to the log, which only this user can read.

    Raises:
        OSError: It cannot be written.
    """
    make_private_dir(directory)
    line = {
        "time": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        "devbox": devbox,
        "host": host,
        "port": port,
        "status": status,
    }
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(directory / NAME, flags, 0o600)
    try:
        os.write(handle, json.dumps(line).encode() + b"\n")
    finally:
        os.close(handle)
