"""Stage "forward": the door, a local address through which any client reaches the app server.

Lives here: listening on loopback or on a private unix socket, ending each client's upgrade, and passing
bytes to a dialled connection. Not here: dialling (:mod:`codex_ssh.link.dial`, once for every client) and
running a client (:mod:`codex_ssh.external.launch`). Our own TUI needs no door: its WebSocket runs in the
SSH channel.

The door is open to this machine, so it trusts nobody: a client must show the door's own random token on a
TCP port, and be the same user on a unix socket; an ``Origin`` (a web page) or a foreign ``Host`` (DNS
rebinding) gets nothing. The app server's token never passes through a client.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier
from codex_ssh.core.upgrade import (
    Refusal,
    UpgradeReader,
    UpgradeRequest,
    accept_bytes,
    check_upgrade,
    refusal_bytes,
)
from codex_ssh.core.value import dataclass
from codex_ssh.errors import CodexSshError, ForwardError, Stage
from codex_ssh.link.dial import Dial
from codex_ssh.link.splice import Splice
from codex_ssh.local.accepting import accepting
from codex_ssh.local.peer import peer_uid
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

REQUEST_TIMEOUT_SECONDS: Final = 10.0
"""How long a client may take to say what it wants."""

MAX_CLIENTS: Final = 64
"""More than anybody's front ends; a flood of connections ends here, not in dials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An open door.

    Attributes:
        endpoint: What a client is pointed at, for example ``codex --remote``.
        token: What a client on a TCP door must show as its bearer token.
    """

    endpoint: WsEndpoint | UnixEndpoint
    token: Secret


@asynccontextmanager
async def open_door(
    dial: Dial, *, at: WsEndpoint | UnixEndpoint, token: Secret
) -> AsyncGenerator[Door, None]:
    """Listen for clients and connect each of them to the app server.

    Args:
        dial: The way to the app server.
        at: Where to listen: a loopback address (port 0 takes a free one), or the path of a socket in a
            directory that is the user's alone.
        token: The door's own token.

    Raises:
        ForwardError: The address cannot be listened on, or is open to others.
    """
    async with open_tasks() as tasks:
        listening = _listen(at)
        guard = _Guard(token, names=_names_of(listening))
        loop = asyncio.get_running_loop()

        def admit(client: _Client) -> None:
            if len(tasks) < MAX_CLIENTS:
                tasks.start(_serve(client, dial), at_end=client.transport.close)
            else:
                client.refuse(Refusal(status=503, body="this door has too many clients"))

        def make() -> _Client:
            return _Client(guard, admit)

        server = (
            await loop.create_unix_server(make, sock=listening, start_serving=False)
            if isinstance(at, UnixEndpoint)
            else await loop.create_server(make, sock=listening, start_serving=False)
        )
        try:
            async with accepting(server):
                yield Door(endpoint=_endpoint_of(listening, at), token=token)
        finally:
            if isinstance(at, UnixEndpoint):
                _remove(at.path)


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


def _listen(at: WsEndpoint | UnixEndpoint) -> socket.socket:
    try:
        if isinstance(at, UnixEndpoint):
            return _listen_unix(Path(at.path))
        if not at.is_loopback:
            raise ForwardError(f"a door opens on loopback only, not on {at.host!r}", stage=Stage.DOOR)
        host = "127.0.0.1" if at.host == "localhost" else at.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, at.port), family=family, backlog=16)
    except OSError as error:
        raise ForwardError(
            f"cannot listen on {str(at)!r}",
            stage=Stage.DOOR,
            said=os.strerror(error.errno) if error.errno else str(error),
            hint="choose another --listen address",
        ) from error


def _listen_unix(path: Path) -> socket.socket:
    facts = path.parent.stat()
    if facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise ForwardError(
            f"the directory {str(path.parent)!r} is not yours alone",
            stage=Stage.DOOR,
            hint=f"chmod 700 {path.parent}, or choose another directory",
        )
    listening = socket.socket(socket.AF_UNIX)
    try:
        # The directory keeps others away meanwhile; the mode says so once more.
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen(16)
    except BaseException:
        listening.close()
        raise
    return listening


def _endpoint_of(listening: socket.socket, at: WsEndpoint | UnixEndpoint) -> WsEndpoint | UnixEndpoint:
    if isinstance(at, UnixEndpoint):
        return at
    host, port = listening.getsockname()[:2]
    return WsEndpoint(host=host, port=port)


def _names_of(listening: socket.socket) -> frozenset[str]:
    """The ``Host`` values by which a client can honestly know us; empty for a unix socket."""
    if listening.family == socket.AF_UNIX:
        return frozenset()
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return frozenset({f"{shown}:{port}", f"localhost:{port}"})


class _Guard:
    """Decides on a client's request."""

    def __init__(self, token: Secret, *, names: frozenset[str]) -> None:
        self._verifier = CapabilityVerifier.from_token(token)
        self.names = names

    def check(self, request: UpgradeRequest, client: socket.socket) -> Refusal | None:
        if request.values("origin"):
            return Refusal(status=403, body="this door is not for web pages")
        if self.names and (request.first("host") or "").lower() not in self.names:
            return Refusal(status=403, body="this door has another name")
        if refusal := check_upgrade(request):
            return refusal
        if self.names:
            return self._verifier.verify(request.values("authorization"), now=time.time())
        if peer_uid(client) != os.getuid():
            return Refusal(status=403, body="this door is another user's")
        return None


class _Client(asyncio.Protocol):
    """One client until it is connected: reads its request, then waits for the verdict of the dial."""

    transport: asyncio.Transport

    def __init__(self, guard: _Guard, admit: Callable[[_Client], None]) -> None:
        self._guard = guard
        self._admit = admit
        self._reader = UpgradeReader()
        self.asked: asyncio.Future[UpgradeRequest | None] = asyncio.get_running_loop().create_future()
        self.early = bytearray()
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._admit(self)

    def data_received(self, data: bytes) -> None:
        if self.asked.done():
            # Frames of an eager client; they wait until the way is open, in bounded memory.
            self.early += data
            if len(self.early) > 256 * 1024:
                self.transport.pause_reading()
            return
        match self._reader.feed(data):
            case UpgradeRequest() as request:
                if refusal := self._guard.check(request, self.transport.get_extra_info("socket")):
                    log.warning("door: a client was refused: %s", refusal.body or refusal.status)
                    self.refuse(refusal)
                else:
                    self.early += request.leftover
                    self.asked.set_result(request)
            case Refusal() as refusal:
                self.refuse(refusal)
            case None:
                pass

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        if not self.asked.done():
            self.asked.set_result(None)

    def refuse(self, refusal: Refusal) -> None:
        """Answer and close."""
        if not self.gone:
            self.transport.write(refusal_bytes(refusal))
            self.transport.close()
        if not self.asked.done():
            self.asked.set_result(None)


async def _serve(client: _Client, dial: Dial) -> None:
    """Bring one client to the app server and stay until either side ends."""
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
            request = await client.asked
    except TimeoutError:
        client.refuse(Refusal(status=408, body="no request came"))
        return
    if request is None:
        return
    near = client.transport
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    far: _Far | None = None
    try:
        far = await dial(lambda: _Far(near, ended))
        if client.gone:
            return
        near.write(accept_bytes(request))
        far.join(client)
        log.info("door: a client is connected")
        await ended
    except CodexSshError as error:
        log.warning("door: a client could not be connected: %s", error)
        said = getattr(error, "said", "")
        client.refuse(Refusal(status=502, body=f"codex-ssh: {error}{': ' + said if said else ''}"))
    finally:
        if far is not None and far.transport is not None:
            far.transport.close()


class _Far(Splice):
    """The app server's side: made by the dial, before the client's side is."""

    def join(self, client: _Client) -> None:
        """Start passing what the client sends, what it has sent already first."""
        assert self.transport is not None
        near = Splice(self.transport, self._ended)
        near.transport = self._to
        self._to.set_protocol(near)
        if client.early:
            self.transport.write(bytes(client.early))
        self._to.resume_reading()
