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
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Final

from codex_ssh.core.token import Principal, Verifier
from codex_ssh.core.upgrade import (
    Refusal,
    UpgradeRequest,
    accept_bytes,
)
from codex_ssh.errors import AppServerError, ConfigError, Stage
from codex_ssh.local.accepting import accepting
from codex_ssh.local.peer import peer_uid
from codex_ssh.local.tasks import Tasks, open_tasks
from codex_ssh.server.address import TcpAddress, UnixAddress
from codex_ssh.server.audit import AuditLog
from codex_ssh.server.credential import FileVerifier
from codex_ssh.server.engine import Ending, Engine, Joiner, Visit
from codex_ssh.server.exchange import REQUEST_SECONDS, read_request, say_and_linger, talk
from codex_ssh.server.gate import Gate
from codex_ssh.server.limits import (
    LOGGED_FAILURES,
    MAX_CONNECTIONS,
    MAX_FAILURES,
    TOO_MANY_CONNECTIONS,
    FailureLimit,
)
from codex_ssh.server.tls import TlsFiles
from codex_ssh.server.unix_socket import bind_unix_socket
from codex_ssh.server.websocket import FLUSH_SECONDS, MAX_FRAME_BYTES

logger = logging.getLogger(__name__)

WATCH_SECONDS: Final = 1.0
"""How often files and the credentials of open connections are looked at without a cause."""

POLICY_VIOLATED: Final = 1008
"""Close code of a connection whose credential has ended."""

BACKLOG: Final = 1024

UNIX_HEADERS: Final = (("x-codex-websocket-max-unfragmented-message-bytes", str(MAX_FRAME_BYTES)),)
"""What the real server adds to the 101 on a unix socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerConfig:
    """How to listen.

    Attributes:
        address: Where.
        verifier: Who judges credentials; needed beyond loopback, and not used on a unix socket.
        codex_home: Where the default control socket is.
        tls: Certificate and key; with ``wss://`` and only there.
        close_expired: Whether an open connection ends when its credential does.
        max_connections: How many there may be at once, those without a verdict included.
        max_failures: Wrong credentials an address may show in a minute.
        audit_file: The open audit log, or None.
    """

    address: TcpAddress | UnixAddress
    verifier: Verifier | None = None
    codex_home: Path | None = None
    tls: TlsFiles | None = None
    close_expired: bool = False
    max_connections: int = MAX_CONNECTIONS
    max_failures: int = MAX_FAILURES
    audit_file: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A bound listener that serves.

    Attributes:
        address: Where it really listens; the port is never 0, the path never None.
        engine: What stands behind it.
    """

    address: TcpAddress | UnixAddress
    engine: Engine | Joiner

    @property
    def url(self) -> str:
        """``ws://IP:PORT``, ``wss://IP:PORT`` or ``unix://PATH``."""
        return _url(self.address)

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
        http = "https" if self.address.tls else "http"
        return (
            f"{title}"
            f"  readyz: {http}://{self.address}/readyz\n"
            f"  healthz: {http}://{self.address}/healthz\n"
            f"  note: {note}\n"
        )

    async def drain(self) -> None:
        """Let the engine finish its work. New clients still come in, as with the real server."""
        await self.engine.drain()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Peer:
    """The other end of a connection: a numeric address and a port, or a user."""

    address: str
    port: int = 0

    def __str__(self) -> str:
        if not self.port:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Guest:
    """A client that was let in, and by what."""

    principal: Principal | None
    generation: int
    ending: Ending


@dataclass(slots=True, kw_only=True, eq=False)
class _Reception:
    """Takes connections, asks the gate, and keeps one task a connection.

    Attributes:
        config: How to listen.
        gate: Who may come in.
        engine: Who talks to those who came in.
        clients: A task for each connection.
        headers: What the 101 carries beyond the usual.
        name: The listener's URL, once it is known.
    """

    config: ListenerConfig
    gate: Gate
    engine: Engine | Joiner
    clients: Tasks
    headers: tuple[tuple[str, str], ...] = ()
    name: str = ""
    _guests: set[_Guest] = field(default_factory=set)
    _failures: FailureLimit = field(init=False)
    _count: int = 0

    def __post_init__(self) -> None:
        self._failures = FailureLimit(most=self.config.max_failures)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clients.start(self._serve(reader, writer), at_end=writer.transport.abort)

    async def watch(self) -> None:
        """Look after files that may change and credentials that may end."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self.config.tls is not None:
                self.config.tls.refresh()
            if isinstance(self.gate.verifier, FileVerifier):
                self.gate.verifier.refresh()
            if self.config.close_expired:
                self._end_outdated(int(time.time()))

    def _end_outdated(self, now: int) -> None:
        for guest in self._guests:
            until = guest.principal.valid_until if guest.principal else None
            if until is not None and now > until:
                guest.ending.ask(POLICY_VIOLATED, "expired websocket jwt")
            elif guest.generation != self._generation:
                guest.ending.ask(POLICY_VIOLATED, "the websocket credential was replaced")

    @property
    def _generation(self) -> int:
        return self.gate.verifier.generation if isinstance(self.gate.verifier, FileVerifier) else 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        number = self._count
        try:
            peer = self._find_peer(writer)
            if peer is None:
                return
            if len(self.clients) > self.config.max_connections:
                logger.warning("%s: %s", peer, TOO_MANY_CONNECTIONS.body)
                await say_and_linger(reader, writer, TOO_MANY_CONNECTIONS)
                return
            request = await read_request(reader)
            if isinstance(request, Refusal):
                await say_and_linger(reader, writer, request)
            elif request is not None:
                refusal = self._ask_certificate(writer) or self._judge(request, peer, number)
                if refusal is None:
                    refusal = await self._receive(request, reader, writer, peer, number)
                if refusal is not None:
                    await say_and_linger(reader, writer, refusal, method=request.method)
        except OSError as error:
            logger.info("connection %d lost: %s", number, error)
        except Exception:
            logger.exception("connection %d failed", number)
        finally:
            writer.close()
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await writer.wait_closed()
            except (OSError, TimeoutError):
                writer.transport.abort()

    def _find_peer(self, writer: asyncio.StreamWriter) -> _Peer | None:
        """Say who is there; None for another user at a unix socket."""
        if isinstance(self.config.address, TcpAddress):
            name = writer.get_extra_info("peername")
            return _Peer(address=str(name[0]), port=int(name[1])) if name else None
        uid = peer_uid(writer.get_extra_info("socket"))
        if uid is not None and uid not in (os.geteuid(), 0):
            logger.warning("a process of user %d is not let in", uid)
            return None
        return _Peer(address=f"uid {uid}" if uid is not None else "unix")

    def _ask_certificate(self, writer: asyncio.StreamWriter) -> Refusal | None:
        tls = self.config.tls
        return tls.refusal(writer.get_extra_info("ssl_object")) if tls is not None else None

    def _judge(self, request: UpgradeRequest, peer: _Peer, number: int) -> Refusal | None:
        """Ask the gate, count who fails, and write down who is refused."""
        ready = self.engine.is_ready if isinstance(self.engine, Joiner) else True
        refusal = self.gate.judge(request, now=time.time(), ready=ready)
        is_verdict = refusal is None or refusal.status == HTTPStatus.UNAUTHORIZED
        if is_verdict and self.gate.verifier is not None:
            now = time.monotonic()
            if blocked := self._failures.refusal(peer.address, now=now):
                refusal = blocked
            elif refusal is not None:
                self._log_failure(refusal, peer, self._failures.count(peer.address, now=now))
        if refusal is not None and refusal.status >= HTTPStatus.BAD_REQUEST:
            logger.info("%s: refused with %d %s", peer, refusal.status, refusal.body)
            if refusal.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                self._write_audit(
                    "refused", number, peer, status=int(refusal.status), reason=refusal.body or None
                )
        return refusal

    def _log_failure(self, refusal: Refusal, peer: _Peer, failures: int) -> None:
        if failures <= LOGGED_FAILURES:
            logger.warning("%s: refused: %s", peer, refusal.body)
        if failures == LOGGED_FAILURES:
            logger.warning("%s: more of these within a minute are not logged", peer.address)
        if failures == self.config.max_failures:
            logger.warning("%s: %d failed attempts, refused for a while", peer.address, failures)

    def _write_audit(self, event: str, number: int, peer: _Peer, **facts: str | int | None) -> None:
        if self.config.audit_file is not None:
            log = AuditLog(handle=self.config.audit_file, listener=self.name)
            log.write(event, connection=number, peer=str(peer), **facts)

    async def _receive(
        self,
        request: UpgradeRequest,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        peer: _Peer,
        number: int,
    ) -> Refusal | None:
        """Let a client in and stay with it; or give the answer that says why the engine does not take it."""
        verifier = self.gate.verifier
        principal = verifier.identify(request.values("authorization")) if verifier else None
        guest = _Guest(principal=principal, generation=self._generation, ending=Ending())
        who = principal.name if principal else None
        audited = self.config.audit_file is not None

        def on_method(method: str) -> None:
            self._write_audit("method", number, peer, who=who, method=method)

        visit = Visit(
            request=request,
            reader=reader,
            writer=writer,
            answer=accept_bytes(request, headers=self.headers),
            ending=guest.ending,
            on_method=on_method if audited else None,
        )
        self._write_audit("open", number, peer, who=who)
        self._guests.add(guest)
        try:
            if isinstance(self.engine, Joiner):
                return await self.engine.join(visit)
            await talk(self.engine, visit)
            return None
        finally:
            self._guests.discard(guest)
            self._write_audit("close", number, peer, who=who)


@contextlib.asynccontextmanager
async def open_listener(config: ListenerConfig, engine: Engine | Joiner) -> AsyncGenerator[Listener, None]:
    """Bind and serve until the block ends; clients are then cut without a close frame.

    Raises:
        ConfigError: The address is beyond loopback and there is no auth, or TLS is asked for and not given.
        AppServerError: The address cannot be bound.
    """
    is_unix = isinstance(config.address, UnixAddress)
    _check_config(config)
    async with contextlib.AsyncExitStack() as stack:
        reception = _Reception(
            config=config,
            gate=Gate(serves_health=False) if is_unix else Gate(verifier=config.verifier),
            engine=engine,
            clients=await stack.enter_async_context(open_tasks()),
            headers=UNIX_HEADERS if is_unix else (),
        )
        address: TcpAddress | UnixAddress
        if isinstance(config.address, UnixAddress):
            path = (config.address.path or _control_socket(config.codex_home)).absolute()
            address = await stack.enter_async_context(_open_unix(path, reception))
        else:
            address = await stack.enter_async_context(_open_tcp(config.address, reception))
        reception.name = _url(address)
        watch = await stack.enter_async_context(open_tasks())
        watch.start(reception.watch())
        yield Listener(address=address, engine=engine)


def _check_config(config: ListenerConfig) -> None:
    if isinstance(config.address, UnixAddress):
        return
    if config.verifier is None and not config.address.is_loopback:
        raise ConfigError(
            f"refusing to start non-loopback websocket listener {config.address} without auth; "
            "configure `--ws-auth capability-token` or `--ws-auth signed-bearer-token`"
        )
    if config.address.tls and config.tls is None:
        raise ConfigError("`--listen wss://IP:PORT` needs `--tls-cert` and `--tls-key`")


@contextlib.asynccontextmanager
async def _open_tcp(
    address: TcpAddress, reception: _Reception
) -> AsyncGenerator[TcpAddress | UnixAddress, None]:
    tls = reception.config.tls if address.tls else None
    try:
        server = await asyncio.start_server(
            reception.accept,
            address.ip,
            address.port,
            backlog=BACKLOG,
            start_serving=False,
            ssl=None if tls is None else tls.front,
            ssl_handshake_timeout=None if tls is None else REQUEST_SECONDS,
            ssl_shutdown_timeout=None if tls is None else FLUSH_SECONDS,
        )
    except OSError as error:
        raise _cannot_listen(address.url, error) from error
    port = server.sockets[0].getsockname()[1]
    async with accepting(server):
        yield replace(address, port=port)


@contextlib.asynccontextmanager
async def _open_unix(path: Path, reception: _Reception) -> AsyncGenerator[TcpAddress | UnixAddress, None]:
    with bind_unix_socket(path) as sock:
        server = await asyncio.start_unix_server(
            reception.accept, sock=sock, backlog=BACKLOG, start_serving=False
        )
        async with accepting(server):
            yield UnixAddress(path=path)


def _url(address: TcpAddress | UnixAddress) -> str:
    return f"unix://{address.path}" if isinstance(address, UnixAddress) else address.url


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
