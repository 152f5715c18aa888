"""An SSH channel in the shape of an asyncio transport.

Lives here: the session object asyncssh talks to, which is at the same time the transport any
:class:`asyncio.Protocol` can be put on. No pump, no copy: what comes in goes to ``data_received`` at once.
Not here: how a channel is opened, and what a failure to open one means (:mod:`codex_ssh.link.ssh_asyncssh`).

Two things differ from a bare asyncssh channel. ``abort`` ends the protocol at once: asyncssh's own waits
for the peer's CLOSE, which a dead peer never sends. And a protocol whose ``eof_received`` gives nothing is
closed, as asyncio does for sockets, where asyncssh would leave the channel half open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncssh

    Channel = asyncssh.SSHTCPChannel[bytes] | asyncssh.SSHUNIXChannel[bytes]

_STDERR_TAIL: Final = 4096


class ChannelTransport(asyncio.Transport):
    """A transport over one channel, and the session asyncssh drives.

    Args:
        factory: Makes the protocol, when the channel is open.
        loop: The running loop.
        peer: What ``get_extra_info("peername")`` says: ``(host, port)`` or a path.
    """

    def __init__(
        self,
        factory: Callable[[], asyncio.BaseProtocol],
        *,
        loop: asyncio.AbstractEventLoop,
        peer: tuple[str, int] | str,
    ) -> None:
        super().__init__({"peername": peer, "sockname": ""})
        self._factory = factory
        self._loop = loop
        self._protocol: asyncio.Protocol | None = None
        self._channel: Channel | None = None
        self._reading = True
        self._closing = False
        self._ended = False

    # ------------------------------------------------------------ what asyncssh calls

    def connection_made(self, channel: Channel) -> None:
        """The channel is open."""
        self._channel = channel
        protocol = self._factory()
        self.set_protocol(protocol)
        protocol.connection_made(self)

    def session_started(self) -> None:
        """Nothing to do: a forward channel is usable as soon as it is open."""

    def data_received(self, data: bytes, datatype: object = None) -> None:
        """Hand bytes on."""
        if self._protocol is not None and not self._ended:
            self._protocol.data_received(data)

    def eof_received(self) -> bool:
        """Hand the end of input on; True keeps our direction open."""
        if self._protocol is None or self._ended:
            return False
        if self._protocol.eof_received():
            return True
        self.close()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed, by either side, or with the connection."""
        self._end(exc)

    def pause_writing(self) -> None:
        """The send buffer is above the high-water mark."""
        if self._protocol is not None:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """The send buffer is below the low-water mark again."""
        if self._protocol is not None:
            self._protocol.resume_writing()

    # ------------------------------------------------------------ what the protocol calls

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Put another protocol on the channel; it hears everything from now on."""
        if not isinstance(protocol, asyncio.Protocol):
            msg = f"a channel takes an asyncio.Protocol, not {type(protocol).__name__}"
            raise TypeError(msg)
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The protocol on the channel."""
        assert self._protocol is not None
        return self._protocol

    def is_reading(self) -> bool:
        """Whether the protocol wants bytes."""
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        """Hold bytes back; the channel's window fills and stops the other side."""
        self._reading = False
        if self._channel is not None:
            self._channel.pause_reading()

    def resume_reading(self) -> None:
        """Let bytes through again, beginning with those held back."""
        self._reading = True
        # Not at once, as asyncssh would hand on what it holds back: no transport of asyncio does that, and a
        # StreamReader that asks for more is not waiting yet, so it would wait for ever.
        self._loop.call_soon(self._resume)

    def _resume(self) -> None:
        if self._reading and self._channel is not None:
            self._channel.resume_reading()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes. After the end they are dropped, as with a socket transport."""
        if self._channel is not None and not self._closing and not self._channel.is_closing():
            self._channel.write(data if isinstance(data, bytes) else bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several pieces as one."""
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """End our direction after what is buffered."""
        if self._channel is not None and not self._closing:
            self._channel.write_eof()

    def can_write_eof(self) -> bool:
        """Always: SSH has half-closed channels."""
        return True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say when ``pause_writing`` and ``resume_writing`` are called."""
        if self._channel is not None:
            self._channel.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Bytes that wait for the peer's window."""
        return self._channel.get_write_buffer_size() if self._channel is not None else 0

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing

    def close(self) -> None:
        """Close after what is buffered has been sent."""
        if self._closing:
            return
        self._closing = True
        if self._channel is not None:
            self._channel.close()

    def abort(self) -> None:
        """End now: what is buffered is lost, and the protocol hears of it whatever the peer does."""
        self._closing = True
        if self._channel is not None:
            self._channel.abort()
        self._loop.call_soon(self._end, None)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What was given as ``peer``, else what asyncssh knows about channel and connection."""
        mine = super().get_extra_info(name)
        if mine is not None:
            return mine
        # The connection's socket is not this channel's: who asks for it wants to set options on it.
        if name in ("socket", "ssl_object") or self._channel is None:
            return default
        return self._channel.get_extra_info(name, default)

    def _end(self, exc: Exception | None) -> None:
        if self._ended:
            return
        self._ended = self._closing = True
        self._channel = None
        if self._protocol is not None:
            self._protocol.connection_lost(exc)


class ExecTransport(ChannelTransport):
    """A transport over a command's stdin and stdout.

    Its protocol is made when the command runs: nothing may be sent before.
    """

    def __init__(
        self,
        factory: Callable[[], asyncio.BaseProtocol],
        *,
        loop: asyncio.AbstractEventLoop,
        peer: tuple[str, int] | str,
    ) -> None:
        super().__init__(factory, loop=loop, peer=peer)
        self._opened: Any = None
        self._stderr = b""

    def connection_made(self, channel: Any) -> None:
        """The channel is open; the command does not run yet."""
        self._opened = channel

    def session_started(self) -> None:
        """The command runs."""
        super().connection_made(self._opened)

    def data_received(self, data: bytes, datatype: object = None) -> None:
        """Hand stdout on, keep the tail of stderr."""
        if datatype is None:
            super().data_received(data)
        else:
            self._stderr = (self._stderr + data)[-_STDERR_TAIL:]

    def exit_status_received(self, status: int) -> None:
        """The command ended; the end of the channel follows."""

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: FBT001 - asyncssh's signature
        """The command was killed; the end of the channel follows."""

    def xon_xoff_requested(self, client_can_do: bool) -> None:  # noqa: FBT001 - asyncssh's signature
        """Only for terminals."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What it said on stderr, and what every channel knows."""
        if name == "stderr":
            return self._stderr.decode(errors="replace").strip()
        return super().get_extra_info(name, default)


def send_ahead(channel: Any, data: bytes) -> None:
    """Send all of a session's stdin and its end, before the server has given the channel a window.

    For data that fits into one packet, right behind the request to run something.
    """
    from asyncssh.constants import MSG_CHANNEL_DATA, MSG_CHANNEL_EOF
    from asyncssh.packet import String

    channel.send_packet(MSG_CHANNEL_DATA, String(data))
    channel.send_packet(MSG_CHANNEL_EOF)
