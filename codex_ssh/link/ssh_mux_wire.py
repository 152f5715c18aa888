"""The messages of a control socket, as both its ends write and read them.

Lives here: numbers, framing, and descriptors that travel beside the bytes.
Not here: asking for channels (:mod:`codex_ssh.link.ssh_mux`) and giving them
(:mod:`codex_ssh.link.holder_server`).

Source: ``PROTOCOL.mux`` of OpenSSH, version 4 since 2010.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

VERSION: Final = 4
HELLO: Final = 0x00000001
NEW_SESSION: Final = 0x10000002
ALIVE_CHECK: Final = 0x10000004
OPEN_FORWARD: Final = 0x10000006
CLOSE_FORWARD: Final = 0x10000007
NEW_STDIO_FORWARD: Final = 0x10000008
OK: Final = 0x80000001
DENIED: Final = 0x80000002
FAILURE: Final = 0x80000003
EXIT: Final = 0x80000004
ALIVE: Final = 0x80000005
OPENED: Final = 0x80000006
REMOTE_PORT: Final = 0x80000007

FORWARD_LOCAL: Final = 1
FORWARD_REMOTE: Final = 2
STREAMLOCAL: Final = 0xFFFFFFFE
"""The port that says that the host is a socket's path (``PORT_STREAMLOCAL``)."""

NO_ESCAPE: Final = 0xFFFFFFFF
_PACKET_LIMIT: Final = 256 * 1024


class MuxError(Exception):
    """The control socket cannot be used: nobody is there, or it does not speak version 4."""


class MuxClosed(MuxError):
    """The other side has closed the control socket."""


def u32(number: int) -> bytes:
    """Write a number."""
    return struct.pack(">I", number)


def text(value: str) -> bytes:
    """Write a text."""
    data = value.encode(errors="surrogateescape")
    return u32(len(data)) + data


class Fields:
    """Reads the fields of a message, one after the other.

    Args:
        data: The message behind its kind.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._data)

    def u32(self) -> int:
        """Read a number.

        Raises:
            MuxError: The message is too short.
        """
        return int.from_bytes(self._take(4), "big")

    def text(self) -> str:
        """Read a text. Raises as :meth:`u32`."""
        return self._take(self.u32()).decode(errors="surrogateescape")

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise MuxError("a message is cut short")
        self._at += count
        return taken


async def send(control: socket.socket, body: bytes) -> None:
    """Send one message.

    Raises:
        MuxError: The other side is gone.
    """
    try:
        await asyncio.get_running_loop().sock_sendall(control, u32(len(body)) + body)
    except OSError as error:
        raise _failed(error) from error


async def receive(control: socket.socket) -> tuple[int, bytes]:
    """Give the next message: its kind, and what follows. Reads no byte more, so that descriptors stay.

    Raises:
        MuxError: The other side is gone, or says something else.
    """
    length = int.from_bytes(await _read(control, 4), "big")
    if not 4 <= length <= _PACKET_LIMIT:
        raise MuxError(f"a message of {length} bytes")
    body = await _read(control, length)
    return int.from_bytes(body[:4], "big"), body[4:]


async def greet(control: socket.socket) -> None:
    """Say which version is spoken here, and hear the same; either side begins.

    Raises:
        MuxError: The other side is gone, or speaks another version.
    """
    await send(control, u32(HELLO) + u32(VERSION))
    kind, body = await receive(control)
    if kind != HELLO or body[:4] != u32(VERSION):
        raise MuxError("the other side speaks another version")


async def send_descriptor(control: socket.socket, descriptor: int) -> None:
    """Hand a copy of a descriptor over.

    Raises:
        MuxError: The other side is gone.
    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            socket.send_fds(control, [b"\0"], [descriptor])
        except BlockingIOError:
            await _ready(control, loop.add_writer, loop.remove_writer)
        except OSError as error:
            raise _failed(error) from error
        else:
            return


async def receive_descriptor(control: socket.socket) -> int:
    """Take a descriptor that is handed over; it is the caller's to close.

    Raises:
        MuxError: The other side is gone, or sends something else.
    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        except BlockingIOError:
            await _ready(control, loop.add_reader, loop.remove_reader)
            continue
        except OSError as error:
            raise _failed(error) from error
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's own signature
        if len(descriptors) != 1:
            for descriptor in descriptors:
                os.close(descriptor)
            raise MuxError("no descriptor came") if data else MuxClosed("no descriptor came")
        return descriptors[0]


def _failed(error: OSError) -> MuxError:
    kind = MuxClosed if isinstance(error, ConnectionError) else MuxError
    return kind(error.strerror or str(error))


async def _read(control: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < count:
        try:
            more = await loop.sock_recv(control, count - len(data))
        except OSError as error:
            raise _failed(error) from error
        if not more:
            raise MuxClosed("the master closed its control socket")
        data += more
    return data


async def _ready(
    sock: socket.socket, watch: Callable[..., Any], unwatch: Callable[[socket.socket], Any]
) -> None:
    ready = asyncio.get_running_loop().create_future()
    watch(sock, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        unwatch(sock)
