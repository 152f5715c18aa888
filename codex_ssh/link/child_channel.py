"""One child process in the shape of an asyncssh channel, so that the same sessions sit on it.

Lives here: starting the child, what goes in and comes out, and its end. Not here: which command it is and
what its end means (:mod:`codex_ssh.link.child`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from typing import Any, Final, cast

LINGER_SECONDS: Final = 2.0
"""How long a child may take to end once its stdin is closed, and then once it is told to."""

_STDERR_TAIL: Final = 4096
_PIPE_BYTES: Final = 64 * 1024
"""So much a pipe holds, and one read gives all of it."""

_NOISE_LIMIT: Final = 1024 * 1024
"""So much may be printed in front of the greeting."""


class ChildEnded(Exception):
    """The child ended before it gave the greeting.

    Attributes:
        how: How it ended, in words.
        said: The tail of its stderr.
    """

    def __init__(self, how: str, said: str) -> None:
        super().__init__(how)
        self.how = how
        self.said = said


class ChildChannel(asyncio.SubprocessProtocol):
    """One child, in the shape of an asyncssh channel.

    Its end begins with the end of its stdin, which a shell takes for its own; then come SIGTERM and SIGKILL,
    to the child and what it started here. What a command like ``docker exec`` runs elsewhere only ever sees
    the end of its stdin.

    Args:
        session: Sits on it, and hears of it once the greeting has come.
        children: All children that live.
        marker: The greeting, a line of its own; empty for none.
    """

    def __init__(self, session: Any, children: set[ChildChannel], marker: str) -> None:
        self._session = session
        self._children = children
        self._loop = asyncio.get_running_loop()
        self._marker = f"{marker}\n".encode() if marker else b""
        self._heard = b""
        self._stderr = b""
        self._told_stderr = False
        self._transport: asyncio.SubprocessTransport | None = None
        self._started = False
        self._told = False
        self._closing = False
        self._killer: asyncio.TimerHandle | None = None
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()

    @classmethod
    async def start(
        cls,
        session: Any,
        words: Sequence[str],
        children: set[ChildChannel],
        *,
        greeting: tuple[str, str] | None = None,
    ) -> None:
        """Start a child and put a session on it.

        Args:
            session: In the shape asyncssh gives its sessions.
            words: Program and arguments.
            children: Where the child is kept while it lives.
            greeting: What is written first, and the line that has to come back before the session hears of
                anything.

        Raises:
            OSError: The program cannot be run.
            ChildEnded: It ended before it gave the greeting.
        """
        text, marker = greeting or ("", "")
        channel = cls(session, children, marker)
        await channel._loop.subprocess_exec(
            lambda: channel,
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Ctrl-C on the terminal is for us: we end in our own order.
            start_new_session=True,
        )
        if not marker:
            return
        channel.write(text.encode())
        try:
            await channel._ready
        except BaseException:
            channel.abort()
            raise

    async def wait_gone(self) -> None:
        """Block until the child has ended and been waited for; it is killed when it takes too long."""
        await asyncio.shield(self._gone)

    # ------------------------------------------------------------ what a session calls

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if (stdin := self._stdin()) is not None and not stdin.is_closing():
            stdin.write(data)

    def write_eof(self) -> None:
        """End our direction after what is buffered."""
        if (stdin := self._stdin()) is not None and not stdin.is_closing():
            stdin.write_eof()

    def pause_reading(self) -> None:
        """Hold bytes back."""
        if (stdout := self._stdout()) is not None and not stdout.is_closing():
            stdout.pause_reading()

    def resume_reading(self) -> None:
        """Let bytes through again."""
        if (stdout := self._stdout()) is not None and not stdout.is_closing():
            stdout.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say when writing is paused and resumed."""
        if (stdin := self._stdin()) is not None:
            stdin.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Bytes that wait."""
        stdin = self._stdin()
        return 0 if stdin is None else stdin.get_write_buffer_size()

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing: what a channel is known by, the session knows."""
        return default

    def terminate(self) -> None:
        """There is no message for it; the end of stdin is the end."""

    def close(self) -> None:
        """Close after what is buffered has been sent. What comes in is dropped."""
        if self._closing:
            return
        self._closing = True
        self.resume_reading()
        self.write_eof()
        self._limit(LINGER_SECONDS)

    def abort(self) -> None:
        """End it now: nothing that is buffered is sent."""
        self._closing = True
        stdin, stdout = self._stdin(), self._stdout()
        if stdin is not None and (not stdin.is_closing() or stdin.get_write_buffer_size()):
            stdin.abort()
        if stdout is not None:
            stdout.close()
        self._limit(0)

    # ------------------------------------------------------------ what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The child runs."""
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._children.add(self)
        if not self._marker:
            self._begin()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """The child said something."""
        if fd == 2:
            self._stderr = (self._stderr + data)[-_STDERR_TAIL:]
        if self._started:
            if not self._closing:
                self._told_stderr |= fd == 2
                self._session.data_received(data, None if fd == 1 else 1)
        elif fd == 1 and not self._closing:
            self._heard = (self._heard + data)[-_NOISE_LIMIT:]
            _, found, behind = self._heard.partition(self._marker)
            if found:
                self._heard = b""
                self._begin()
                if behind:
                    self._session.data_received(behind, None)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """One of its streams ended."""
        if fd != 1 or not self._started or self._closing:
            return
        self._hear_stderr()
        if self._stderr and not self._told_stderr:
            # It came in front of the greeting, by chance or by the shell; it is all there is.
            self._session.data_received(self._stderr, 1)
        if not self._session.eof_received():
            self.close()

    def process_exited(self) -> None:
        """It ended; its streams may still hold something."""
        if not self._started or self._closing:
            return
        code = self._returncode()
        if code >= 0:
            self._session.exit_status_received(code)
        else:
            self._session.exit_signal_received(signal.Signals(-code).name, False, "", "")  # noqa: FBT003 - asyncssh's signature

    def pause_writing(self) -> None:
        """Its stdin is full."""
        if self._started:
            self._session.pause_writing()

    def resume_writing(self) -> None:
        """There is room again."""
        if self._started:
            self._session.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended, and all it said is here."""
        self._closing = True
        self._children.discard(self)
        if self._killer is not None:
            self._killer.cancel()
        if self._transport is not None:
            code = self._returncode()
            self._transport.close()
            self._transport = None
        if not self._ready.done():
            how = f"exit status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
            self._ready.set_exception(ChildEnded(how, self._stderr.decode(errors="replace").strip()))
            self._ready.exception()  # nobody may wait any more
        if self._started and not self._told:
            self._told = True
            self._session.connection_lost(None)
        self._gone.set_result(None)

    # ------------------------------------------------------------ inside

    def _begin(self) -> None:
        self._started = True
        self._session.connection_made(self)
        self._session.session_started()
        if not self._ready.done():
            self._ready.set_result(None)

    def _hear_stderr(self) -> None:
        """Take what it said there up to now: pipes have no order, and whoever hears of the end wants it."""
        pipe = self._transport.get_pipe_transport(2) if self._transport is not None else None
        if pipe is None or pipe.is_closing():
            return
        with contextlib.suppress(BlockingIOError):
            if data := os.read(pipe.get_extra_info("pipe").fileno(), _PIPE_BYTES):
                self.pipe_data_received(2, data)

    def _limit(self, seconds: float) -> None:
        """Let it end by itself for so long, then tell it, then make it."""
        if self._transport is None:
            return
        if self._killer is not None:
            self._killer.cancel()
        self._killer = self._loop.call_later(seconds, self._end, signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._transport is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # It leads a session of its own; what it started here goes with it.
            os.killpg(self._transport.get_pid(), number)
        if number is signal.SIGTERM:
            self._killer = self._loop.call_later(LINGER_SECONDS, self._end, signal.SIGKILL)
            return
        # Somebody it started may hold its streams for ever: what is left of them is ours to close.
        self._transport.close()

    def _returncode(self) -> int:
        assert self._transport is not None
        return self._transport.get_returncode() or 0

    def _stdin(self) -> asyncio.WriteTransport | None:
        pipe = self._transport.get_pipe_transport(0) if self._transport is not None else None
        return cast("asyncio.WriteTransport | None", pipe)

    def _stdout(self) -> asyncio.ReadTransport | None:
        pipe = self._transport.get_pipe_transport(1) if self._transport is not None else None
        return cast("asyncio.ReadTransport | None", pipe)
