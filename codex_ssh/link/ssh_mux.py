"""Channels over a connection that an ``ssh`` program holds: its control socket, spoken by us.

Lives here: the messages of the control socket. An ``ssh`` that is told to use a master connection speaks the
same; without it, a channel costs no process, and we are told whether it opened.
Not here: starting that ``ssh``, and what a refusal means (:mod:`codex_ssh.link.ssh_openssh`).

Source: ``PROTOCOL.mux`` of OpenSSH, version 4 since 2010. A channel is a connection to the control socket,
which lasts as long as the channel, and a local socket pair for each direction, one end of which is handed
over: one pair for both could not be half closed, since ``ssh`` gets it as two descriptors and closes each.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from codex_ssh.link.ssh_mux_channel import Channel, MuxChannel, Session, SocketChannel

_HELLO, _VERSION = 0x00000001, 4
_NEW_SESSION, _ALIVE_CHECK, _NEW_STDIO_FWD = 0x10000002, 0x10000004, 0x10000008
_OPEN_FORWARD, _CLOSE_FORWARD, _FORWARD_LOCAL = 0x10000006, 0x10000007, 1
_OK, _DENIED, _FAILURE = 0x80000001, 0x80000002, 0x80000003
_ALIVE, _OPENED = 0x80000005, 0x80000006

_STREAMLOCAL: Final = 0xFFFFFFFE
"""The port that says that the host is a socket's path (``PORT_STREAMLOCAL``)."""

_ALIVE_SECONDS: Final = 2.0
_PACKET_LIMIT: Final = 256 * 1024
_NO_ESCAPE: Final = 0xFFFFFFFF


class MuxError(Exception):
    """The control socket cannot be used: nobody is there, or it does not speak version 4."""


class MuxRefused(Exception):
    """The master would not open a channel; the text is its reason."""


class Mux:
    """Opens channels by a control socket.

    Args:
        path: The control socket.
        directory: A private one, for the sockets of forwards to unix sockets.
    """

    def __init__(self, path: str, directory: Path) -> None:
        self._path = path
        self._directory = directory
        self._loop = asyncio.get_running_loop()
        self._channels: set[Channel] = set()
        self._forwards: dict[str, str] = {}

    async def check(self) -> socket.socket:
        """Ask whether the master is alive; gives the connection, which ends when the master does.

        Raises:
            MuxError: It is not.
        """
        control = await self._connect()
        try:
            await self._send(control, _u32(_ALIVE_CHECK) + _u32(0))
            kind, _ = await self._receive(control)
            _expect(_ALIVE, kind)
        except BaseException:
            control.close()
            raise
        return control

    async def open_tcp(self, session: Session, host: str, port: int) -> None:
        """Open a direct-tcpip channel and put a session on it.

        Raises:
            MuxRefused: The server, or the master, would not.
            MuxError: The master is gone.
        """
        request = _u32(_NEW_STDIO_FWD) + _u32(0) + _text("") + _text(host) + _u32(port)
        await self._open(session, request, errors=False)

    async def open_unix(self, session: Session, path: str) -> None:
        """Open a direct-streamlocal channel to a socket and put a session on it; raises as `open_tcp`.

        OpenSSH has such channels only behind a listening socket of its own, which is made in our private
        directory. A connection to it is accepted before the server is asked, so we ask the server for
        something that takes longer, and look whether the connection still stands.
        """
        here = self._forwards.get(path)
        if here is None:
            here = str(self._directory / f"u{len(self._forwards)}")
            await self._simple(_forward(_OPEN_FORWARD, here, path))
            self._forwards[path] = here
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
            try:
                await self._loop.sock_connect(sock, here)
            except OSError as error:
                raise MuxError(error.strerror or str(error)) from error
            with contextlib.suppress(MuxRefused):
                barrier = _Barrier(self._loop)
                await self.open_exec(barrier, "exec true", {})
                await barrier.ended
            try:
                refused = not sock.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                refused = False
            except OSError:
                refused = True
            _expect(_OPENED, _FAILURE if refused else _OPENED, _u32(0) + _text("open failed"))
        except BaseException:
            sock.close()
            raise
        await SocketChannel.start(session, sock, self._channels)

    async def open_exec(
        self,
        session: Session,
        command: str,
        environment: Mapping[str, str],
        *,
        subsystem: bool = False,
        agent: bool = False,
    ) -> None:
        """Run a command without a terminal and put a session on it; raises as `open_tcp`.

        A session with ``exit_status_received`` hears how it ended.

        Args:
            session: Gets stderr as data of type 1.
            command: For the login shell, or the name of a subsystem.
            environment: Variables to pass on, as far as master and server allow.
            subsystem: Which of the two it is.
            agent: Lend it the agent, if the master may.
        """
        flags = _u32(0) * 2 + _u32(agent) + _u32(subsystem)  # no terminal, no X11
        request = _u32(_NEW_SESSION) + _u32(0) + _text("") + flags + _u32(_NO_ESCAPE) + _text("")
        request += _text(command) + b"".join(_text(f"{key}={value}") for key, value in environment.items())
        await self._open(session, request, errors=True)

    async def close(self) -> None:
        """End every channel at once, and take back what a master that lives on would keep listening on."""
        for channel in tuple(self._channels):
            channel.end()
        for path, here in self._forwards.items():
            with contextlib.suppress(MuxError, MuxRefused):
                await self._simple(_forward(_CLOSE_FORWARD, here, path))

    def forget_forwards(self) -> None:
        """Leave the forwards to the end of the master."""
        self._forwards.clear()

    async def _simple(self, request: bytes) -> None:
        control = await self._connect()
        try:
            await self._send(control, request)
            kind, body = await self._receive(control)
        finally:
            control.close()
        _expect(_OK, kind, body)

    async def _open(self, session: Session, request: bytes, *, errors: bool) -> None:
        ours: list[socket.socket] = []
        theirs: list[socket.socket] = []
        try:
            for _ in range(3):
                for ends, end in zip((ours, theirs), socket.socketpair(), strict=True):
                    ends.append(end)
                ours[-1].setblocking(False)  # noqa: FBT003 - the standard library's own signature
            # stdin, stdout and stderr of a session; a forward has the first two.
            for end in [] if errors else (ours.pop(), theirs.pop()):
                end.close()
            control = await self._connect()
            ours.append(control)
            await self._send(control, request)
            for end in theirs:
                await self._hand_over(control, end)
            kind, body = await self._receive(control)
            _expect(_OPENED, kind, body)
        except BaseException:
            for end in ours:
                end.close()
            raise
        finally:
            for end in theirs:
                end.close()
        await MuxChannel.start(session, ours, self._channels)

    async def _connect(self) -> socket.socket:
        control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        control.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        try:
            try:
                await self._loop.sock_connect(control, self._path)
            except OSError as error:
                raise MuxError(error.strerror or str(error)) from error
            await self._send(control, _u32(_HELLO) + _u32(_VERSION))
            kind, body = await self._receive(control)
            _expect(_HELLO, kind if body[:4] == _u32(_VERSION) else 0)
        except BaseException:
            control.close()
            raise
        return control

    async def _send(self, control: socket.socket, body: bytes) -> None:
        try:
            await self._loop.sock_sendall(control, _u32(len(body)) + body)
        except OSError as error:
            raise MuxError(error.strerror or str(error)) from error

    async def _receive(self, control: socket.socket) -> tuple[int, bytes]:
        length = int.from_bytes(await self._read(control, 4), "big")
        if not 4 <= length <= _PACKET_LIMIT:
            raise MuxError(f"a message of {length} bytes")
        body = await self._read(control, length)
        return int.from_bytes(body[:4], "big"), body[4:]

    async def _read(self, control: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                more = await self._loop.sock_recv(control, count - len(data))
            except OSError as error:
                raise MuxError(error.strerror or str(error)) from error
            if not more:
                raise MuxError("the master closed its control socket")
            data += more
        return data

    async def _hand_over(self, control: socket.socket, end: socket.socket) -> None:
        while True:
            try:
                socket.send_fds(control, [b"\0"], [end.fileno()])
            except BlockingIOError:
                await _writable(control, self._loop)
            except OSError as error:
                raise MuxError(error.strerror or str(error)) from error
            else:
                return


async def is_alive(path: str) -> bool:
    """Whether a master answers on a control socket."""
    try:
        async with asyncio.timeout(_ALIVE_SECONDS):
            (await Mux(path, Path()).check()).close()
    except (MuxError, TimeoutError):
        return False
    return True


class _Barrier:
    """A session that is only waited for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ended: asyncio.Future[None] = loop.create_future()

    def connection_made(self, channel: Any) -> None:
        channel.write_eof()

    def session_started(self) -> None: ...
    def data_received(self, data: bytes, datatype: int | None) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...

    def eof_received(self) -> bool:
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def _expect(wanted: int, kind: int, body: bytes = b"") -> None:
    if kind in (_FAILURE, _DENIED):
        raise MuxRefused(_read_text(body[4:]))
    if kind != wanted:
        raise MuxError(f"answer {kind:#x} instead of {wanted:#x}")


def _forward(kind: int, here: str, there: str) -> bytes:
    ends = _text(here) + _u32(_STREAMLOCAL) + _text(there) + _u32(_STREAMLOCAL)
    return _u32(kind) + _u32(0) + _u32(_FORWARD_LOCAL) + ends


def _u32(number: int) -> bytes:
    return struct.pack(">I", number)


def _text(text: str) -> bytes:
    data = text.encode(errors="surrogateescape")
    return _u32(len(data)) + data


def _read_text(data: bytes) -> str:
    return data[4 : 4 + int.from_bytes(data[:4], "big")].decode(errors="replace")


async def _writable(sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
    ready = loop.create_future()
    loop.add_writer(sock, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_writer(sock)
