"""What is asked of a devbox in the same flight as the login, and what came of it.

Lives here: the wish, and the answers that wait for whoever asks the same.
Not here: sending anything early (:mod:`codex_ssh.link.ssh_fast`), and what the script and the channel are for
(:mod:`codex_ssh.link.connect`).

Nothing secret is asked with: the script looks around, and the channel stays silent until the owner of the
listener behind it is proved.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.value import dataclass
from codex_ssh.link.ssh_channel import ChannelTransport
from codex_ssh.link.ssh_script import SHELL, ScriptSession

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
        self._channel: asyncio.Future[ChannelTransport | None] | None = None
        self._runs: asyncio.Future[Exception | None] = loop.create_future()

    def begin(self, connection: asyncssh.SSHClientConnection) -> None:
        """Ask, over a connection whose login is under way. The script's channel is the first one."""
        connection.create_task(self._run(connection))
        if self._ahead.endpoint is not None:
            self._channel = asyncio.get_running_loop().create_future()
            connection.create_task(self._open(connection, self._ahead.endpoint, self._channel))

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

    async def take_channel(self, peer: tuple[str, int] | str) -> ChannelTransport | None:
        """Give the channel to this place; None where there is none. A channel to another one is closed."""
        channel, self._channel = self._channel, None
        if channel is None:
            return None
        transport = await channel
        if transport is None:
            return None
        parked = transport.get_protocol()
        if peer == peer_of(self._ahead.endpoint) and isinstance(parked, Parked) and parked.is_fresh:
            return transport
        transport.abort()
        return None

    async def _run(self, connection: asyncssh.SSHClientConnection) -> None:
        session = self._session
        # It has every method of SSHClientSession; asyncssh is not imported here to subclass it.
        factory = cast("Any", lambda: session)
        error: Exception | None = None
        try:
            await connection.create_session(
                factory, SHELL, subsystem=None, request_pty=False, x11_forwarding=False, encoding=None
            )
        except Exception as failed:  # noqa: BLE001 - whoever waits decides
            error, self._session = failed, None
        if not self._runs.done():
            self._runs.set_result(error)

    async def _open(
        self,
        connection: asyncssh.SSHClientConnection,
        endpoint: WsEndpoint | UnixEndpoint,
        opened: asyncio.Future[ChannelTransport | None],
    ) -> None:
        loop = asyncio.get_running_loop()

        def park() -> Any:
            return ChannelTransport(Parked, loop=loop, peer=peer_of(endpoint))

        transport: ChannelTransport | None = None
        try:
            made: Any
            if isinstance(endpoint, UnixEndpoint):
                _, made = await connection.create_unix_connection(park, endpoint.path)
            else:
                _, made = await connection.create_connection(park, endpoint.host, endpoint.port)
            transport = cast("ChannelTransport", made)
        except Exception:  # noqa: BLE001 - then it is opened the plain way, which says why
            transport = None
        if not opened.done():
            opened.set_result(transport)


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


def peer_of(endpoint: WsEndpoint | UnixEndpoint | None) -> tuple[str, int] | str:
    """Give what a channel to it is asked for by."""
    if isinstance(endpoint, WsEndpoint):
        return endpoint.host, endpoint.port
    return endpoint.path if endpoint is not None else ""
