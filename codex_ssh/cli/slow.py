"""A word on stderr when something takes a while, for a person at a terminal.

Lives here: when it is said. Not here: what is waited for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from codex_ssh.cli.output import note
from codex_ssh.core.question import Prompter

SAID_AFTER_SECONDS: Final = (1, 5, 15, 30, 60, 120)


@contextmanager
def told_when_slow(
    words: str | Callable[[], str], prompter: Prompter | None = None
) -> Generator[Callable[[], None], None, None]:
    """Say what is waited for, after a second and then ever more rarely, until the function given is called.

    Nothing is said where stderr is no terminal, nor while a question is on it.

    Args:
        words: What is waited for; a function gives what it is by then.
        prompter: Whoever asks meanwhile.
    """
    import asyncio

    def say(seconds: int) -> None:
        if not getattr(prompter, "is_asking", False):
            what = words if isinstance(words, str) else words()
            note(f"{what} …" if seconds == SAID_AFTER_SECONDS[0] else f"{what} … {seconds} s")

    if not sys.stderr.isatty():
        yield lambda: None
        return
    loop = asyncio.get_running_loop()
    due = [loop.call_later(seconds, say, seconds) for seconds in SAID_AFTER_SECONDS]

    def done() -> None:
        for one in due:
            one.cancel()

    try:
        yield done
    finally:
        done()
