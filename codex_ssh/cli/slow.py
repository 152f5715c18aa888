"""A word on stderr for a person at a terminal: where it goes, and what takes a while.

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


def say_connecting(host: object) -> None:
    """Say where it goes, before what takes long is loaded; :func:`told_when_slow` goes on from there.

    Nothing is said where stderr is no terminal.
    """
    if sys.stderr.isatty():
        note(f"{host}: connecting …")


@contextmanager
def told_when_slow(
    words: str | Callable[[], str], prompter: Prompter | None = None, *, is_said: bool = False
) -> Generator[Callable[[], None], None, None]:
    """Say what is waited for, after a second and then ever more rarely, until the function given is called.

    Nothing is said where stderr is no terminal, nor while a question is on it.

    Args:
        words: What is waited for; a function gives what it is by then.
        prompter: Whoever asks meanwhile.
        is_said: It was said when it began.
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
    due = [loop.call_later(seconds, say, seconds) for seconds in SAID_AFTER_SECONDS[is_said:]]

    def done() -> None:
        for one in due:
            one.cancel()

    try:
        yield done
    finally:
        done()
