"""A channel of our SSH connection that another window uses, by descriptors it has handed over.

Lives here: passing bytes between the two, no faster than either takes them, and how it ends.
Not here: what was asked for (:mod:`codex_ssh.link.holder_server`).

The other window has the other ends: sockets in our own windows, whatever the terminal or a pipeline gave to
a plain ``ssh -S``. So they are read and written as pipes are.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from io import FileIO
from types import TracebackType
from typing import Any, Final, Self

from codex_ssh.errors import ForwardError, Stage
from codex_ssh.link import ssh_mux_wire as wire
from codex_ssh.link.ahead import SCRIPT_AT_MOST
from codex_ssh.link.ssh_asyncssh import AsyncsshSsh
from codex_ssh.link.ssh_channel import send_ahead
from codex_ssh.link.ssh_mux_wire import MuxError, u32

_FLUSH_SECONDS: Final = 5.0
"""How long a window may take to read the last of what came."""


class Descriptors:
    """What a window has handed over: stdin, stdout, and stderr where there is one.

    Args:
        numbers: The descriptors.
    """

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers

    @classmethod
    async def take(cls, control: socket.socket, count: int) -> Descriptors:
        """Take so many.

        Raises:
            MuxError: The window is gone, or hands something else over.
        """
        numbers: list[int] = []
        try:
            while len(numbers) < count:
                numbers.append(await wire.receive_descriptor(control))
        except BaseException:
            cls(numbers).close()
            raise
        return cls(numbers)

    def give(self) -> list[FileIO]:
        """Give them away as files: whoever gets them closes them."""
        numbers, self.numbers = self.numbers, []
        return [FileIO(number, "r" if place == 0 else "w") for place, number in enumerate(numbers)]

    def close(self) -> None:
        """Close those that were not given away."""
        for number in self.numbers:
            os.close(number)
        self.numbers = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class HolderChannel(asyncio.Protocol):
    """One channel and the window's ends; the session asyncssh drives, or the protocol on a forward.

    Args:
        is_session: A program may tell how it ended after both directions have.
    """

    def __init__(self, *, is_session: bool) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._is_session = is_session
        self._channel: Any = None
        self._feed: asyncio.ReadTransport | None = None
        self._outs: dict[int | None, asyncio.WriteTransport] = {}
        self._full: set[int | None] = set()
        self._early: list[bytes] = []
        self._said_all = False
        self._heard_all = False
        self._status: int | None = None
        self._over: asyncio.Future[None] = loop.create_future()
        self._drained: asyncio.Future[None] = loop.create_future()

    async def take_ends(self, descriptors: Descriptors) -> None:
        """Take the window's ends over.

        Raises:
            ForwardError: One of them is nothing that can be waited for, such as a file.
        """
        files = descriptors.give()
        kinds: list[int | None] = [None, 1]
        try:
            for kind, file in zip(kinds, files[1:], strict=False):
                out, _ = await self._loop.connect_write_pipe(_out(self, kind), file)
                self._outs[kind] = out
            self._feed, _ = await self._loop.connect_read_pipe(lambda: _Feed(self), files[0])
        except BaseException as error:
            self.cut()
            for file in files:
                with contextlib.suppress(OSError):
                    file.close()
            if isinstance(error, (ValueError, OSError)):
                raise ForwardError(
                    "a window handed over what cannot be waited for", stage=Stage.FORWARD, said=str(error)
                ) from error
            raise

    async def run(self, control: socket.socket, number: bytes) -> None:
        """Say that it is open, and pass bytes until it is closed or the window is gone."""
        try:
            await wire.send(control, u32(wire.OPENED) + number + number)
            gone = self._loop.create_future()
            self._loop.add_reader(control, lambda: None if gone.done() else gone.set_result(None))
            try:
                await _first_of(self._over, gone)
            finally:
                self._loop.remove_reader(control)
            if gone.done() and not self._over.done():
                return  # its window gave it up
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FLUSH_SECONDS):
                    await self._drained
            if self._status is not None:
                await wire.send(control, u32(wire.EXIT) + number + u32(self._status))
        except MuxError:
            pass
        finally:
            self.cut()

    # ------------------------------------------------------------ what the connection calls

    def connection_made(self, channel: Any) -> None:
        """The channel is open."""
        self._channel = channel
        # What the window has written already is sent right behind the request that follows this call.
        self._loop.call_soon(self._begin)

    def session_started(self) -> None:
        """The program runs."""

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        """Bytes came: pass them on. A window that has closed its end does not miss them."""
        out = self._outs.get(datatype)
        if out is not None and not out.is_closing():
            out.write(data)

    def eof_received(self) -> bool:
        """No more will come; the window may go on."""
        self._heard_all = True
        for out in self._outs.values():
            out.close()
        self._close_when_done()
        return True

    def exit_status_received(self, status: int) -> None:
        """The program ended by itself."""
        self._status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: FBT001 - asyncssh's signature
        """The program was killed; ``ssh`` says so by the highest status."""
        self._status = 255

    def xon_xoff_requested(self, client_can_do: bool) -> None:  # noqa: FBT001 - asyncssh's signature
        """Only for terminals."""

    def pause_writing(self) -> None:
        """The channel is full: read no more from the window."""
        if self._feed is not None:
            self._feed.pause_reading()

    def resume_writing(self) -> None:
        """There is room again."""
        if self._feed is not None and not self._feed.is_closing():
            self._feed.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is gone; what came is still passed on."""
        self._channel = None
        for out in self._outs.values():
            out.close()
        if not self._outs and not self._drained.done():
            self._drained.set_result(None)
        if not self._over.done():
            self._over.set_result(None)

    # ------------------------------------------------------------ what the window's ends call

    def said(self, data: bytes) -> None:
        """The window wrote something."""
        if self._channel is None:
            self._early.append(data)
            if self._feed is not None and sum(map(len, self._early)) > SCRIPT_AT_MOST:
                self._feed.pause_reading()
        else:
            self._channel.write(data)

    def said_all(self) -> None:
        """The window writes no more."""
        self._said_all = True
        if self._channel is not None and not self._early:
            self._channel.write_eof()
            self._close_when_done()

    def full(self, kind: int | None, *, is_full: bool) -> None:
        """The window reads slower than the devbox writes, or has caught up."""
        (self._full.add if is_full else self._full.discard)(kind)
        if self._channel is not None:
            (self._channel.pause_reading if self._full else self._channel.resume_reading)()

    def out_lost(self, kind: int | None) -> None:
        """The window has read all, or closed its end."""
        self._outs.pop(kind, None)
        self.full(kind, is_full=False)
        if kind is None:
            self._close_when_done()
        if not self._outs and not self._drained.done():
            self._drained.set_result(None)

    def _begin(self) -> None:
        early, self._early = self._early, []
        if self._channel is None:
            return
        data = b"".join(early)
        if (
            self._is_session
            and self._said_all
            and 0 < len(data) <= SCRIPT_AT_MOST
            and _reads_early(self._channel)
        ):
            send_ahead(self._channel, data)
            return
        if data:
            self._channel.write(data)
        if self._said_all:
            self.said_all()
        elif early:
            self.resume_writing()

    def _close_when_done(self) -> None:
        """Close the channel when neither side has anything to say, or the window would not hear it."""
        ends_itself = self._is_session and self._heard_all
        is_deaf = None not in self._outs
        if self._channel is not None and self._said_all and is_deaf and not ends_itself:
            self._channel.close()

    def cut(self) -> None:
        """End what is left, at once."""
        channel, self._channel = self._channel, None
        if channel is not None:
            if self._is_session:
                with contextlib.suppress(OSError):  # closed meanwhile
                    channel.terminate()
            channel.abort()
        if self._feed is not None:
            self._feed.close()
        for out in tuple(self._outs.values()):
            out.abort()


async def open_session(
    ssh: AsyncsshSsh, command: str, descriptors: Descriptors, *, subsystem: bool
) -> HolderChannel:
    """Run a command, or a subsystem, with the window's ends as its stdin, stdout and stderr.

    Raises:
        ForwardError: The server would not.
        LinkLost: The connection is gone.
    """
    channel = HolderChannel(is_session=True)
    return await _open(channel, descriptors, ssh.start_session(channel, command, subsystem=subsystem))


async def open_forward(ssh: AsyncsshSsh, host: str, port: int, descriptors: Descriptors) -> HolderChannel:
    """Connect to a port, or to a socket's path; raises as :func:`open_session`."""
    channel = HolderChannel(is_session=False)
    opening: Awaitable[object] = (
        ssh.open_unix(lambda: channel, host)
        if port == wire.STREAMLOCAL
        else ssh.open_tcp(lambda: channel, host, port)
    )
    return await _open(channel, descriptors, opening)


async def _open(
    channel: HolderChannel, descriptors: Descriptors, opening: Awaitable[object]
) -> HolderChannel:
    await channel.take_ends(descriptors)
    try:
        await opening
    except BaseException:
        channel.cut()
        raise
    return channel


async def _first_of(*futures: asyncio.Future[None]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _reads_early(channel: Any) -> bool:
    """Whether the server reads stdin that comes right behind the request to run something.

    An OpenSSH server gives a session no window before it runs something. It looks at what comes in order, so
    the data finds the program running.
    """
    return "OpenSSH" in channel.get_extra_info("server_version", "")


def _out(channel: HolderChannel, kind: int | None) -> Callable[[], asyncio.BaseProtocol]:
    return lambda: _Out(channel, kind)


class _Feed(asyncio.Protocol):
    """The window's stdin."""

    def __init__(self, channel: HolderChannel) -> None:
        self._channel = channel

    def data_received(self, data: bytes) -> None:
        self._channel.said(data)

    def eof_received(self) -> None:
        self._channel.said_all()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._channel.said_all()


class _Out(asyncio.BaseProtocol):
    """The window's stdout or stderr."""

    def __init__(self, channel: HolderChannel, kind: int | None) -> None:
        self._channel = channel
        self._kind = kind

    def pause_writing(self) -> None:
        self._channel.full(self._kind, is_full=True)

    def resume_writing(self) -> None:
        self._channel.full(self._kind, is_full=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel.out_lost(self._kind)
