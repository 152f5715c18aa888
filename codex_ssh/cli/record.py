"""``--record FILE``: the session of a TUI, written to a file while it goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from codex_ssh import __version__
from codex_ssh.cli.output import note
from codex_ssh.errors import ConfigError

if TYPE_CHECKING:
    from codex_ssh.tui.bridge import Lifeline


@contextmanager
def recording_to(file: str) -> Generator[Callable[[Lifeline], Lifeline], None, None]:
    """Give what puts a recorder in the place of a lifeline; without a file it gives the lifeline back.

    The file is made at once, so that nobody logs in for a recording that cannot be made. Every secret that
    codex-ssh itself meets from here on is left out of it.

    Raises:
        ConfigError: The file is there already, or cannot be written; also from what is given.
    """
    if not file:
        yield lambda lifeline: lifeline
        return
    import time
    from datetime import UTC, datetime

    from codex_ssh.core.discreet import Discreet
    from codex_ssh.core.secret import watch_secrets
    from codex_ssh.local.recording_file import open_recording
    from codex_ssh.tui.recorder import Recorder

    discreet = Discreet()
    with open_recording(Path(file)) as tape, watch_secrets(discreet.know), ExitStack() as stack:

        def record(lifeline: Lifeline) -> Lifeline:
            try:
                recorder = Recorder(
                    lifeline,
                    tape,
                    discreet,
                    version=__version__,
                    began=datetime.now(UTC).isoformat(timespec="seconds"),
                    now=time.monotonic,
                    size=terminal_size,
                )
            except OSError as error:
                raise ConfigError(f"{file!r} cannot be written: {error.strerror or error}") from error
            stack.callback(note, f"recorded: {file}; look through it before you give it to anybody")
            stack.callback(recorder.finish)
            return recorder

        yield record


def terminal_size() -> tuple[int, int]:
    """Give columns and lines of the terminal; zeros where there is none."""
    columns, lines = shutil.get_terminal_size((0, 0))
    return columns, lines
