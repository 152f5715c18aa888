"""The byte stream an SSH connection runs over: TCP, a hop's channel, or a ``ProxyCommand``.

Lives here: opening each of the three as an asyncio transport, and the gate that can hold back what we send.
Not here: what is said over it (:mod:`codex_ssh.link.ssh_login`).

The gate is how an unknown host key is asked about. asyncssh decides about a host key inside a callback
that cannot wait, and goes on to the login in the same breath. With the gate shut, everything from there on
stays in our buffer until the person has said yes, and is thrown away when it is no.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, TypeVar

from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.link.tasks import open_tasks

P = TypeVar("P", bound=asyncio.Protocol)

_PROXY_STDERR_LIMIT: Final = 16 * 1024
_PROXY_END_SECONDS: Final = 0.5
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


class ProxyWay:
    """The way over a ``ProxyCommand``: its stdin and stdout are one socket, and ours is the other end.

    Args:
        ours: Our end.
        tell: Gets what it prints on stderr: some print an address to log in at.
    """

    def __init__(self, ours: socket.socket, tell: Callable[[str], None]) -> None:
        self._ours = ours
        self._tell = tell
        self._tail = b""

    @property
    def said(self) -> str:
        """The tail of its stderr."""
        return self._tail.decode(errors="replace").strip()

    async def open(self, factory: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """Take our end over."""
        return await asyncio.get_running_loop().create_connection(factory, sock=self._ours)

    def heard(self, data: bytes) -> None:
        """Keep the tail of its stderr, and pass it on."""
        self._tail = (self._tail + data)[-_PROXY_STDERR_LIMIT:]
        self._tell(data.decode(errors="replace"))


@asynccontextmanager
async def open_proxy(command: str, tell: Callable[[str], None]) -> AsyncGenerator[ProxyWay, None]:
    """Run a ``ProxyCommand`` while the block lasts; with it ends everything it started.

    Args:
        command: With its tokens expanded. The person's shell runs it, as with ``ssh``.
        tell: Gets what it prints on stderr.
    """
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        ours, theirs = (stack.enter_context(end) for end in socket.socketpair())
        words, their_words = (stack.enter_context(end) for end in socket.socketpair())
        ours.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        words.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        way = ProxyWay(ours, tell)
        # Not asyncio's own: see the same in ssh_config.
        process = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond
            [os.environ.get("SHELL") or "/bin/sh", "-c", f"exec {command}"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=their_words.fileno(),
            start_new_session=True,
        )
        theirs.close()
        their_words.close()

        def listen() -> None:
            data = words.recv(_PROXY_STDERR_LIMIT)
            if data:
                way.heard(data)
            else:
                loop.remove_reader(words)

        loop.add_reader(words, listen)
        try:
            yield way
        finally:
            loop.remove_reader(words)
            ours.close()
            await _end_proxy(process)


async def _end_proxy(process: subprocess.Popen[bytes]) -> None:
    """Let it end by itself when its connection is closed, then ask it, then make it."""
    try:
        for number in (0, signal.SIGHUP):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, _PROXY_END_SECONDS)
                break
    finally:
        # Also what is left when only the shell has ended.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
