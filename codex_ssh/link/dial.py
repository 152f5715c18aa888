"""The security boundary: the one way to an app server over SSH.

Lives here: proving the listener's owner, picking the credential and upgrading a fresh connection, for the
first connect, for every reconnect and for every client of the door. Nothing else in codex-ssh sends a
credential, the direct way (:mod:`codex_ssh.link.wss`) apart. Not here: opening the channel
(:mod:`codex_ssh.link.ssh`), the upgrade itself (:mod:`codex_ssh.link.upgrade`), the rules of proof
(:mod:`codex_ssh.core.ownership`) and of tokens (:mod:`codex_ssh.link.token`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from codex_ssh.core.command import NoAuth
from codex_ssh.core.endpoint import StdioEndpoint, UnixEndpoint, WsEndpoint
from codex_ssh.core.ownership import Owner
from codex_ssh.core.secret import Secret
from codex_ssh.core.value import dataclass
from codex_ssh.errors import AppServerError, ForwardError, OwnerNotProved, ProtocolViolated, Stage
from codex_ssh.link.appserver import find_again
from codex_ssh.link.bridge import open_bridge
from codex_ssh.link.choosing import AppServer, Wanted, attached
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.token import pick_credential
from codex_ssh.link.upgrade import UPGRADE_TIMEOUT_SECONDS, Opening, P, Upgrade, settle, silent

log = logging.getLogger(__name__)


class Dial(Protocol):
    """Something that makes an upgraded connection to the app server, as often as asked."""

    @property
    def transport(self) -> str:
        """The way, in a word or two for the status line: ``ssh``, ``ssh unix``, ``ssh exec``, ``wss``."""

    async def __call__(self, factory: Callable[[], P], *, opening: Opening | None = None) -> P:
        """Dial once.

        Args:
            factory: Makes the protocol that takes over right behind the upgrade: its
                ``connection_made`` gets the transport, and the first bytes behind the answer follow.
            opening: Sent with the upgrade where the way allows it; it says whether it was.

        Raises:
            AppServerError: The server is gone, or it is not provably ours; nothing was sent.
            TokenError: No credential that may be sent, or the server refused it.
            ForwardError: The way there is closed.
            ProtocolViolated: It answered something else than an upgrade.
            LinkLost: The SSH connection went away meanwhile.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the user takes upon himself.

    Attributes:
        unproved: Send the credential though the owner cannot be proved (``--trust-listener``).
        exposed: Use a server that listens beyond loopback (``--allow-exposed``).
    """

    unproved: bool = False
    exposed: bool = False


class SshDial:
    """Dials through an SSH connection.

    The probe that found the server is the proof for the first dial; every later one looks again, since a
    proof goes stale, a token may have been rotated and a JWT expires. A server that ended meanwhile is found
    or started anew, unless the user named its endpoint.

    Args:
        ssh: The connection.
        app: The server, as just found.
        wanted: How it was asked for, for looking again.
        given: Reads the token the user named here, if any.
        trust: What the user takes upon himself.
        channels: There is an SSH server, which may open channels; without one a program there is the way.
        early: An opening may go out with the upgrade.
    """

    def __init__(
        self,
        ssh: Ssh,
        app: AppServer,
        *,
        wanted: Wanted,
        given: Callable[[], Secret | None],
        trust: Trust,
        channels: bool = True,
        early: bool = True,
    ) -> None:
        self._ssh = ssh
        self._early = early
        # A codex that is gone later is not put back: a question then would come into the TUI.
        self._wanted = replace(wanted, install=None)
        self._given = given
        self._trust = trust
        self._fresh: AppServer | None = app
        self._channels = channels
        self._bridged = not channels
        self.app = app

    @property
    def transport(self) -> str:
        """See :attr:`Dial.transport`."""
        if isinstance(self.app.endpoint, StdioEndpoint):
            return "ssh stdio" if self._channels else "exec stdio"
        if self._bridged:
            return "ssh exec" if self._channels else "exec"
        return "ssh unix" if isinstance(self.app.endpoint, UnixEndpoint) else "ssh"

    @property
    def generation(self) -> str:
        """Tells one run of the app server from the next; empty when its process is not known."""
        return f"{self.app.probe.boot} {self.app.pid}" if self.app.pid is not None else ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about this server, in words."""
        found = []
        if isinstance(self.app.auth, NoAuth) and isinstance(self.app.endpoint, WsEndpoint):
            found.append("the app server asks for no token: every user of that host can connect to it")
        if self.app.verdict.owner is Owner.EXPOSED:
            found.append(f"the app server can be reached by others: {self.app.verdict.because}")
        if self.app.verdict.owner is Owner.UNKNOWN:
            found.append(f"nobody proved whose app server this is: {self.app.verdict.because}")
        return tuple(found)

    async def __call__(self, factory: Callable[[], P], *, opening: Opening | None = None) -> P:
        """See :meth:`Dial.__call__`."""
        app, self._fresh = self._fresh, None
        if app is None:
            app = self.app = await find_again(self._ssh, self.app, self._wanted)
        require_ours(app, self._trust, self._ssh.host)
        if not isinstance(app.endpoint, StdioEndpoint):
            try:
                return await self._upgrade(app, app.endpoint, factory, self._allowed(opening, app))
            except _NoEarlyWords:
                log.info("%s takes nothing behind the request: asking again without", app.endpoint)
                self._early = False
                return await self(factory)
            except ForwardError as error:
                if self._wanted.endpoint is not None or not app.probe.codex:
                    raise
                log.warning("no way to %s: %s (%s)", app.endpoint, error, error.said)
                app = self.app = attached(app.probe, f"no program there could connect to {app.endpoint}")
        from codex_ssh.link.attached import open_attached

        return await open_attached(self._ssh, factory, app.probe, self._wanted.env)

    def _allowed(self, opening: Opening | None, app: AppServer) -> Opening | None:
        """Give the opening where it may go out early: to what was recognised as an app server, on TCP.

        The one on a unix socket takes nothing behind the request.
        """
        on_tcp = isinstance(app.endpoint, WsEndpoint) and app.pid is not None
        return opening if self._early and on_tcp else None

    async def _upgrade(
        self,
        app: AppServer,
        endpoint: WsEndpoint | UnixEndpoint,
        factory: Callable[[], P],
        opening: Opening | None,
    ) -> P:
        bearer = pick_credential(app, given=self._given, host=self._ssh.host)
        upgrade = Upgrade(factory, host_header=_host_header(app), bearer=bearer, opening=opening)
        async with asyncio.timeout(UPGRADE_TIMEOUT_SECONDS) as limit:
            try:
                await self._open(app, endpoint, upgrade)
                return await settle(upgrade, host=self._ssh.host)
            except (TimeoutError, asyncio.CancelledError):
                upgrade.abort()
                if limit.expired():
                    raise silent(self._ssh.host) from None
                raise
            except ProtocolViolated as error:
                if opening is None or not opening.sent:
                    raise
                opening.sent = False
                raise _NoEarlyWords from error

    async def _open(self, app: AppServer, endpoint: WsEndpoint | UnixEndpoint, upgrade: Upgrade[P]) -> None:
        """Open a channel to the endpoint; by a program there where the server forbids channels."""
        if not self._bridged and not app.probe.elsewhere:
            try:
                if isinstance(endpoint, UnixEndpoint):
                    await self._ssh.open_unix(lambda: upgrade, endpoint.path)
                else:
                    await self._ssh.open_tcp(lambda: upgrade, endpoint.host, endpoint.port)
            except ForwardError as error:
                if not _may_be_forbidden(error, endpoint):
                    raise
                log.info("no forwarding (%s): going over a program there", error.said)
            else:
                return
        if app.probe.elsewhere and not self._bridged:
            log.info("the shell there is not where its sshd is: going over a program in it")
        await open_bridge(
            self._ssh, lambda: upgrade, endpoint, codex=app.probe.codex, trusted=self._trust.unproved
        )
        self._bridged = True


class _NoEarlyWords(Exception):
    """The server did not answer an upgrade that something followed."""


def require_ours(app: AppServer, trust: Trust, host: str) -> None:
    """Refuse an app server that is not provably the login user's, unless the user takes that upon himself.

    Raises:
        OwnerNotProved: It is another user's, exposed, or its owner cannot be proved.
        AppServerError: Nobody listens there.
    """
    allowed = {Owner.PROVED}
    if trust.unproved:
        allowed.add(Owner.UNKNOWN)
    if trust.exposed:
        allowed.add(Owner.EXPOSED)
    verdict = app.verdict
    if verdict.owner in allowed:
        return
    if verdict.owner is Owner.NOBODY:
        raise AppServerError(
            verdict.because,
            stage=Stage.APP_SERVER,
            host=host,
            hint="connect again to start one",
        )
    hints = {
        Owner.FOREIGN: "nothing was sent to it; leave --endpoint away, or use another port",
        Owner.EXPOSED: "nothing was sent to it; bind it to 127.0.0.1, or accept it with --allow-exposed",
        Owner.UNKNOWN: "nothing was sent to it; if you know it is yours: --trust-listener",
    }
    raise OwnerNotProved(
        f"the listener is {verdict.owner.value}: {verdict.because}",
        stage=Stage.APP_SERVER,
        host=host,
        hint=hints[verdict.owner],
    )


def _may_be_forbidden(error: ForwardError, endpoint: WsEndpoint | UnixEndpoint) -> bool:
    # OpenSSH says the same of a socket that is not there and of one nobody may connect to, and a master of
    # the user's own gives no reason; the listener has just been seen.
    words = ("administratively prohibited", "unknown channel type", "refused by peer")
    return isinstance(endpoint, UnixEndpoint) or any(word in error.said for word in words)


class DoorDial:
    """Dials our own door, as any client of this machine does (``--door``).

    Args:
        endpoint: The door's loopback address.
        token: The door's own token.
        transport: What lies behind it, for the status line.
    """

    def __init__(self, endpoint: WsEndpoint, *, token: Secret, transport: str) -> None:
        self._endpoint = endpoint
        self._token = token
        self.transport = f"{transport}+door"

    async def __call__(self, factory: Callable[[], P], *, opening: Opening | None = None) -> P:
        """See :meth:`Dial.__call__`."""
        where = str(self._endpoint)
        upgrade = Upgrade(factory, host_header=where.removeprefix("ws://"), bearer=self._token)
        async with asyncio.timeout(2 * UPGRADE_TIMEOUT_SECONDS) as limit:
            try:
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: upgrade, self._endpoint.host, self._endpoint.port)
                return await settle(upgrade, host=where)
            except (TimeoutError, asyncio.CancelledError):
                upgrade.abort()
                if limit.expired():
                    raise silent(where) from None
                raise


def _host_header(app: AppServer) -> str:
    if isinstance(app.endpoint, UnixEndpoint):
        return "localhost"
    return str(app.endpoint).removeprefix("ws://")
