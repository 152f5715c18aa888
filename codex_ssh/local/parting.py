"""What goes on when a command has ended: the process parts in two.

Lives here: who asks for it, an event loop that can be carried on in a child process, and the parting itself.
Not here: what goes on (:mod:`codex_ssh.link.holder`), and the commands (:mod:`codex_ssh.cli.run`).

The shell waits for the process it has started, so that one must end. What lives in its memory, such as an SSH
connection with its keys, can go on only in a copy of that memory. So the process forks when everything else
is done and no loop runs, and then each half keeps what is its own: **what came from outside stays with the
parent, what was opened in here goes with the child.** The child has no terminal, no pipe of the shell's and
no directory; the parent has nothing of the connection, so nothing it does or leaves undone can disturb it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import selectors
import signal
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any, Final, Protocol, cast

log = logging.getLogger(__name__)

_THREADS_SECONDS: Final = 1.0
"""How long idle threads may take to end; a fork has none of them."""

_FIRST_DESCRIPTORS: Final = frozenset({0, 1, 2})


class Stayer(Protocol):
    """Something that may have to go on."""

    @property
    def goes_on(self) -> bool:
        """Whether somebody else still needs it."""

    async def run_on(self) -> None:
        """Go on until nobody needs it any more."""


class Parting:
    """What may go on after this command; empty until something says so."""

    def __init__(self) -> None:
        self.stayer: Stayer | None = None
        self._from_outside = _open_descriptors() | _FIRST_DESCRIPTORS
        self._selector = _Selector()
        self._threads = _threads()

    @property
    def goes_on(self) -> bool:
        """Whether there is something that has to."""
        return self.stayer is not None and self.stayer.goes_on

    def make_loop(self) -> asyncio.AbstractEventLoop:
        """Give the loop of this process; it can be carried on in a child."""
        loop = asyncio.SelectorEventLoop(cast("selectors.BaseSelector", self._selector))
        loop.set_default_executor(self._threads)
        return loop

    def part(self, runner: asyncio.Runner) -> bool:
        """Fork: True in the parent, which has nothing of it any more. The child never comes back from here.

        Args:
            runner: Its loop does not run.

        Returns:
            False when it cannot be done; then nothing has changed.
        """
        assert self.stayer is not None
        loop = runner.get_loop()
        child = self._fork()
        if child is None:
            loop.set_default_executor(_threads())
            return False
        if child:
            _silence(_open_descriptors() - self._from_outside)
            loop.set_exception_handler(lambda _loop, _context: None)
            _parted.append(runner)
            return True
        try:
            # Those are for the terminal's processes, and may be on their way: it may just have been closed.
            for number in (signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            os.setsid()
            os.chdir("/")
            _silence(_same_files(self._from_outside))
            self._selector.renew()
            loop.set_default_executor(_threads())
            runner.run(self._run_on())
            runner.close()
        finally:
            os._exit(0)

    def _fork(self) -> int | None:
        """Fork where that is harmless: without a thread, and with nothing left in a buffer."""
        self._threads.shutdown(wait=False)
        # A daemon waits and holds nothing, such as Textual's for a terminal that is gone.
        busy = [one for one in threading.enumerate() if not one.daemon]
        busy.remove(threading.current_thread())
        for thread in busy:
            thread.join(_THREADS_SECONDS)
        if any(thread.is_alive() for thread in busy):
            log.warning("a thread does not end, so the SSH connection ends with this window")
            return None
        _flush()
        try:
            with warnings.catch_warnings():  # of those daemons, from Python 3.12 on
                warnings.simplefilter("ignore", DeprecationWarning)
                return os.fork()
        except OSError as error:
            log.warning("no process for the SSH connection, so it ends with this window: %s", error)
            return None

    async def _run_on(self) -> None:
        assert self.stayer is not None
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await self.stayer.run_on()


_current: ContextVar[Parting | None] = ContextVar("_current", default=None)

_parted: list[asyncio.Runner] = []
"""What belongs to a child now: kept, so that nothing of it is tidied up here."""


def set_parting(parting: Parting) -> None:
    """Say what holds for this command."""
    _current.set(parting)


def current_parting() -> Parting | None:
    """Give what holds for this command; None where it is not one that can part."""
    return _current.get()


def end_at_once(code: int) -> None:
    """End this process where a child has gone on with what is in its memory; else do nothing."""
    if _parted:
        logging.shutdown()
        _flush()
        os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


class _Selector:
    """The usual selector, which can be made anew with all that is registered.

    A kqueue is not inherited by a child, and an epoll is shared with it.
    """

    def __init__(self) -> None:
        self._bind(selectors.DefaultSelector())

    def _bind(self, inner: selectors.BaseSelector) -> None:
        self._inner = inner
        # Called for every event: no step in between.
        self.select = inner.select
        self.register = inner.register
        self.unregister = inner.unregister
        self.modify = inner.modify
        self.get_map = inner.get_map
        self.get_key = inner.get_key

    def close(self) -> None:
        self._inner.close()

    def renew(self) -> None:
        """Watch the same with a new one."""
        keys = list(self._inner.get_map().values())
        with contextlib.suppress(OSError):
            self._inner.close()
        self._bind(selectors.DefaultSelector())
        for key in keys:
            with contextlib.suppress(OSError):  # what came from outside is the null device now
                self.register(key.fileobj, key.events, key.data)


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="asyncio")


def _open_descriptors() -> frozenset[int]:
    try:
        return frozenset(int(name) for name in os.listdir("/dev/fd"))
    except OSError:
        return frozenset()


def _same_files(descriptors: frozenset[int]) -> frozenset[int]:
    """Give these descriptors and every copy of them that was made meanwhile."""
    files = {_file_of(number) for number in descriptors} - {None}
    return frozenset(number for number in _open_descriptors() if _file_of(number) in files)


def _file_of(descriptor: int) -> Any:
    try:
        facts = os.fstat(descriptor)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _silence(descriptors: frozenset[int]) -> None:
    """Put the null device in the place of these: their numbers stay taken, so none is closed by mistake."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in descriptors - {null}:
        with contextlib.suppress(OSError):
            os.fstat(number)
            os.dup2(null, number, inheritable=number in _FIRST_DESCRIPTORS)
    os.close(null)
