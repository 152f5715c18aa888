"""Who an interrupt from the keyboard is for.

Lives here: catching SIGINT and its like for a command, and lending the keyboard's signals to a program that
has the terminal. Not here: what an interrupt does.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_FROM_KEYBOARD: Final = (signal.SIGINT, signal.SIGQUIT)

_caught: ContextVar[Mapping[signal.Signals, Callable[[], None]]] = ContextVar("_caught", default={})  # noqa: B039


def catch_signals(handlers: Mapping[signal.Signals, Callable[[], None]]) -> None:
    """Call a function for each of the signals, as long as the running loop lasts."""
    loop = asyncio.get_running_loop()
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    _caught.set(dict(handlers))


@contextmanager
def keyboard_signals_are_theirs() -> Generator[None, None, None]:
    """Do nothing about what the keyboard sends to our whole group of processes: it is for another of them.

    That one does not inherit it, as it would if the signals were ignored.
    """
    with _caught_meanwhile(dict.fromkeys(_FROM_KEYBOARD, _nothing)):
        yield


@contextmanager
def interrupts_mean(deed: Callable[[], None]) -> Generator[None, None, None]:
    """Let Ctrl-C do something else than end the command."""
    with _caught_meanwhile({signal.SIGINT: deed}):
        yield


@contextmanager
def _caught_meanwhile(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Generator[None, None, None]:
    loop = asyncio.get_running_loop()
    caught = _caught.get()
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            if number in caught:
                loop.add_signal_handler(number, caught[number])
            else:
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])


def _nothing() -> None:
    """Do nothing."""
