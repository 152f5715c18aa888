"""The channels of a control socket, in the shape of asyncssh's, so that the same sessions sit on them.

Lives here: a channel of two or three local sockets, and a channel of one.
Not here: how they are opened (:mod:`codex_ssh.link.ssh_mux`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final, Protocol

from codex_ssh.link.ssh_mux_wire import EXIT

LINGER_SECONDS: Final = 5.0
"""How long a closed channel may take to send what is buffered; then it is cut."""


class Session(Protocol):
    """Whatever sits on a channel: the shape asyncssh gives its sessions."""

    def connection_made(self, channel: Any) -> None:
        """The channel is open."""

    def session_started(self) -> None:
        """It can be written to."""

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Bytes came; 1 is stderr."""

    def eof_received(self) -> bool:
        """No more will come; True keeps our direction open."""

    def pause_writing(self) -> None:
        """The buffer is full."""

    def resume_writing(self) -> None:
        """There is room again."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is gone."""


class Channel(Protocol):
    """What the list of channels needs to know."""

    def end(self) -> None:
        """Cut it, and tell the session."""


class MuxChannel:
    """One open channel, in the shape of an asyncssh channel.

    It is at its end when the master has let go of it and all it sent is delivered.

    Args:
        session: Sits on it.
        channels: All channels that live.
    """

    def __init__(self, session: Session, channels: set[Channel]) -> None:
        self._session = session
        self._channels = channels
        self._loop = asyncio.get_running_loop()
        self._transports: list[asyncio.Transport] = []
        self._master: asyncio.Transport | None = None
        self._open_ends = 0
        self._control = b""
        self._ended = False
        self._closing = False

    @classmethod
    async def start(
        cls, session: Session, sockets: list[socket.socket], channels: set[Channel]
    ) -> MuxChannel:
        """Take over our ends: what we write, what we read, and stderr if there is one.

        Nothing is read before the control socket is there too, so no session hears an end before its
        beginning.
        """
        channel = cls(session, channels)
        handlers: list[Callable[[], asyncio.Protocol]] = [
            lambda: _Feed(session, channel),
            lambda: _Drain(channel, None),
            lambda: _Drain(channel, 1),
        ]
        channel._open_ends = len(sockets)  # all that bring something: the control socket, not what we write
        try:
            for sock, make in zip(sockets, handlers, strict=False):
                transport, _ = await channel._loop.create_connection(make, sock=sock)
                transport.pause_reading()
                channel._transports.append(transport)
        except BaseException:
            channel.abort()
            raise
        channels.add(channel)
        session.connection_made(channel)
        session.session_started()
        return channel

    async def attach(self, control: socket.socket) -> None:
        """Take the control socket over, and read from now on."""
        self._master, _ = await self._loop.create_connection(lambda: _Control(self), sock=control)
        if self._ended:  # cut meanwhile
            self.abort()
        for transport in self._transports:
            if not transport.is_closing():
                transport.resume_reading()

    # ------------------------------------------------------------ what a session calls

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._transports[0].write(data)

    def write_eof(self) -> None:
        """End our direction after what is buffered."""
        if not self._transports[0].is_closing():
            self._transports[0].write_eof()

    def pause_reading(self) -> None:
        """Hold bytes back."""
        self._transports[1].pause_reading()

    def resume_reading(self) -> None:
        """Let bytes through again."""
        self._transports[1].resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say when writing is paused and resumed."""
        self._transports[0].set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Bytes that wait."""
        return self._transports[0].get_write_buffer_size()

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing: what a channel is known by, the session knows."""
        return default

    def terminate(self) -> None:
        """There is no such message; the server closes the program's standard streams."""

    def close(self) -> None:
        """Close after what is buffered has been sent. What comes in is dropped."""
        if self._closing:
            return
        self._closing = True
        for transport in self._transports[1:]:
            _abort(transport)
        self._transports[0].close()

    def abort(self) -> None:
        """Cut it now."""
        self._closing = True
        for transport in self._ends():
            _abort(transport)

    # ------------------------------------------------------------ what the ends call

    def end(self) -> None:
        """Cut it, and tell the session."""
        self.abort()
        self._finish()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """The server sent something."""
        if not self._closing:
            self._session.data_received(data, datatype)

    def drained(self, datatype: int | None) -> None:
        """The server will send no more of this kind."""
        if datatype is None and not self._closing and not self._session.eof_received():
            self.close()

    def feed_lost(self) -> None:
        """All we wrote is sent, or can never be."""
        if self._closing:
            # Closed by us: told at once, while the master still sends what it has taken over.
            self._tell()
            self._loop.call_later(LINGER_SECONDS, self._finish)

    def control_received(self, data: bytes) -> None:
        """The master says something: of interest is how the program ended."""
        self._control += data
        while len(self._control) >= 4:
            length = int.from_bytes(self._control[:4], "big")
            if len(self._control) < 4 + length:
                break
            body, self._control = self._control[4 : 4 + length], self._control[4 + length :]
            if len(body) >= 12 and int.from_bytes(body[:4], "big") == EXIT:
                heard = getattr(self._session, "exit_status_received", None)
                if heard is not None:
                    heard(int.from_bytes(body[8:12], "big"))

    def lost_one(self) -> None:
        """One of the ends that bring something is gone; with the last the channel is at its end."""
        self._open_ends -= 1
        if self._open_ends == 0:
            self._finish()

    def _finish(self) -> None:
        self._channels.discard(self)
        self.abort()
        self._tell()

    def _ends(self) -> list[asyncio.Transport]:
        return [*self._transports, *([self._master] if self._master is not None else [])]

    def _tell(self) -> None:
        if not self._ended:
            self._ended = True
            self._session.connection_lost(None)


class SocketChannel:
    """A channel that is one local socket, in the shape of an asyncssh channel.

    Args:
        session: Sits on it.
        channels: All channels that live.
    """

    def __init__(self, session: Session, channels: set[Channel]) -> None:
        self._session = session
        self._channels = channels
        self._transport: asyncio.Transport | None = None
        self._ends = 0
        self._ended = False

    @classmethod
    async def start(cls, session: Session, sock: socket.socket, channels: set[Channel]) -> None:
        """Take a connected socket over."""
        channel = cls(session, channels)
        channels.add(channel)
        try:
            await asyncio.get_running_loop().create_connection(lambda: _Socket(channel, session), sock=sock)
        except BaseException:
            channel.end()
            sock.close()
            raise

    def __getattr__(self, name: str) -> Any:
        """Everything else a session calls is what a socket's transport does."""
        return getattr(self._transport, name)

    def made(self, transport: asyncio.Transport) -> None:
        """The socket is taken over."""
        self._transport = transport
        self._session.connection_made(self)
        self._session.session_started()

    def write_eof(self) -> None:
        """End our direction after what is buffered."""
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write_eof()
            self._end_one()

    def eof_received(self) -> bool:
        """The server will send no more."""
        keep = self._session.eof_received()
        self._end_one()
        return keep

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing: what a channel is known by, the session knows."""
        return default

    def end(self) -> None:
        """Cut it, and tell the session."""
        if self._transport is not None:
            _abort(self._transport)
        self._tell()

    def lost(self) -> None:
        """The socket is gone."""
        self._tell()

    def _end_one(self) -> None:
        self._ends += 1
        if self._ends == 2 and self._transport is not None:
            self._transport.close()

    def _tell(self) -> None:
        self._channels.discard(self)
        if not self._ended:
            self._ended = True
            self._session.connection_lost(None)


class _Socket(asyncio.Protocol):
    def __init__(self, channel: SocketChannel, session: Session) -> None:
        self.pause_writing = session.pause_writing  # type: ignore[method-assign]
        self.resume_writing = session.resume_writing  # type: ignore[method-assign]
        self._channel = channel
        self._session = session

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._channel.made(transport)

    def data_received(self, data: bytes) -> None:
        self._session.data_received(data, None)

    def eof_received(self) -> bool:
        return self._channel.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel.lost()


class _Feed(asyncio.Protocol):
    def __init__(self, session: Session, channel: MuxChannel) -> None:
        self.pause_writing = session.pause_writing  # type: ignore[method-assign]
        self.resume_writing = session.resume_writing  # type: ignore[method-assign]
        self._channel = channel

    def eof_received(self) -> bool:
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel.feed_lost()


class _Drain(asyncio.Protocol):
    def __init__(self, channel: MuxChannel, datatype: int | None) -> None:
        self._channel = channel
        self._datatype = datatype

    def data_received(self, data: bytes) -> None:
        self._channel.data_received(data, self._datatype)

    def eof_received(self) -> None:
        self._channel.drained(self._datatype)

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel.lost_one()


class _Control(asyncio.Protocol):
    def __init__(self, channel: MuxChannel) -> None:
        self._channel = channel

    def data_received(self, data: bytes) -> None:
        self._channel.control_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel.lost_one()


def _abort(transport: asyncio.Transport) -> None:
    # A socket's transport that is closed already cannot take it.
    if transport.get_extra_info("socket").fileno() >= 0:
        transport.abort()
