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
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from codex_ssh.link import ssh_mux_wire as wire
from codex_ssh.link.ssh_mux_channel import Channel, MuxChannel, Session, SocketChannel
from codex_ssh.link.ssh_mux_wire import MuxError, text, u32

_ALIVE_SECONDS: Final = 2.0


class MuxRefused(Exception):
    """The master would not open a channel; the text is its reason."""


class Mux:
    """Opens channels by a control socket.

    Args:
        path: The control socket.
        directory: A private one, for the sockets of forwards to unix sockets.
        is_ours: Another codex-ssh has the connection: it opens unix sockets without such a forward, and reads
            a session's stdin before the session has begun.
    """

    def __init__(self, path: str, directory: Path, *, is_ours: bool = False) -> None:
        self._path = path
        self._directory = directory
        self._is_ours = is_ours
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
            await wire.send(control, u32(wire.ALIVE_CHECK) + u32(0))
            kind, _ = await wire.receive(control)
            _expect(wire.ALIVE, kind)
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
        request = u32(wire.NEW_STDIO_FORWARD) + u32(0) + text("") + text(host) + u32(port)
        await self._open(session, request, errors=False)

    async def open_unix(self, session: Session, path: str) -> None:
        """Open a direct-streamlocal channel to a socket and put a session on it; raises as `open_tcp`.

        OpenSSH has such channels only behind a listening socket of its own, which is made in our private
        directory. A connection to it is accepted before the server is asked, so we ask the server for
        something that takes longer, and look whether the connection still stands.
        """
        if self._is_ours:
            await self.open_tcp(session, path, wire.STREAMLOCAL)
            return
        here = self._forwards.get(path)
        if here is None:
            here = str(self._directory / f"u{len(self._forwards)}")
            await self._simple(_forward(wire.OPEN_FORWARD, here, path))
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
            _expect(wire.OPENED, wire.FAILURE if refused else wire.OPENED, u32(0) + text("open failed"))
        except BaseException:
            sock.close()
            raise
        await SocketChannel.start(session, sock, self._channels)

    async def listen_tcp(self, port: int, to: tuple[str, int]) -> int:
        """Have the other side listen on its loopback, and give the port; raises as `open_tcp`."""
        kind, body = await self._request(_listening(wire.OPEN_FORWARD, port, to))
        if kind == wire.REMOTE_PORT:
            return int.from_bytes(body[4:8], "big")
        _expect(wire.OK, kind, body)
        return port

    async def stop_listening(self, port: int, to: tuple[str, int]) -> None:
        """End it; raises as `open_tcp`."""
        await self._simple(_listening(wire.CLOSE_FORWARD, port, to))

    async def open_exec(
        self,
        session: Session,
        command: str,
        environment: Mapping[str, str],
        *,
        subsystem: bool = False,
        agent: bool = False,
        at_once: bool = False,
    ) -> None:
        """Run a command without a terminal and put a session on it; raises as `open_tcp`.

        A session with ``exit_status_received`` hears how it ended.

        Args:
            session: Gets stderr as data of type 1.
            command: For the login shell, or the name of a subsystem.
            environment: Variables to pass on, as far as master and server allow.
            subsystem: Which of the two it is.
            agent: Lend it the agent, if the master may.
            at_once: Let the session write before it is known whether it begins, where the other side reads
                that early; a session that does not begin is told of its end as well.
        """
        flags = u32(0) * 2 + u32(agent) + u32(subsystem)  # no terminal, no X11
        request = u32(wire.NEW_SESSION) + u32(0) + text("") + flags + u32(wire.NO_ESCAPE) + text("")
        request += text(command) + b"".join(text(f"{key}={value}") for key, value in environment.items())
        await self._open(session, request, errors=True, at_once=at_once and self._is_ours)

    async def close(self) -> None:
        """End every channel at once, and take back what a master that lives on would keep listening on."""
        for channel in tuple(self._channels):
            channel.end()
        for path, here in self._forwards.items():
            with contextlib.suppress(MuxError, MuxRefused):
                await self._simple(_forward(wire.CLOSE_FORWARD, here, path))

    def forget_forwards(self) -> None:
        """Leave the forwards to the end of the master."""
        self._forwards.clear()

    async def _simple(self, request: bytes) -> None:
        _expect(wire.OK, *await self._request(request))

    async def _request(self, request: bytes) -> tuple[int, bytes]:
        control = await self._connect()
        try:
            await wire.send(control, request)
            return await wire.receive(control)
        finally:
            control.close()

    async def _open(self, session: Session, request: bytes, *, errors: bool, at_once: bool = False) -> None:
        ours: list[socket.socket] = []
        theirs: list[socket.socket] = []
        channel: MuxChannel | None = None
        control: socket.socket | None = None
        try:
            for _ in range(3):
                for ends, end in zip((ours, theirs), socket.socketpair(), strict=True):
                    ends.append(end)
                ours[-1].setblocking(False)  # noqa: FBT003 - the standard library's own signature
            # stdin, stdout and stderr of a session; a forward has the first two.
            for end in [] if errors else (ours.pop(), theirs.pop()):
                end.close()
            control = await self._connect()
            await wire.send(control, request)
            for end in theirs:
                await wire.send_descriptor(control, end.fileno())
                end.close()
            if at_once:
                channel = await MuxChannel.start(session, ours, self._channels)
            kind, body = await wire.receive(control)
            _expect(wire.OPENED, kind, body)
            if channel is None:
                channel = await MuxChannel.start(session, ours, self._channels)
            await channel.attach(control)
        except BaseException:
            if channel is not None:
                channel.end()
                ours.clear()
            for end in (*ours, *([control] if control is not None else [])):
                end.close()
            raise
        finally:
            for end in theirs:
                end.close()

    async def _connect(self) -> socket.socket:
        control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        control.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        try:
            try:
                await self._loop.sock_connect(control, self._path)
            except OSError as error:
                raise MuxError(error.strerror or str(error)) from error
            await wire.greet(control)
        except BaseException:
            control.close()
            raise
        return control


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
    if kind in (wire.FAILURE, wire.DENIED):
        raise MuxRefused(_read_text(body[4:]))
    if kind != wanted:
        raise MuxError(f"answer {kind:#x} instead of {wanted:#x}")


def _forward(kind: int, here: str, there: str) -> bytes:
    ends = text(here) + u32(wire.STREAMLOCAL) + text(there) + u32(wire.STREAMLOCAL)
    return u32(kind) + u32(0) + u32(wire.FORWARD_LOCAL) + ends


def _listening(kind: int, port: int, to: tuple[str, int]) -> bytes:
    ends = text("localhost") + u32(port) + text(to[0]) + u32(to[1])
    return u32(kind) + u32(0) + u32(wire.FORWARD_REMOTE) + ends


def _read_text(data: bytes) -> str:
    return data[4 : 4 + int.from_bytes(data[:4], "big")].decode(errors="replace")
