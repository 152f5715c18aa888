"""The control socket of a window whose SSH connection others use too.

Lives here: who may come, what they may ask for, and the end of it all for them.
Not here: the channels they get (:mod:`codex_ssh.link.holder_channel`), when there is such a socket
(:mod:`codex_ssh.link.holder`), and the other side of it (:mod:`codex_ssh.link.holder_ride`).

It speaks what ``ssh`` speaks (``PROTOCOL.mux``), as far as our windows need it: is it alive, a session
without a terminal, a connection to a port. A port that says so is a socket's path; ``ssh`` has the number
for its forwards only. Nobody can end the connection from here, nor make it listen anywhere.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import Final

from codex_ssh.errors import CodexSshError
from codex_ssh.link import ssh_mux_wire as wire
from codex_ssh.link.holder_channel import Descriptors, open_forward, open_session
from codex_ssh.link.ssh_asyncssh import AsyncsshSsh
from codex_ssh.link.ssh_mux_wire import Fields, MuxError, text, u32
from codex_ssh.local.peer import peer_uid
from codex_ssh.local.tasks import Tasks

log = logging.getLogger(__name__)

RIDERS_AT_MOST: Final = 256
"""Connections, so channels and windows together; a server has ten sessions for one connection."""

_PAUSE_SECONDS: Final = 0.1
_REQUEST_SECONDS: Final = 5.0
"""How long somebody who has begun to ask may take."""


class HolderServer:
    """Serves the windows that use our connection.

    Args:
        listening: Where they come.
        tasks: Where they are served.
        on_empty: Called when the last of them is gone.
    """

    def __init__(self, listening: socket.socket, tasks: Tasks, on_empty: Callable[[], None]) -> None:
        self._listening = listening
        self._tasks = tasks
        self._on_empty = on_empty
        self._controls: set[socket.socket] = set()
        self._watching: set[socket.socket] = set()
        self._loop = asyncio.get_running_loop()
        self._ssh: asyncio.Future[AsyncsshSsh] = self._loop.create_future()
        self._stopped = False

    @property
    def riders(self) -> int:
        """How many connections there are: one for each window and one for each of its channels."""
        return len(self._controls)

    def set_up(self, ssh: AsyncsshSsh) -> None:
        """The login is done: whoever waits for it goes on."""
        self._ssh.set_result(ssh)

    def start(self) -> None:
        """Take whoever comes."""
        self._loop.add_reader(self._listening, self._take)

    def stop(self) -> None:
        """Take nobody any more; those who are here stay."""
        self._stopped = True
        # Before the socket is closed: its number may be another one's in a moment.
        self._loop.remove_reader(self._listening)

    def _take(self) -> None:
        try:
            control, _ = self._listening.accept()
        except BlockingIOError:  # it has left already
            return
        except OSError as error:  # no descriptors are left, perhaps for a while
            log.warning("another window cannot be let in: %s", error)
            self._loop.remove_reader(self._listening)
            self._loop.call_later(_PAUSE_SECONDS, self._go_on)
            return
        control.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        if peer_uid(control) != os.getuid() or len(self._controls) >= RIDERS_AT_MOST:
            log.warning("somebody may not use this connection: user %s", peer_uid(control))
            control.close()
            return
        self._controls.add(control)
        self._tasks.start(self._serve_one(control), at_end=lambda: self._leave(control))

    def _go_on(self) -> None:
        if not self._stopped:
            self.start()

    async def tell_lost(self, why: str) -> None:
        """Tell every window that the connection is gone."""
        for control in tuple(self._watching):
            try:
                await wire.send(control, u32(wire.FAILURE) + u32(0) + text(why))
            except MuxError:
                continue

    async def _serve_one(self, control: socket.socket) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                await wire.greet(control)
            while await self._answer(control):
                pass
        except (MuxError, TimeoutError) as error:
            log.debug("a window left: %s", error)
        except Exception as error:  # noqa: BLE001 - the trouble of one window is not the others'
            log.warning("a window could not be served: %s", error)

    def _leave(self, control: socket.socket) -> None:
        self._controls.discard(control)
        self._watching.discard(control)
        control.close()
        if not self._controls:
            self._on_empty()

    async def _answer(self, control: socket.socket) -> bool:
        """Answer one request; False when it was the last, since the connection became a channel."""
        kind, body = await wire.receive(control)
        fields = Fields(body)
        number = u32(fields.u32())
        if kind == wire.ALIVE_CHECK:
            await asyncio.shield(self._ssh)
            self._watching.add(control)
            await wire.send(control, u32(wire.ALIVE) + number + u32(os.getpid()))
            return True
        if kind == wire.NEW_SESSION:
            await self._session(control, number, fields)
        elif kind == wire.NEW_STDIO_FORWARD:
            await self._forward(control, number, fields)
        else:
            await wire.send(control, u32(wire.DENIED) + number + text("not here"))
            return True
        return False

    async def _session(self, control: socket.socket, number: bytes, fields: Fields) -> None:
        fields.text()
        terminal, x11, _agent, subsystem, _escape = (fields.u32() for _ in range(5))
        fields.text()
        command = fields.text()
        async with asyncio.timeout(_REQUEST_SECONDS):
            descriptors = await Descriptors.take(control, 3)
        with descriptors:
            # What the server may be told of this machine's environment is what it was told at the login.
            if terminal or x11:
                await _refuse(control, number, "there is no terminal and no X11 here")
                return
            try:
                channel = await open_session(
                    await asyncio.shield(self._ssh), command, descriptors, subsystem=bool(subsystem)
                )
            except CodexSshError as error:
                await _refuse(control, number, getattr(error, "said", "") or str(error))
                return
            await channel.run(control, number)

    async def _forward(self, control: socket.socket, number: bytes, fields: Fields) -> None:
        fields.text()
        host, port = fields.text(), fields.u32()
        async with asyncio.timeout(_REQUEST_SECONDS):
            descriptors = await Descriptors.take(control, 2)
        with descriptors:
            try:
                ssh = await asyncio.shield(self._ssh)
                channel = await open_forward(ssh, host, port, descriptors)
            except CodexSshError as error:
                await _refuse(control, number, getattr(error, "said", "") or str(error))
                return
            await channel.run(control, number)


async def _refuse(control: socket.socket, number: bytes, why: str) -> None:
    await wire.send(control, u32(wire.FAILURE) + number + text(why))
