"""The way over a ``ProxyCommand``: a program whose stdin and stdout are the connection.

Lives here: running the program, its two pipes as one asyncio transport, its end.
Not here: expanding its tokens (:mod:`codex_ssh.core.ssh_config`), and what is said over it
(:mod:`codex_ssh.link.ssh_login`).

The program gets three pipes, as from ``ssh``, and no sockets: one that is its own stdin and stdout confuses
programs that watch for the end of their stdout, and ``/dev/stderr`` cannot be opened on a socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from io import FileIO
from typing import Any, Final, TypeVar

P = TypeVar("P", bound=asyncio.Protocol)

_STDERR_LIMIT: Final = 16 * 1024
_END_SECONDS: Final = 0.5


class ProxyWay:
    """The way over a running ``ProxyCommand``.

    Args:
        to_program: Our end of its stdin.
        from_program: Our end of its stdout.
        tell: Gets what it prints on stderr: some print an address to log in at.
    """

    def __init__(self, to_program: FileIO, from_program: FileIO, tell: Callable[[str], None]) -> None:
        self._files = (to_program, from_program)
        self._tell = tell
        self._tail = b""
        self._transport: _PipeTransport | None = None

    @property
    def said(self) -> str:
        """The tail of its stderr."""
        return self._tail.decode(errors="replace").strip()

    async def open(self, factory: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """Take our ends over."""
        loop, protocol = asyncio.get_running_loop(), factory()
        self._transport = transport = _PipeTransport(protocol)
        to_program, from_program = self._files
        await loop.connect_write_pipe(lambda: _Feed(transport), to_program)
        await loop.connect_read_pipe(lambda: _Drain(transport), from_program)
        protocol.connection_made(transport)
        transport.start()
        return transport, protocol

    def heard(self, data: bytes) -> None:
        """Keep the tail of its stderr, and pass it on."""
        self._tail = (self._tail + data)[-_STDERR_LIMIT:]
        self._tell(data.decode(errors="replace"))

    def close(self) -> None:
        """Close our ends."""
        if self._transport is not None:
            self._transport.abort()
            return
        for file in self._files:
            file.close()


class _PipeTransport(asyncio.Transport):
    """Two pipes as one transport; the end of what comes in is the end of it."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol: asyncio.Protocol = protocol
        self.feed: asyncio.WriteTransport | None = None
        self.drain: asyncio.ReadTransport | None = None
        self._closing = False
        self._started = False
        self._ended = False

    def start(self) -> None:
        """Let what the program says through; it may have ended by now."""
        self._started = True
        if self._ended:
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)
        elif self.drain is not None:
            self.drain.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Put another protocol on it."""
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The protocol on it."""
        return self.protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes."""
        if self.feed is not None and not self._closing:
            self.feed.write(data)

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing

    def close(self) -> None:
        """Close after what is buffered has been sent."""
        self._closing = True
        if self.feed is not None:
            self.feed.close()

    def abort(self) -> None:
        """End it now."""
        self._closing = True
        # Closed twice it fails; what it still has to send then goes the way of the program.
        if self.feed is not None and not self.feed.is_closing():
            self.feed.abort()
        if self.drain is not None:
            self.drain.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing: pipes have no names."""
        return default

    def feed_lost(self) -> None:
        """The program takes no more. What it said before is still heard."""
        self.feed = None
        if self._closing:
            self.abort()

    def drain_lost(self, exc: Exception | None) -> None:
        """The program says no more."""
        self.drain = None
        self.abort()
        self._ended = True
        if self._started:
            self.protocol.connection_lost(exc)


class _Feed(asyncio.BaseProtocol):
    def __init__(self, transport: _PipeTransport) -> None:
        self._transport = transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport.feed = transport

    def pause_writing(self) -> None:
        self._transport.protocol.pause_writing()

    def resume_writing(self) -> None:
        self._transport.protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport.feed_lost()


class _Drain(asyncio.Protocol):
    def __init__(self, transport: _PipeTransport) -> None:
        self._transport = transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.ReadTransport)
        self._transport.drain = transport
        transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        self._transport.protocol.data_received(data)

    def eof_received(self) -> None:
        self._transport.protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport.drain_lost(exc)


@asynccontextmanager
async def open_proxy(command: str, tell: Callable[[str], None]) -> AsyncGenerator[ProxyWay, None]:
    """Run a ``ProxyCommand`` while the block lasts; with it ends everything it started.

    Args:
        command: With its tokens expanded. The person's shell runs it, as with ``ssh``.
        tell: Gets what it prints on stderr.
    """
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        stdin, to_program = _pipe(stack)
        from_program, stdout = _pipe(stack)
        words, stderr = _pipe(stack)
        os.set_blocking(words.fileno(), False)
        way = ProxyWay(to_program, from_program, tell)
        # Not asyncio's own: see the same in ssh_config.
        process = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond
            [os.environ.get("SHELL") or "/bin/sh", "-c", f"exec {command}"],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        for theirs in (stdin, stdout, stderr):
            theirs.close()

        def listen() -> None:
            data = words.read(_STDERR_LIMIT)
            if data:
                way.heard(data)
            elif data is not None:
                loop.remove_reader(words)

        loop.add_reader(words, listen)
        try:
            yield way
        finally:
            loop.remove_reader(words)
            way.close()
            await _end_proxy(process)


def _pipe(stack: contextlib.ExitStack) -> tuple[FileIO, FileIO]:
    """Make a pipe: the end to read from and the end to write to."""
    reading, writing = os.pipe()
    return stack.enter_context(FileIO(reading, "r")), stack.enter_context(FileIO(writing, "w"))


async def _end_proxy(process: subprocess.Popen[bytes]) -> None:
    """Let it end by itself when its connection is closed, then ask it, then make it."""
    try:
        for number in (0, signal.SIGHUP):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, _END_SECONDS)
                break
    finally:
        # Also what is left when only the shell has ended.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
