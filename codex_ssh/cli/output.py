"""What a person reads: errors with their hint on stderr, and remote text made harmless.

Rules: stdout is data, stderr is words. Nothing from the devbox reaches the terminal with control
characters in it. Nothing here knows a secret.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from codex_ssh.core.plain_text import plain_lines
from codex_ssh.core.redact import redact
from codex_ssh.errors import CodexSshError, ExitCode, Interrupted

_BOLD_RED: Final = "\033[1;31m"
_DIM: Final = "\033[2m"
_OFF: Final = "\033[0m"


def note(text: str) -> None:
    """Say something on stderr."""
    sys.stdout.flush()
    print(redact(text), file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """Say something on stderr that the reader should not miss."""
    note(f"{_styled('warning:', _BOLD_RED)} {plain_lines(text)}")


def fail(error: BaseException) -> int:
    """Print an error the way a person can act on, and give its exit code.

    Three parts: what happened (stage and host in front), what the other side said, a hint. Anything that is
    not one of our errors is our bug: a report without values is written and its path printed.
    """
    if isinstance(error, Interrupted):
        return error.exit_code
    if not isinstance(error, CodexSshError):
        return _bug(error)
    note(f"{_styled('error:', _BOLD_RED)} {plain_lines(str(error))}")
    said = getattr(error, "said", "")
    if said and said not in str(error):
        note(f"  {_styled('it said:', _DIM)} {_indented(plain_lines(said))}")
    if error.hint:
        note(f"  {_styled('hint:', _DIM)} {plain_lines(error.hint)}")
    return error.exit_code


def _bug(error: BaseException) -> int:
    from codex_ssh.local.crash import write_crash_report

    path = write_crash_report(error)
    note(f"{_styled('error:', _BOLD_RED)} this is a bug in codex-ssh: {type(error).__name__}")
    if path is not None:
        note(f"  {_styled('hint:', _DIM)} please report it with {path}; it holds no values, only places")
    return ExitCode.BUG


def _styled(text: str, style: str) -> str:
    if os.environ.get("NO_COLOR") or not sys.stderr.isatty():
        return text
    return f"{style}{text}{_OFF}"


def _indented(text: str) -> str:
    return text.replace("\n", "\n           ")
