"""The byte stream an SSH connection runs over, and the way by TCP.

Lives here: what a way is, the gate that can hold back what we send, and connecting by TCP.
Not here: the other ways, a ``ProxyCommand`` (:mod:`codex_ssh.link.ssh_proxy`) and a hop's channel
(:mod:`codex_ssh.link.ssh_hops`), and what is said over it (:mod:`codex_ssh.link.ssh_login`).

The gate is how an unknown host key is asked about. asyncssh decides about a host key inside a callback
that cannot wait, and goes on to the login in the same breath. With the gate shut, everything from there on
stays in our buffer until the person has said yes, and is thrown away when it is no.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.link.ssh_hello import Hello
from codex_ssh.local.tasks import Tasks, open_tasks

P = TypeVar("P", bound=asyncio.Protocol)

_LAST_WORDS_SECONDS: Final = 0.2
_ADDRESS_STAGGER_SECONDS: Final = 0.25
"""How long one address may be tried before the next one is tried beside it (RFC 8305)."""

_SILENCE_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 0.25
_AGAIN_AT_MOST: Final = 60
"""When nobody answered for so long, more connections are begun beside the ones that wait, so often, so many.

A packet that was lost is sent again by TCP after 1, 3, 7 and 15 s: a network that comes back between two of
these would be found late. A line on which an answer takes so long by itself is not one to work on.
"""

_SOON_ON_LINUX: Final = ((16, 1), (44, 1000))
"""TCP_THIN_LINEAR_TIMEOUTS and TCP_RTO_MAX_MS of linux/tcp.h.

With little traffic, what is lost is sent again six times after the same short time, and later every second,
instead of ever more rarely: so a network that was away for a moment is found. A kernel that does not know one
of them goes on without.
"""


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
    """The way straight to the host, over whichever of its addresses answers first.

    It can be begun while the client is being loaded.

    Args:
        config: The resolved host.
        hello: Said as soon as what was begun is open; None waits to be spoken to.
    """

    said = ""

    def __init__(self, config: SshConfig, hello: Hello | None = None) -> None:
        self._config = config
        self._begun: asyncio.Future[socket.socket] | None = None
        self.hello = hello
        """What was said already on the first opening."""

    def begin(self, tasks: Tasks) -> None:
        """Begin to connect."""
        begun = self._begun = asyncio.get_running_loop().create_future()
        begun.add_done_callback(lambda done: done.cancelled() or done.exception())
        tasks.start(self._connect(begun))

    async def open(self, factory: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """Give what was begun; from then on connect anew."""
        begun, self._begun = self._begun, None
        connected = await (begun if begun is not None else connect_to(self._config))
        return await asyncio.get_running_loop().create_connection(factory, sock=connected)

    def forget(self) -> None:
        """Close what was begun and not taken, such as a connection that said what does not fit any more."""
        begun, self._begun = self._begun, None
        self.hello = None
        if begun is not None and not begun.cancel() and not begun.cancelled() and begun.exception() is None:
            begun.result().close()

    async def _connect(self, begun: asyncio.Future[socket.socket]) -> None:
        try:
            connected = await connect_to(self._config)
        except OSError as error:
            if not begun.done():
                begun.set_exception(error)
            return
        if begun.done():
            connected.close()
            return
        if self.hello is not None:
            # A fresh connection takes so much at once; one that does not is none to hurry on.
            with contextlib.suppress(OSError):
                connected.send(self.hello.words)
        begun.set_result(connected)


async def connect_to(config: SshConfig) -> socket.socket:
    """Connect to the host by TCP. Raises OSError."""
    family = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}.get(config.address_family, socket.AF_UNSPEC)
    addresses = await asyncio.get_running_loop().getaddrinfo(
        config.hostname, config.port, family=family, type=socket.SOCK_STREAM
    )
    return await connect_first(addresses, config.bind_address)


Addresses = Sequence[tuple[int, int, int, str, tuple[Any, ...]]]
"""What ``getaddrinfo`` gives."""


async def connect_first(addresses: Addresses, bind_address: str) -> socket.socket:
    """Connect to whichever address answers first, each tried a little after the one before, and again later.

    asyncio has this too (``happy_eyeballs_delay``), but loses the socket when it is cancelled just as the
    connection is made (CPython 3.11).
    """
    race = _Race(addresses, bind_address)
    try:
        async with open_tasks() as tasks:
            await race.run(tasks)
        if race.first is None:
            # "Connection refused" by one address says more than "no route" to another.
            raise max(race.errors, key=lambda error: error.errno == errno.ECONNREFUSED)
        race.sockets.remove(race.first)
        return race.first
    finally:
        for sock in race.sockets:
            sock.close()


class _Race:
    """Connections that are begun one after the other, until one of them is made.

    Args:
        addresses: Where to.
        bind_address: Where from; empty lets the system choose.
    """

    def __init__(self, addresses: Addresses, bind_address: str) -> None:
        self.first: socket.socket | None = None
        self.sockets: list[socket.socket] = []
        self.errors: list[OSError] = []
        self._addresses = addresses
        self._bind_address = bind_address
        self._ended = asyncio.Event()

    @property
    def _is_over(self) -> bool:
        return self.first is not None or len(self.errors) == len(self.sockets)

    async def run(self, tasks: Tasks) -> None:
        """Return when one is made, or all have failed."""
        for _ in self._addresses:
            self._begin(tasks)
            await self._wait(_ADDRESS_STAGGER_SECONDS)
            if self.first is not None:
                return
        pause, most = _SILENCE_SECONDS, len(self._addresses) + _AGAIN_AT_MOST
        while not self._is_over:
            if not await self._wait(pause) and len(self.sockets) < most:
                self._begin(tasks)
                pause = _AGAIN_SECONDS

    def _begin(self, tasks: Tasks) -> None:
        family, kind, protocol, _, address = self._addresses[len(self.sockets) % len(self._addresses)]
        sock = socket.socket(family, kind, protocol)
        self.sockets.append(sock)
        sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        for option, value in _SOON_ON_LINUX if sys.platform == "linux" else ():
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
        tasks.start(self._attempt(sock, address))

    async def _attempt(self, sock: socket.socket, address: tuple[Any, ...]) -> None:
        try:
            if self._bind_address:
                sock.bind((self._bind_address, 0))
            await asyncio.get_running_loop().sock_connect(sock, address)
        except OSError as error:
            self.errors.append(error)
        else:
            self.first = self.first or sock
        self._ended.set()

    async def _wait(self, seconds: float) -> bool:
        """Wait until an attempt has ended; False when none has within so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return False
        self._ended.clear()
        return True
