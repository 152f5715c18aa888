"""One SSH connection by asyncssh: everything rides it.

Lives here: loading asyncssh, running scripts, opening channels, and saying why the connection was lost.
Not here: making the connection (:mod:`codex_ssh.link.ssh_hops`) and the login
(:mod:`codex_ssh.link.ssh_login`).

asyncssh takes 0.3 s to import and starts ``ldconfig`` and ``gcc`` meanwhile, so nothing imports it before
it is needed, and then through :func:`load_asyncssh`.
"""

from __future__ import annotations

import asyncio
import ctypes.util
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.errors import (
    ForwardError,
    LinkLost,
    Stage,
    StageError,
)
from codex_ssh.link.ssh import Ran
from codex_ssh.link.ssh_channel import ChannelTransport, ExecTransport
from codex_ssh.link.ssh_script import ScriptSession, refuse_windows, start_shell
from codex_ssh.local.collector import no_collections

if TYPE_CHECKING:
    import asyncssh

    from codex_ssh.link.ssh_login import Login

P = TypeVar("P", bound=asyncio.Protocol)
T = TypeVar("T")

_X509: Final = "asyncssh.crypto.x509"


def load_asyncssh() -> None:
    """Import asyncssh the cheap way; harmless when it is there already.

    It looks for shared libraries of algorithms nobody needs here by ``ctypes.util.find_library``, which runs
    eleven programs on a machine with a compiler. And it loads all of ``cryptography.x509``, a tenth of the
    time, before it sees that there is no pyOpenSSL; OpenSSH has no X.509 either. Finding nothing is an answer
    it is prepared for.
    """
    if "asyncssh" in sys.modules:
        return
    find_library = ctypes.util.find_library
    ctypes.util.find_library = _find_nothing
    sys.modules[_X509] = None  # type: ignore[assignment] # not to be found
    try:
        with no_collections():
            import asyncssh  # noqa: F401 - the import is the point
    finally:
        sys.modules.pop(_X509, None)
        ctypes.util.find_library = find_library


class AsyncsshSsh:
    """One asyncssh connection; implements :class:`codex_ssh.link.ssh.Ssh`.

    Args:
        login: As it was made.
        host: As typed; the word for messages.
        config: What it was resolved to.
        learn: Called when a first script has run.
    """

    is_borrowed = False

    def __init__(
        self, login: Login, *, host: str, config: SshConfig, learn: Callable[[], None] = lambda: None
    ) -> None:
        self._connection = login.connection
        self._owner = login.owner
        self._started = login.started
        self._learn = learn
        self._host = host
        self._config = config
        self._loop = asyncio.get_running_loop()

    @property
    def host(self) -> str:
        """The host as the user typed it."""
        return self._host

    @property
    def user(self) -> str:
        """The login name in use."""
        return self._config.user

    @property
    def config(self) -> SshConfig:
        """What the host was resolved to."""
        return self._config

    async def run(self, script: str, *, timeout: float, limit: int = 256 * 1024) -> Ran:
        """Run a POSIX script; see the Protocol. Cancelling it closes the channel."""
        started = self._started.take_session(script) if self._started is not None else None
        session = started or ScriptSession(script, limit, self._loop)
        async with session.limit(timeout, self._host):
            if started is None:
                await self._attempt(
                    lambda: self._start(session), ScriptSession.abort, "run a command", Stage.SSH
                )
            reason = await session.ended
        # An answer that was there before it was asked for is none of a connection that is gone.
        if reason is not None or ((session.broke_off or started) and self._owner.lost.done()):
            raise self._lost()
        learn, self._learn = self._learn, _nothing
        learn()
        ran = session.ran()
        version = self._connection.get_extra_info("server_version", b"")
        refuse_windows(ran, host=self._host, server=str(version))
        return ran

    async def open_tcp(self, factory: Callable[[], P], host: str, port: int) -> tuple[asyncio.Transport, P]:
        """Open a direct-tcpip channel; see the Protocol."""
        return await self._open(
            factory,
            (host, port),
            lambda make: self._connection.create_connection(make, host, port),
            f"connect to {host}:{port}",
        )

    async def open_unix(self, factory: Callable[[], P], path: str) -> tuple[asyncio.Transport, P]:
        """Open a direct-streamlocal channel; see the Protocol."""
        return await self._open(
            factory,
            path,
            lambda make: self._connection.create_unix_connection(make, path),
            f"connect to {path}",
        )

    async def open_exec(self, factory: Callable[[], P], command: str) -> tuple[asyncio.Transport, P]:
        """Run a command as a byte stream; see the Protocol."""
        return await self._open(
            factory,
            "exec",
            lambda make: self._connection.create_session(
                make, command, subsystem=None, request_pty=False, x11_forwarding=False, encoding=None
            ),
            "run a command",
            kind=ExecTransport,
        )

    async def open_subsystem(self, factory: Callable[[], P], name: str) -> tuple[asyncio.Transport, P]:
        """Run a subsystem as a byte stream; see the Protocol."""
        return await self._open(
            factory,
            name,
            lambda make: self._connection.create_session(
                make, None, subsystem=name, request_pty=False, x11_forwarding=False, encoding=None
            ),
            f"start its subsystem {name!r}",
            kind=ExecTransport,
        )

    async def start_session(self, session: object, command: str, *, subsystem: bool = False) -> None:
        """Run a command, or a subsystem, with a session of asyncssh's shape on it; raises as `open_tcp`."""

        async def make() -> Any:
            channel, _ = await self._connection.create_session(
                cast("Callable[[], asyncssh.SSHClientSession[bytes]]", lambda: session),
                None if subsystem else command,
                subsystem=command if subsystem else None,
                request_pty=False,
                x11_forwarding=False,
                encoding=None,
            )
            return channel

        await self._attempt(make, lambda channel: channel.abort(), "run a command", Stage.FORWARD)

    @asynccontextmanager
    async def listen_tcp(self, port: int, to: tuple[str, int]) -> AsyncGenerator[int, None]:
        """Have the devbox listen; see :class:`codex_ssh.link.ssh.ListensThere`."""
        purpose = f"listen on its port {port}"
        listener = await self._attempt(
            lambda: _listen(self._connection, port, to), _end, purpose, Stage.FORWARD
        )
        if listener is None:
            raise ForwardError(
                f"the server would not {purpose}",
                stage=Stage.FORWARD,
                host=self._host,
                hint="somebody listens there, or AllowTcpForwarding or PermitListen of its sshd forbids it",
            )
        try:
            yield listener.get_port()
        finally:
            listener.close()

    async def wait_lost(self) -> None:
        """Block until the connection is gone; see the Protocol."""
        await asyncio.shield(self._owner.lost)
        if not self._owner.closing:
            raise self._lost()

    async def _start(self, session: ScriptSession) -> ScriptSession:
        await start_shell(self._connection, session)
        return session

    async def _open(
        self,
        factory: Callable[[], P],
        peer: tuple[str, int] | str,
        create: Callable[[Callable[[], Any]], Awaitable[tuple[object, Any]]],
        purpose: str,
        kind: type[ChannelTransport] = ChannelTransport,
    ) -> tuple[asyncio.Transport, P]:
        if self._started is not None and kind is ChannelTransport:
            taken = await self._started.take_channel(peer, factory)
            if taken is not None:
                return taken
        protocol: list[P] = []

        def make_protocol() -> P:
            protocol.append(factory())
            return protocol[0]

        async def make() -> ChannelTransport:
            _, transport = await create(lambda: kind(make_protocol, loop=self._loop, peer=peer))
            assert isinstance(transport, ChannelTransport)
            return transport

        transport = await self._attempt(make, ChannelTransport.abort, purpose, Stage.FORWARD)
        return transport, protocol[0]

    async def _attempt(
        self, make: Callable[[], Awaitable[T]], undo: Callable[[T], None], purpose: str, stage: Stage
    ) -> T:
        """Open a channel such that giving up leaves none behind.

        A channel whose opening is cancelled half-way would still be opened by the server, and stay. So the
        opening runs to its end in any case, and what nobody waits for any more is closed then.
        """
        opened: asyncio.Future[T] = self._loop.create_future()

        async def attempt() -> None:
            try:
                made = await make()
            except Exception as error:  # noqa: BLE001 - handed to whoever waits
                if not opened.done():
                    opened.set_exception(error)
                return
            if opened.done():
                # Given up meanwhile.
                undo(made)
            else:
                opened.set_result(made)

        self._connection.create_task(attempt())
        try:
            return await opened
        except asyncio.CancelledError:
            if opened.done() and not opened.cancelled() and opened.exception() is None:
                undo(opened.result())
            raise
        except _channel_open_error() as error:
            raise self._refused(error, purpose, stage) from error
        except (OSError, _any_error()) as error:
            # The connection broke between the request and its answer.
            raise self._lost(error) from error

    def _refused(self, error: asyncssh.ChannelOpenError, purpose: str, stage: Stage) -> StageError:
        if self._owner.lost.done():
            return self._lost()
        word, hint = _REFUSALS.get(error.code, ("", ""))
        return ForwardError(
            f"the server would not {purpose}",
            stage=stage,
            host=self._host,
            said=f"{word}: {error.reason}" if word else error.reason,
            hint=hint,
        )

    def _lost(self, seen: Exception | None = None) -> LinkLost:
        reason = self._owner.lost.result() if self._owner.lost.done() else seen
        return LinkLost(
            "the connection was closed" if self._owner.closing else "the connection was lost",
            stage=Stage.SSH,
            host=self._host,
            said=str(reason) if reason is not None else "closed by the server",
        )


async def _listen(
    connection: asyncssh.SSHClientConnection, port: int, to: tuple[str, int]
) -> asyncssh.SSHListener | None:
    import asyncssh

    try:
        return await connection.forward_remote_port("localhost", port, *to)
    except asyncssh.ChannelListenError:
        return None


def _end(listener: asyncssh.SSHListener | None) -> None:
    if listener is not None:
        listener.close()


PROHIBITED: Final = "administratively prohibited"

_REFUSALS: Final = {
    1: (PROHIBITED, "AllowTcpForwarding, AllowStreamLocalForwarding or PermitOpen of its sshd forbids it"),
    2: ("", "nothing listens there, or it cannot be reached from the host"),
    3: ("unknown channel type", "the server has no such forwarding"),
    4: ("resource shortage", "the server has too many channels open; close some sessions"),
}
"""RFC 4254 section 5.1: reason code to OpenSSH's word for it and a hint."""


def _channel_open_error() -> type[asyncssh.ChannelOpenError]:
    import asyncssh

    return asyncssh.ChannelOpenError


def _any_error() -> type[asyncssh.Error]:
    import asyncssh

    return asyncssh.Error


def _find_nothing(name: str) -> None:
    return None


def _nothing() -> None:
    pass
