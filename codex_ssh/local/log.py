"""The log: words on stderr, or in a private file while a TUI owns the screen.

Lives here: handlers and the redacting filter. Not here: what is worth saying; every module has its own
logger below ``codex_ssh``.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from pathlib import Path
from typing import Final

from codex_ssh.core.redact import redact
from codex_ssh.local.files import make_private_dir

_LEVELS: Final = (logging.WARNING, logging.INFO, logging.DEBUG)


class _Redacting(logging.Formatter):
    """Masks credentials in the finished line, arguments and tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def log_to_stderr(verbosity: int) -> None:
    """Send the log to stderr: 0 warnings, 1 what happens, 2 everything, libraries included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting("codex-ssh: %(message)s" if verbosity < 2 else "%(name)s: %(message)s"))
    _install(handler, verbosity)


def log_to_file(path: Path, verbosity: int) -> None:
    """Send the log to a file of mode 0600; used while a TUI owns the screen."""
    make_private_dir(path.parent)
    # Made here for its mode; FileHandler would make it readable by others.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600))
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_Redacting("%(asctime)s %(name)s %(levelname)s: %(message)s"))
    _install(handler, max(verbosity, 1))


class _Kept(logging.Handler):
    """Keeps the last finished lines."""

    def __init__(self, lines: deque[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


def keep_log(most: int = 5000) -> deque[str]:
    """Keep everything our own modules log from now on, credentials masked; gives the lines, as they come.

    What goes to stderr stays as it was set before.

    Args:
        most: So many lines; the oldest go first.
    """
    lines: deque[str] = deque(maxlen=most)
    ours = logging.getLogger("codex_ssh")
    for handler in logging.getLogger().handlers:
        handler.setLevel(ours.level)
    kept = _Kept(lines)
    kept.setFormatter(_Redacting("%(asctime)s %(name)s %(levelname)s: %(message)s"))
    ours.addHandler(kept)
    ours.setLevel(logging.DEBUG)
    return lines


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out what asyncio says for each piece that was on its way when a connection broke."""
    return record.msg != "socket.send() raised exception."


def _install(handler: logging.Handler, verbosity: int) -> None:
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    handler.addFilter(_is_news)
    root.addHandler(handler)
    level = _LEVELS[min(verbosity, 2)]
    logging.getLogger("codex_ssh").setLevel(level)
    root.setLevel(logging.DEBUG if verbosity > 2 else logging.WARNING)
