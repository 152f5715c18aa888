"""The listener: sockets, the gate in front of them, and one task per client behind it.

Lives here: binding, accepting, reading the request, handing accepted clients to an engine, and ending all
of it. Not here: the gate's rules (:mod:`codex_ssh.server.gate`), frames (:mod:`codex_ssh.server.websocket`),
what clients are told (the engine), signals and the command line (:mod:`codex_ssh.cli.app_server`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

from codex_ssh.core.token import Verifier
from codex_ssh.core.upgrade import (
    Refusal,
    UpgradeReader,
    UpgradeRequest,
    accept_bytes,
    refusal_bytes,
)
from codex_ssh.errors import AppServerError, ConfigError, Stage
from codex_ssh.server.address import TcpAddress, UnixAddress
from codex_ssh.server.gate import Gate
from codex_ssh.server.unix_socket import bind_unix_socket
from codex_ssh.server.websocket import FLUSH_SECONDS, MAX_FRAME_BYTES, ServerWebSocket

logger = logging.getLogger(__name__)

REQUEST_SECONDS: Final = 10
"""How long a client may take to send its request."""

LINGER_SECONDS: Final = 1
"""How long we wait for a refused client to read why."""

UNIX_HEADERS: Final = (("x-codex-websocket-max-unfragmented-message-bytes", str(MAX_FRAME_BYTES)),)
"""What the real server adds to the 101 on a unix socket."""

_READ_BYTES: Final = 16 * 1024


class Client(Protocol):
    """What an engine sees of a connected client."""

    @property
    def queued(self) -> int:
        """How many messages wait to be written to it."""

    def frames(self) -> AsyncIterator[str]:
        """Give its text messages until it is gone."""

    def send(self, text: str) -> None:
        """Queue a text message; never waits, and cuts a client that does not read."""


class Engine(Protocol):
    """What stands behind the gate."""

    async def serve(self, client: Client) -> None:
        """Talk to one client until it is gone."""

    async def drain(self) -> None:
        """Take no new work; return when the work under way is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerConfig:
    """How to listen.

    Attributes:
        address: Where.
        verifier: Who judges credentials; needed beyond loopback, and not used on a unix socket.
        codex_home: Where the default control socket is.
    """

    address: TcpAddress | UnixAddress
    verifier: Verifier | None = None
    codex_home: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A bound listener that serves.

    Attributes:
        address: Where it really listens; the port is never 0, the path never None.
        engine: What stands behind it.
    """

    address: TcpAddress | UnixAddress
    engine: Engine

    @property
    def url(self) -> str:
        """``ws://IP:PORT`` or ``unix://PATH``."""
        if isinstance(self.address, UnixAddress):
            return f"unix://{self.address.path}"
        return f"ws://{self.address}"

    @property
    def banner(self) -> str:
        """What the real server prints on stderr when it is ready, under our own name."""
        title = f"codex-ssh app-server (WebSockets)\n  listening on: {self.url}\n"
        if isinstance(self.address, UnixAddress):
            return title
        note = (
            "binds localhost only (use SSH port-forwarding for remote access)"
            if self.address.is_loopback
            else "websocket auth is required for non-localhost listeners"
        )
        return (
            f"{title}"
            f"  readyz: http://{self.address}/readyz\n"
            f"  healthz: http://{self.address}/healthz\n"
            f"  note: {note}\n"
        )

    async def drain(self) -> None:
        """Let the engine finish its work. New clients still come in, as with the real server."""
        await self.engine.drain()


@dataclass(slots=True, kw_only=True)
class _Reception:
    """Takes connections, asks the gate, and keeps one task a connection.

    Attributes:
        gate: Who may come in.
        headers: What the 101 carries beyond the usual.
        engine: Who talks to those who came in.
        group: Where the tasks live.
    """

    gate: Gate
    engine: Engine
    group: asyncio.TaskGroup
    headers: tuple[tuple[str, str], ...] = ()
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self.group.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hang_up(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read_request(reader)
            if request is None:
                return
            if isinstance(request, Refusal):
                await _say_and_linger(reader, writer, refusal_bytes(request))
                return
            if refusal := self.gate.judge(request, now=time.time()):
                if refusal.status >= HTTPStatus.BAD_REQUEST:
                    logger.info("refused with %d %s", refusal.status, refusal.body)
                await _say_and_linger(reader, writer, refusal_bytes(refusal, method=request.method))
                return
            writer.write(accept_bytes(request, headers=self.headers))
            await self._talk(ServerWebSocket(reader, writer, leftover=request.leftover))
        except OSError as error:
            logger.info("connection lost: %s", error)
        except Exception:
            logger.exception("connection failed")
        finally:
            writer.close()
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await writer.wait_closed()
            except (OSError, TimeoutError):
                writer.transport.abort()

    async def _talk(self, client: ServerWebSocket) -> None:
        async with asyncio.TaskGroup() as group:
            pump = group.create_task(client.pump())
            try:
                await self.engine.serve(client)
            finally:
                client.finish()
                try:
                    async with asyncio.timeout(FLUSH_SECONDS):
                        await asyncio.wait([pump])
                except TimeoutError:
                    client.abort()


async def _read_request(reader: asyncio.StreamReader) -> UpgradeRequest | Refusal | None:
    """Read one head; None when the client went away or took too long."""
    upgrade = UpgradeReader()
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            while data := await reader.read(_READ_BYTES):
                if (found := upgrade.feed(data)) is not None:
                    return found
    except TimeoutError:
        logger.info("a client sent no request within %d s", REQUEST_SECONDS)
    return None


async def _say_and_linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Send the answer and wait for the client to hang up: closing at once could destroy it unread."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            writer.write(answer)
            await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
            while await reader.read(_READ_BYTES):
                pass


@contextlib.asynccontextmanager
async def open_listener(config: ListenerConfig, engine: Engine) -> AsyncGenerator[Listener, None]:
    """Bind and serve until the block ends; clients are then cut without a close frame.

    Raises:
        ConfigError: The address is beyond loopback and there is no auth.
        AppServerError: The address cannot be bound.
    """
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        try:
            async with _open_bound(config, engine, group) as listener:
                yield listener
        except Exception as error:  # noqa: BLE001 - the caller's own error must not become a group
            failure = error
    if failure is not None:
        raise failure


def _open_bound(
    config: ListenerConfig, engine: Engine, group: asyncio.TaskGroup
) -> contextlib.AbstractAsyncContextManager[Listener]:
    if isinstance(config.address, UnixAddress):
        path = (config.address.path or _control_socket(config.codex_home)).absolute()
        gate = Gate(serves_health=False)
        return _open_unix(path, _Reception(gate=gate, engine=engine, group=group, headers=UNIX_HEADERS))
    if config.verifier is None and not config.address.is_loopback:
        raise ConfigError(
            f"refusing to start non-loopback websocket listener {config.address} without auth; "
            "configure `--ws-auth capability-token` or `--ws-auth signed-bearer-token`"
        )
    gate = Gate(verifier=config.verifier)
    return _open_tcp(config.address, _Reception(gate=gate, engine=engine, group=group))


@contextlib.asynccontextmanager
async def _open_tcp(address: TcpAddress, reception: _Reception) -> AsyncGenerator[Listener, None]:
    try:
        server = await asyncio.start_server(reception.accept, address.ip, address.port)
    except OSError as error:
        raise _cannot_listen(f"ws://{address}", error) from error
    async with server:
        port = server.sockets[0].getsockname()[1]
        try:
            yield Listener(address=TcpAddress(ip=address.ip, port=port), engine=reception.engine)
        finally:
            # Before the server waits for its clients to be gone.
            reception.hang_up()


@contextlib.asynccontextmanager
async def _open_unix(path: Path, reception: _Reception) -> AsyncGenerator[Listener, None]:
    with bind_unix_socket(path) as sock:
        async with await asyncio.start_unix_server(reception.accept, sock=sock):
            try:
                yield Listener(address=UnixAddress(path=path), engine=reception.engine)
            finally:
                reception.hang_up()


def _control_socket(codex_home: Path | None) -> Path:
    if codex_home is None:
        raise ConfigError("`--listen unix://` needs a CODEX_HOME")
    directory = codex_home / "app-server-control"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_listen(f"unix://{directory}", error) from error
    return directory / "app-server-control.sock"


def _cannot_listen(url: str, error: OSError) -> AppServerError:
    said = f"{os.strerror(error.errno)} (os error {error.errno})" if error.errno else str(error)
    return AppServerError(f"cannot listen on {url}: {said}", stage=Stage.APP_SERVER, said=said)
