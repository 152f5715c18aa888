"""Riding the SSH connection of another window.

Lives here: getting on, hearing of the end, and noticing a window that does not answer any more.
Not here: finding that window (:mod:`codex_ssh.link.holder`), and what it does for us
(:mod:`codex_ssh.link.holder_server`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ForwardError, LinkLost, Stage
from codex_ssh.link import ssh_mux_wire as wire
from codex_ssh.link.ahead import Ahead, Parked, Parking
from codex_ssh.link.ssh_mux import Mux
from codex_ssh.link.ssh_mux_wire import Fields, MuxClosed, MuxError, u32
from codex_ssh.link.ssh_openssh import OpenSsh
from codex_ssh.link.ssh_script import SHELL, ScriptSession
from codex_ssh.local.tasks import open_tasks

P = TypeVar("P", bound=asyncio.Protocol)

GREETING_SECONDS: Final = 1.0
"""A window that lives answers at once; one that does not is stopped, or hangs."""

_TELLS_AFTER_SECONDS: Final = 1.0
_END_SETTLES_SECONDS: Final = 0.2
"""How long after the end of a channel the end of the window's connection is waited for."""


class NoRide(Exception):
    """The other window cannot take us.

    Attributes:
        is_deaf: It is there and does not answer.
        is_busy: It is there, and its login takes too long.
    """

    def __init__(self, why: str, *, is_deaf: bool = False, is_busy: bool = False) -> None:
        super().__init__(why)
        self.is_deaf = is_deaf
        self.is_busy = is_busy


async def get_on(control: socket.socket, *, patience: float, tell: Callable[[str], None]) -> None:
    """Wait until the other window has its connection, which may not have been made yet.

    Args:
        control: A connection to it.
        patience: Seconds its login may take; its user may be asked meanwhile.
        tell: Gets a line when that takes a while.

    Raises:
        NoRide: It does not answer, its login failed or took too long.
    """
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            await wire.greet(control)
    except TimeoutError:
        raise NoRide("the other window does not answer", is_deaf=True) from None
    except MuxError as error:
        raise NoRide(str(error)) from error
    try:
        async with asyncio.timeout(patience), open_tasks() as tasks:
            tasks.start(_tell_later(tell))
            await _ask(control)
    except TimeoutError:
        raise NoRide("the login in the other window takes too long", is_busy=True) from None
    except MuxError as error:
        raise NoRide(f"the login in the other window failed: {error}") from error


@asynccontextmanager
async def open_ride(
    control: socket.socket,
    path: Path,
    config: SshConfig,
    options: SshOptions,
    *,
    host: str,
    ahead: Ahead | None = None,
) -> AsyncGenerator[Ride, None]:
    """Use the other window's connection while the block lasts.

    Args:
        control: A connection to it, on which :func:`get_on` was called. It is closed at the end.
        path: Where more of them are made.
        config: What the host was resolved to.
        options: Says how long silence may last.
        host: As typed.
        ahead: What will be wanted first.
    """
    ride = Ride(Mux(str(path), path.parent, is_ours=True), host=host, config=config, log=None)
    ride.is_fast = options.fast_path
    async with open_tasks() as tasks:
        tasks.start(_watch(ride, control, options))
        if ahead is not None and ahead.endpoint is not None and options.fast_path:
            tasks.start(ride.park(ahead.endpoint))
        try:
            yield ride
        finally:
            await ride.close()


class Ride(OpenSsh):
    """A connection of another window's; implements :class:`codex_ssh.link.ssh.Ssh`."""

    why_lost = "the window that had the connection is gone"
    is_fast = True
    _parking: Parking | None = None

    @property
    def is_borrowed(self) -> bool:
        """No: every window that uses it is ours.

        So whoever logs in after a loss may end what is left of it on the devbox: what a window that is
        stopped has not passed on yet would otherwise come after it was sent again.
        """
        return False

    async def park(self, endpoint: WsEndpoint | UnixEndpoint) -> None:
        """Open a channel that will be wanted, while what comes before it is still under way."""
        parking = self._parking = Parking(endpoint)
        opened = None
        # One that cannot be opened is opened again by whoever wants it, and then the reason is told.
        with contextlib.suppress(ForwardError, LinkLost):
            if isinstance(endpoint, UnixEndpoint):
                opened, _ = await super().open_unix(Parked, endpoint.path)
            else:
                opened, _ = await super().open_tcp(Parked, endpoint.host, endpoint.port)
        parking.fill(opened)

    async def open_tcp(self, factory: Callable[[], P], host: str, port: int) -> tuple[asyncio.Transport, P]:
        """Open a direct-tcpip channel; see the Protocol."""
        return await self._take((host, port), factory) or await super().open_tcp(factory, host, port)

    async def open_unix(self, factory: Callable[[], P], path: str) -> tuple[asyncio.Transport, P]:
        """Open a direct-streamlocal channel; see the Protocol."""
        return await self._take(path, factory) or await super().open_unix(factory, path)

    async def _take(
        self, place: tuple[str, int] | str, factory: Callable[[], P]
    ) -> tuple[asyncio.Transport, P] | None:
        return await self._parking.take(place, factory) if self._parking is not None else None

    def _open_shell(self, session: ScriptSession) -> Awaitable[None]:
        # The script goes out with the request to run a shell.
        return self._mux.open_exec(session, SHELL, {}, at_once=self.is_fast)

    def listen_tcp(self, port: int, to: tuple[str, int]) -> NoReturn:
        """Refuse: nobody makes the connection of another window listen."""
        raise ForwardError(
            f"port {port} there cannot be listened on over the connection of another window",
            stage=Stage.FORWARD,
            host=self._host,
            hint="do it in that window, or connect with --no-share",
        )

    async def _attempt(self, opening: Awaitable[None], purpose: str, stage: Stage) -> None:
        try:
            await super()._attempt(opening, purpose, stage)
        except ForwardError as error:
            if error.said == "open failed":  # OpenSSH's word for it; a port has other ones
                error.hint = "windows share a connection, and it has a limit (MaxSessions there): --no-share"
            raise

    async def _is_gone(self) -> bool:
        # Another window may be there by now, so it counts whether ours is.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_SETTLES_SECONDS):
                await asyncio.shield(self._lost)
        return self._lost.done()

    async def _loss(self) -> LinkLost:
        return LinkLost(
            "the connection was closed" if self._closing else "the connection was lost",
            stage=Stage.SSH,
            host=self._host,
            said="" if self._closing else self.why_lost,
        )


async def _ask(control: socket.socket) -> None:
    """Ask whether its connection is there.

    Raises:
        MuxError: It is not, and will not be.
    """
    await wire.send(control, u32(wire.ALIVE_CHECK) + u32(0))
    await _hear(control)


async def _hear(control: socket.socket) -> None:
    """Hear that it is there; what comes unasked is the reason why it is not."""
    kind, body = await wire.receive(control)
    if kind != wire.ALIVE:
        fields = Fields(body)
        fields.u32()
        raise MuxError(fields.text())


async def _watch(ride: Ride, control: socket.socket, options: SshOptions) -> None:
    """Ask every now and then, until it is lost or we leave."""
    # As patient as with the SSH server itself.
    interval = options.keepalive_interval
    patience = interval * options.keepalive_count if interval else None
    try:
        while True:
            async with asyncio.timeout(patience):
                await _ask(control)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(interval or None):
                    await _hear(control)
    except TimeoutError:
        ride.why_lost = "the window that has the connection does not answer"
    except MuxClosed:
        pass
    except MuxError as error:
        ride.why_lost = str(error)
    finally:
        control.close()
    ride.set_lost()


async def _tell_later(tell: Callable[[str], None]) -> None:
    await asyncio.sleep(_TELLS_AFTER_SECONDS)
    tell("another window is logging in; waiting for it")
