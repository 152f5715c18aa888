"""How long a byte takes to the devbox and back, over SSH alone.

Lives here: a channel with ``cat`` at its other end. Not here: the round trips above it
(:meth:`codex_ssh.link.session.Session.ping`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from codex_ssh.errors import LinkLost, Stage
from codex_ssh.link.ssh import Ssh


class Echo(asyncio.Protocol):
    """A stream that says back what it is told.

    Args:
        host: For messages.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._heard: asyncio.Future[None] | None = None
        self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take the echo."""
        if self._heard is not None and not self._heard.done():
            self._heard.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let whoever waits know."""
        self._is_over = True
        if self._heard is not None and not self._heard.done():
            self._heard.set_exception(self._lost())

    async def round_trip(self) -> float:
        """Give the seconds a byte takes there and back.

        Raises:
            LinkLost: The channel is gone.
        """
        if self._is_over or self._transport is None:
            raise self._lost()
        self._heard = asyncio.get_running_loop().create_future()
        begun = time.perf_counter()
        self._transport.write(b"\n")
        await self._heard
        return time.perf_counter() - begun

    def _lost(self) -> LinkLost:
        return LinkLost("the channel that echoes is gone", stage=Stage.SSH, host=self._host)


@asynccontextmanager
async def open_echo(ssh: Ssh) -> AsyncGenerator[Echo, None]:
    """Give an echo on the devbox; raises as :meth:`codex_ssh.link.ssh.Ssh.open_exec`."""
    transport, echo = await ssh.open_exec(lambda: Echo(ssh.host), "cat")
    try:
        yield echo
    finally:
        transport.abort()
