"""A port of the devbox's loopback, opened on this machine's loopback.

Lives here: listening here and a channel for each client. Not here: the door, which knows HTTP and tokens
(:mod:`codex_ssh.link.forward`), and several of them that are opened and closed one by one
(:mod:`codex_ssh.link.forwards`). The port belongs to whoever listens there, on the devbox; here it is open to
every user of this machine, as with ``ssh -L``.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.ports import LOOPBACK
from codex_ssh.errors import CodexSshError, ForwardError, Stage
from codex_ssh.link.bridge import open_bridge
from codex_ssh.link.splice import Splice
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.accepting import accepting
from codex_ssh.local.tasks import Tasks, open_tasks

log = logging.getLogger(__name__)

P = TypeVar("P", bound=asyncio.Protocol)

Current = Callable[[], Awaitable[Ssh | None]]
"""Gives the SSH connection that is open, waiting a while for one that comes back; None without SSH."""

MAX_CLIENTS: Final = 256

_FREE_TRIES: Final = 8
"""So many free ports are tried that another program has on ``::1``."""

_FORBIDDEN: Final = ("administratively prohibited", "unknown channel type", "refused by peer")
"""Words of a server that gives no channels at all; a command (``--exec``) says nothing."""


class PortTaken(ForwardError):
    """A port here cannot be listened on.

    Args:
        port: That port.
        needs_root: Nobody has it; it is one of those only root may have.
    """

    def __init__(self, port: int, host: str, *, said: str, needs_root: bool) -> None:
        super().__init__(
            f"cannot listen on {LOOPBACK[0]}:{port}",
            stage=Stage.FORWARD,
            host=host,
            said=said,
            hint="take another port, or 0 for a free one",
        )
        self.port = port
        self.needs_root = needs_root


class Near(asyncio.Protocol):
    """A client here, until its channel is open.

    Args:
        admit: Gets its transport, which does not read yet.
    """

    def __init__(self, admit: Callable[[asyncio.Transport], None]) -> None:
        self._admit = admit

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait."""
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        self._admit(transport)


@asynccontextmanager
async def open_port_forward(
    current: Current,
    host: str,
    port: int,
    *,
    local_port: int = 0,
    at: Sequence[str] = LOOPBACK,
    told: Callable[[str], None] = lambda _: None,
    by_shell: Callable[[], bool] = lambda: False,
) -> AsyncGenerator[int, None]:
    """Listen here and give the port; each client gets a channel to the devbox's.

    Args:
        current: Gives the SSH connection that is open, waiting a while for one that comes back; None where
            there is no SSH.
        host: For messages.
        port: On the devbox.
        local_port: Here; 0 takes a free one.
        at: Where on the devbox, the likeliest first.
        told: Called with why a client could not be connected, and with nothing when one could.
        by_shell: Whether only a program of the login's shell gets there.

    Raises:
        PortTaken: The local port is taken, or only root may have it.
        ForwardError: There is no SSH.
    """
    await require_ssh(current, host)
    addresses = tuple(at)

    async def reach(near: asyncio.Transport) -> None:
        nonlocal addresses
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            ssh = await current()
            if ssh is None:
                return
            address, far = await open_port(
                ssh, lambda: Splice(near, ended), addresses, port, by_shell=by_shell()
            )
        except CodexSshError as error:
            log.info("port %d: a client could not be connected: %s", port, error)
            told(str(getattr(error, "said", "") or error))
            return
        # The next client begins where this one was let in.
        addresses = (address, *(other for other in addresses if other != address))
        told("")
        await join(near, far, ended)

    async with open_tasks() as tasks, listening_here(local_port, host, tasks, reach) as local:
        yield local


async def require_ssh(current: Current, host: str) -> None:
    """Refuse a link without SSH; raises ForwardError."""
    if await current() is None:
        raise ForwardError(
            "a port needs SSH, and this link has none", stage=Stage.FORWARD, host=host, hint="connect by SSH"
        )


@asynccontextmanager
async def listening_here(
    port: int, host: str, tasks: Tasks, serve: Callable[[asyncio.Transport], Coroutine[Any, Any, None]]
) -> AsyncGenerator[int, None]:
    """Listen on this machine's loopback, of both kinds where there are two, and give the port.

    Args:
        port: 0 takes a free one.
        host: For messages.
        tasks: Where clients are served.
        serve: Serves one; it is closed afterwards.

    Raises:
        PortTaken: It is taken, or only root may have it.
    """

    def admit(near: asyncio.Transport) -> None:
        if len(tasks) < MAX_CLIENTS:
            tasks.start(serve(near), at_end=near.close)
        else:
            near.abort()

    loop = asyncio.get_running_loop()
    sockets = _listen(port, host)
    servers = [
        await loop.create_server(lambda: Near(admit), sock=each, start_serving=False) for each in sockets
    ]
    async with accepting(*servers):
        yield int(sockets[0].getsockname()[1])


def _listen(port: int, host: str) -> list[socket.socket]:
    """Give a socket on 127.0.0.1 and, where this machine has it, one on ``::1``: ``localhost`` is both."""
    for last in range(_FREE_TRIES, -1, -1):
        first = _create(socket.AF_INET, LOOPBACK[0], port, host)
        try:
            return [first, _create(socket.AF_INET6, LOOPBACK[1], first.getsockname()[1], host)]
        except PortTaken:
            first.close()
            if port or not last:
                raise
        except OSError:  # no such address here
            return [first]
    raise AssertionError("the last try gives or raises")


def _create(family: socket.AddressFamily, address: str, port: int, host: str) -> socket.socket:
    try:
        return socket.create_server((address, port), family=family, backlog=64)
    except OSError as error:
        if family is socket.AF_INET6 and error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(
            port,
            host,
            said=os.strerror(error.errno) if error.errno else str(error),
            needs_root=error.errno == errno.EACCES,
        ) from error


async def join(near: asyncio.Transport, far: Splice, ended: asyncio.Future[None]) -> None:
    """Let bytes go both ways until either side ends; then the far one is closed."""
    assert far.transport is not None
    try:
        if near.is_closing():
            return
        back = Splice(far.transport, ended)
        back.transport = near
        near.set_protocol(back)
        near.resume_reading()
        await ended
    finally:
        far.transport.close()


async def open_port(
    ssh: Ssh, factory: Callable[[], P], at: Sequence[str], port: int, *, by_shell: bool = False
) -> tuple[str, P]:
    """Open a channel to the first of some addresses that lets us in; gives that address too.

    Where there are no channels, a program on the devbox joins both ends.

    Args:
        ssh: The connection.
        factory: Makes the protocol.
        at: Addresses as seen from the devbox.
        port: There.
        by_shell: Take such a program at once: a channel would end in another network.

    Raises:
        ForwardError: None of them did.
        LinkLost: The connection went away meanwhile.
    """
    for address in at[:-1]:
        with suppress(ForwardError):
            return address, await _open(ssh, factory, address, port, by_shell=by_shell)
    return at[-1], await _open(ssh, factory, at[-1], port, by_shell=by_shell)


async def _open(ssh: Ssh, factory: Callable[[], P], address: str, port: int, *, by_shell: bool) -> P:
    refused: ForwardError | None = None
    if not by_shell:
        try:
            return (await ssh.open_tcp(factory, address, port))[1]
        except ForwardError as error:
            if error.said and not any(word in error.said for word in _FORBIDDEN):
                raise
            refused = error
    try:
        endpoint = WsEndpoint(host=address, port=port)
        return (await open_bridge(ssh, factory, endpoint, codex="", trusted=True))[1]
    except ForwardError as error:
        raise refused or error from None
