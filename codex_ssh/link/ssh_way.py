"""The byte stream an SSH connection runs over, and the way by TCP.

Lives here: what a way is, the gate that can hold back what we send, and connecting by TCP.
Not here: the other ways, a ``ProxyCommand`` (:mod:`codex_ssh.link.ssh_proxy`) and a hop's channel
(:mod:`codex_ssh.link.ssh_asyncssh`), and what is said over it (:mod:`codex_ssh.link.ssh_login`).

The gate is how an unknown host key is asked about. asyncssh decides about a host key inside a callback
that cannot wait, and goes on to the login in the same breath. With the gate shut, everything from there on
stays in our buffer until the person has said yes, and is thrown away when it is no.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.local.tasks import open_tasks

P = TypeVar("P", bound=asyncio.Protocol)

_LAST_WORDS_SECONDS: Final = 0.2
_ADDRESS_STAGGER_SECONDS: Final = 0.25
"""How long one address may be tried before the next one is tried beside it (RFC 8305)."""


class Way(Protocol):
    """Something that can open a byte stream to the host, once."""

    @property
    def said(self) -> str:
        """What a program on the way printed about a failure; usually empty."""

    async def open(self, factory: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """Open it. Raises OSError, or whatever the hop says."""


class Gate(asyncio.Transport):
    """A transport that can hold back what is written to it.

    Args:
        transport: Where it goes.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._held: list[bytes] | None = None

    def shut(self) -> None:
        """Keep what is written from now on."""
        self._held = []

    def open(self) -> None:
        """Send what was kept, and everything after it."""
        held, self._held = self._held or [], None
        self._transport.writelines(held)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send or keep bytes."""
        if self._held is None:
            self._transport.write(data)
        else:
            self._held.append(bytes(data))

    def close(self) -> None:
        """Close the transport; what is kept is thrown away."""
        self._transport.close()

    def abort(self) -> None:
        """End the transport now."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether the transport is closing."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport knows."""
        return self._transport.get_extra_info(name, default)


class GatedWay:
    """What asyncssh takes for a tunnel: opens the way, and puts the gate in.

    Args:
        way: Opens the byte stream.
    """

    def __init__(self, way: Way) -> None:
        self.way = way
        self.gate: Gate | None = None
        """The gate, once the way is open."""
        self.settle: Callable[[], None] = lambda: None
        """Says that the login is over: from then on the end of the way is told at once."""

    async def create_connection(
        self, session_factory: Callable[[], Any], _host: str, _port: int
    ) -> tuple[Any, Any]:
        """Open the way for an asyncssh connection; the shape is asyncssh's."""
        transport, start = await self.way.open(lambda: _Start(session_factory(), self))
        return transport, start.connection

    def close(self) -> None:
        """Nothing: whoever opened the way closes it."""

    async def wait_closed(self) -> None:
        """Nothing to wait for."""


class _Start(asyncio.Protocol):
    """Stands in for the SSH connection until the transport is there, then steps aside."""

    def __init__(self, connection: Any, way: GatedWay) -> None:
        self.connection = connection
        self._way = way

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_protocol(_LoggingIn(self.connection))
        self._way.gate = Gate(transport)
        self._way.settle = lambda: transport.set_protocol(self.connection)
        self.connection.connection_made(self._way.gate)


class _LoggingIn(asyncio.Protocol):
    """Tells the SSH connection of its end a little later, so that the last words before it are heard.

    asyncssh drops what it has received and not looked at yet when the end comes, and it looks at nothing
    while it works on a packet. The reason of a refusal, sent just before the end, would be lost, and a
    refused login look like a bad network, which is tried again.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def data_received(self, data: bytes) -> None:
        self._connection.data_received(data)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def eof_received(self) -> bool:
        self._later(None)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._later(exc)

    def _later(self, exc: Exception | None) -> None:
        asyncio.get_running_loop().call_later(_LAST_WORDS_SECONDS, self._connection.connection_lost, exc)


class TcpWay:
    """The way straight to the host, over whichever of its addresses answers first."""

    said = ""

    def __init__(self, config: SshConfig) -> None:
        self._config = config

    async def open(self, factory: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """Connect."""
        config, loop = self._config, asyncio.get_running_loop()
        family = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}.get(
            config.address_family, socket.AF_UNSPEC
        )
        addresses = await loop.getaddrinfo(
            config.hostname, config.port, family=family, type=socket.SOCK_STREAM
        )
        connected = await connect_first(addresses, config.bind_address)
        return await loop.create_connection(factory, sock=connected)


Addresses = Sequence[tuple[int, int, int, str, tuple[Any, ...]]]
"""What ``getaddrinfo`` gives."""


async def connect_first(addresses: Addresses, bind_address: str) -> socket.socket:
    """Connect to whichever address answers first, each tried a little after the one before.

    asyncio has this too (``happy_eyeballs_delay``), but loses the socket when it is cancelled just as the
    connection is made (CPython 3.11).
    """
    loop = asyncio.get_running_loop()
    first: asyncio.Future[socket.socket] = loop.create_future()
    ended = asyncio.Event()
    sockets: list[socket.socket] = []
    errors: list[OSError] = []

    async def attempt(sock: socket.socket, address: tuple[Any, ...]) -> None:
        try:
            if bind_address:
                sock.bind((bind_address, 0))
            await loop.sock_connect(sock, address)
        except OSError as error:
            errors.append(error)
        else:
            if not first.done():
                first.set_result(sock)
        ended.set()

    try:
        async with open_tasks() as tasks:
            for family, kind, protocol, _, address in addresses:
                sock = socket.socket(family, kind, protocol)
                sockets.append(sock)
                sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
                ended.clear()
                tasks.start(attempt(sock, address))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_ADDRESS_STAGGER_SECONDS):
                        await ended.wait()
                if first.done():
                    break
            while not first.done() and len(errors) < len(sockets):
                ended.clear()
                await ended.wait()
        if not first.done():
            # "Connection refused" by one address says more than "no route" to another.
            raise max(errors, key=lambda error: error.errno == errno.ECONNREFUSED)
        sockets.remove(first.result())
        return first.result()
    finally:
        for sock in sockets:
            sock.close()
