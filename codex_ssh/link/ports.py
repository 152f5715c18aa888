"""A port of the devbox's loopback, opened on this machine's loopback.

Lives here: listening here and a channel for each client. Not here: the door, which knows HTTP and tokens
(:mod:`codex_ssh.link.forward`). The port belongs to whoever listens there, on the devbox; here it is open to
every user of this machine, as with ``ssh -L``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from codex_ssh.errors import CodexSshError, ForwardError, Stage
from codex_ssh.link.splice import Splice
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"

MAX_CLIENTS: Final = 256


class _Near(asyncio.Protocol):
    """A client here, until its channel is open."""

    def __init__(self, admit: Callable[[asyncio.Transport], None]) -> None:
        self._admit = admit

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        self._admit(transport)


@asynccontextmanager
async def open_port_forward(
    current: Callable[[], Awaitable[Ssh | None]], host: str, port: int, *, local_port: int = 0
) -> AsyncGenerator[int, None]:
    """Listen here and give the port; each client gets a channel to the devbox's.

    Args:
        current: Gives the SSH connection that is open, waiting a while for one that comes back; None where
            there is no SSH.
        host: For messages.
        port: On the devbox's 127.0.0.1.
        local_port: Here; 0 takes a free one.

    Raises:
        ForwardError: The local port is taken, or there is no SSH.
    """
    if await current() is None:
        raise ForwardError(
            "a port needs SSH, and this link has none", stage=Stage.FORWARD, host=host, hint="connect by SSH"
        )
    try:
        listening = socket.create_server((LOOPBACK, local_port), backlog=64)
    except OSError as error:
        raise ForwardError(
            f"cannot listen on {LOOPBACK}:{local_port}",
            stage=Stage.FORWARD,
            host=host,
            said=os.strerror(error.errno) if error.errno else str(error),
            hint="take another port, or 0 for a free one",
        ) from error
    async with open_tasks() as tasks:

        def admit(near: asyncio.Transport) -> None:
            if len(tasks) < MAX_CLIENTS:
                tasks.start(_serve(near, current, port))
            else:
                near.abort()

        server = await asyncio.get_running_loop().create_server(lambda: _Near(admit), sock=listening)
        try:
            yield int(listening.getsockname()[1])
        finally:
            server.close()


async def _serve(near: asyncio.Transport, current: Callable[[], Awaitable[Ssh | None]], port: int) -> None:
    """Connect one client and stay until either side ends."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    far: Splice | None = None
    try:
        ssh = await current()
        if ssh is None:
            return
        _, far = await ssh.open_tcp(lambda: Splice(near, ended), LOOPBACK, port)
        assert far.transport is not None
        back = Splice(far.transport, ended)
        back.transport = near
        near.set_protocol(back)
        near.resume_reading()
        await ended
    except CodexSshError as error:
        log.info("port %d: a client could not be connected: %s", port, error)
    finally:
        if far is not None and far.transport is not None:
            far.transport.close()
        near.close()
