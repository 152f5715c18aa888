"""What is asked of a devbox in the same flight as the login, and what came of it.

Lives here: the wish, and the answers that wait for whoever asks the same.
Not here: sending anything early (:mod:`codex_ssh.link.ssh_fast`), and what the script and the channel are for
(:mod:`codex_ssh.link.way`).

Nothing secret is asked with: the script looks around, and the channel stays silent until the owner of the
listener behind it is proved.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.value import dataclass
from codex_ssh.link.ssh_channel import ChannelTransport
from codex_ssh.link.ssh_script import ScriptSession, start_shell

if TYPE_CHECKING:
    import asyncssh

P = TypeVar("P", bound=asyncio.Protocol)

SCRIPT_AT_MOST: Final = 32 * 1024
"""Bytes that fit into one packet of any server (RFC 4253 section 6.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What will be wanted right after a login.

    Attributes:
        script: The first script that will be run.
        limit: Bytes of its stdout kept.
        endpoint: Where a channel will probably be wanted; None opens none.
    """

    script: str
    limit: int = 256 * 1024
    endpoint: WsEndpoint | UnixEndpoint | None = None


class Started:
    """The answers to an :class:`Ahead`, while they come.

    Args:
        ahead: What is wanted.
        sent: The script goes out with the request to run it; otherwise when that is answered.
    """

    def __init__(self, ahead: Ahead, *, sent: bool) -> None:
        loop = asyncio.get_running_loop()
        self._ahead = ahead
        self._session: ScriptSession | None = ScriptSession(ahead.script, ahead.limit, loop, sent=sent)
        self._parking = Parking(ahead.endpoint) if ahead.endpoint is not None else None
        self._runs: asyncio.Future[Exception | None] = loop.create_future()

    def begin(self, connection: asyncssh.SSHClientConnection) -> None:
        """Ask, over a connection whose login is under way. The script's channel is the first one."""
        connection.create_task(self._run(connection))
        if self._parking is not None:
            connection.create_task(_park(connection, self._parking))

    async def wait_runs(self) -> None:
        """Wait until the server has taken the script or refused to; raises what ended the connection."""
        error = await self._runs
        if error is not None:
            raise error

    def take_session(self, script: str) -> ScriptSession | None:
        """Give the session that runs this very script; None where none does."""
        if script != self._ahead.script:
            return None
        session, self._session = self._session, None
        return session

    async def take_channel(
        self, place: tuple[str, int] | str, factory: Callable[[], P]
    ) -> tuple[asyncio.Transport, P] | None:
        """Give the channel to this place, as :meth:`Parking.take`."""
        return await self._parking.take(place, factory) if self._parking is not None else None

    async def _run(self, connection: asyncssh.SSHClientConnection) -> None:
        assert self._session is not None
        error: Exception | None = None
        try:
            await start_shell(connection, self._session)
        except Exception as failed:  # noqa: BLE001 - whoever waits decides
            error, self._session = failed, None
        if not self._runs.done():
            self._runs.set_result(error)


async def _park(connection: asyncssh.SSHClientConnection, parking: Parking) -> None:
    loop, endpoint = asyncio.get_running_loop(), parking.endpoint

    def make() -> Any:
        return ChannelTransport(Parked, loop=loop, peer=parking.place)

    made: Any = None
    # One that cannot be opened is opened the plain way by whoever wants it, and then the reason is told.
    with contextlib.suppress(Exception):
        if isinstance(endpoint, UnixEndpoint):
            _, made = await connection.create_unix_connection(make, endpoint.path)
        else:
            _, made = await connection.create_connection(make, endpoint.host, endpoint.port)
    parking.fill(made)


class Parking:
    """A channel that was opened early, and waits for whoever wants it.

    Args:
        endpoint: Where it leads.
    """

    def __init__(self, endpoint: WsEndpoint | UnixEndpoint) -> None:
        self.endpoint = endpoint
        self._channel: asyncio.Future[asyncio.Transport | None] = asyncio.get_running_loop().create_future()
        self._is_taken = False

    @property
    def place(self) -> tuple[str, int] | str:
        """What a channel to it is asked for by."""
        if isinstance(self.endpoint, WsEndpoint):
            return self.endpoint.host, self.endpoint.port
        return self.endpoint.path

    def fill(self, transport: asyncio.Transport | None) -> None:
        """Leave the channel here, with a :class:`Parked` on it; None when it could not be opened."""
        if not self._channel.done():
            self._channel.set_result(transport)

    async def take(
        self, place: tuple[str, int] | str, factory: Callable[[], P]
    ) -> tuple[asyncio.Transport, P] | None:
        """Give the channel, if it leads there and nothing has come over it; another one is closed.

        There is one, for the first who asks.
        """
        if self._is_taken:
            return None
        self._is_taken = True
        transport = await self._channel
        if transport is None:
            return None
        parked = transport.get_protocol()
        if place != self.place or not isinstance(parked, Parked) or not parked.is_fresh:
            transport.abort()
            return None
        protocol = factory()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        return transport, protocol


class Parked(asyncio.Protocol):
    """Holds a channel nobody has asked for yet."""

    def __init__(self) -> None:
        self.is_fresh = True

    def data_received(self, data: bytes) -> None:
        """Something came unasked."""
        # An app server waits to be spoken to.
        self.is_fresh = False

    def eof_received(self) -> bool:
        """It ends."""
        self.is_fresh = False
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self.is_fresh = False
