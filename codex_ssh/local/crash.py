"""The report of a bug of ours: where it happened, without any value.

A traceback with local variables would hold tokens and prompts; this one holds files, lines and the type of
the exception, its message redacted.
"""

from __future__ import annotations

import platform
import sys
import time
import traceback
from pathlib import Path

from codex_ssh import __version__
from codex_ssh.core.redact import redact
from codex_ssh.local.files import write_private
from codex_ssh.local.paths import log_dir


def write_crash_report(error: BaseException) -> Path | None:
    """Write the report with mode 0600 and give its path; None when that fails too."""
    text = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    head = f"codex-ssh {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n"
    path = log_dir() / time.strftime("crash-%Y%m%d-%H%M%S.txt")
    try:
        write_private(path, head + redact(text))
    except OSError as failed:
        print(f"codex-ssh: no crash report could be written: {failed}", file=sys.stderr)  # noqa: T201
        return None
    return path
