"""A port here whose clients say themselves where they want to go, as seen from the devbox: ``ssh -D``.

Lives here: listening, and a channel for each client. Not here: what a client says
(:mod:`codex_ssh.core.socks`). It is open to every user of this machine.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from codex_ssh.core.socks import DONE, SocksRequest, failed
from codex_ssh.errors import CodexSshError
from codex_ssh.link.ports import Current, join, listening_here, open_port, require_ssh
from codex_ssh.link.splice import Splice
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

_REQUEST_SECONDS: Final = 10.0
"""How long a client may take to say where it wants to go."""


class _Asking(asyncio.Protocol):
    """A client that says where it wants to go."""

    def __init__(self, near: asyncio.Transport) -> None:
        self.request = SocksRequest()
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._near = near

    def data_received(self, data: bytes) -> None:
        answer = self.request.feed(data)
        if answer:
            self._near.write(answer)
        if self.request.target is not None or self.request.is_refused:
            self._near.pause_reading()
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


@asynccontextmanager
async def open_socks(
    current: Current, host: str, *, local_port: int = 0, by_shell: Callable[[], bool] = lambda: False
) -> AsyncGenerator[int, None]:
    """Listen here and give the port.

    Args:
        current: Gives the SSH connection that is open.
        host: For messages.
        local_port: Here; 0 takes a free one.
        by_shell: Whether only a program of the login's shell gets where its clients want.

    Raises:
        PortTaken: The local port is taken, or only root may have it.
        ForwardError: There is no SSH.
    """
    await require_ssh(current, host)

    async def serve(near: asyncio.Transport) -> None:
        asking = _Asking(near)
        near.set_protocol(asking)
        near.resume_reading()
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                await asking.over
        except TimeoutError:
            return
        if (target := asking.request.target) is None:
            return
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            ssh = await current()
            if ssh is None:
                return
            _, far = await open_port(
                ssh, lambda: Splice(near, ended), target[:1], target[1], by_shell=by_shell()
            )
        except CodexSshError as error:
            # What one client wants may not be there for good reason: that is told to it, and is no fault.
            log.info("a client could not be connected to %s:%d: %s", *target, error)
            near.write(failed())
            return
        near.write(DONE)
        if asking.request.rest and far.transport is not None:
            far.transport.write(asking.request.rest)
        await join(near, far, ended)

    async with open_tasks() as tasks, listening_here(local_port, host, tasks, serve) as port:
        yield port
