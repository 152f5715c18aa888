"""The listener's log on stderr.

Lives here: the form of a line, which names the listener and holds no credential. Not here: the clients' log
(:mod:`codex_ssh.local.log`).
"""

from __future__ import annotations

import logging
import sys

from codex_ssh.core.redact import redact


class ListenerFormatter(logging.Formatter):
    """Puts the listener's name into every line and masks what looks like a credential.

    Attributes:
        listener: Its URL: as asked for, and the real one once it is bound.
    """

    def __init__(self, listener: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(listener)s %(message)s")
        self.listener = listener

    def format(self, record: logging.LogRecord) -> str:
        """Give the finished line."""
        record.listener = self.listener
        return redact(super().format(record))


def log_listener(listener: str, *, level: int = logging.WARNING) -> ListenerFormatter:
    """Send the log to stderr; give the formatter, whose name can be made exact later."""
    formatter = ListenerFormatter(listener)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    return formatter
