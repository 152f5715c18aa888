"""The real engine: a ``codex app-server`` of our own on a private unix socket, or one that is there.

Lives here: running it, connecting to it, and noticing its end. Not here: clients
(:mod:`codex_ssh.server.hub`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import re
import secrets
import shutil
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from codex_ssh.core.handshake import NONCE_BYTES, Handshake, HandshakeError, Switched
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.secret import Secret
from codex_ssh.errors import AppServerError, ConfigError, Stage
from codex_ssh.local.files import read_secret
from codex_ssh.server.address import TcpAddress, UnixAddress, parse_listen

logger = logging.getLogger(__name__)

START_SECONDS: Final = 20.0
"""How long the engine may take until it accepts connections."""

CONNECT_SECONDS: Final = 10.0
"""How long it may take to answer an upgrade; the official client's limit."""

STOP_SECONDS: Final = 5.0
"""How long it may take to end when it is told to once more."""

LAST_WORDS_SECONDS: Final = 0.5
"""How long we wait to learn whether a lost connection means that the engine has ended."""

_PR_SET_PDEATHSIG: Final = 1

_LOOK_SECONDS: Final = 0.02
_READ_BYTES: Final = 64 * 1024
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;]*m")


class BackendGone(Exception):
    """The engine cannot be reached; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """An upgraded connection to the engine.

    Attributes:
        leftover: Bytes that came behind its 101.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    leftover: bytes


class Backend(Protocol):
    """A real engine."""

    @property
    def is_ready(self) -> bool:
        """Whether it runs, as far as we know."""

    async def connect(self) -> Upstream:
        """Open a connection for one client.

        Raises:
            BackendGone: It does not answer, or not with 101.
        """

    async def last_words(self) -> str:
        """Say why a connection to it was lost; empty when the engine itself is fine."""

    async def drain(self) -> None:
        """Let it finish its work; return when it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedBackend:
    """An app server somebody else runs: nothing is done to it, and its end is not ours.

    Attributes:
        address: Where it listens.
        token_file: Its token, read for every client, so that it may rotate; None sends none.
    """

    address: TcpAddress | UnixAddress
    token_file: Path | None = None

    @property
    def is_ready(self) -> bool:
        """See :class:`Backend`; each client finds out."""
        return True

    async def connect(self) -> Upstream:
        """See :class:`Backend`."""
        if self.token_file is None:
            return await _dial(self.address)
        try:
            token = read_secret(self.token_file)
        except ConfigError as error:
            raise BackendGone(str(error)) from error
        return await _dial(self.address, token)

    async def last_words(self) -> str:
        """See :class:`Backend`."""
        return ""

    async def drain(self) -> None:
        """See :class:`Backend`; the work is not ours to wait for."""


@dataclass(slots=True, kw_only=True)
class CodexBackend:
    """A child of ours.

    Attributes:
        path: Its socket.
        process: The child.
        ended: Set when it has ended, however it did.
    """

    path: Path
    process: asyncio.subprocess.Process
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_ready(self) -> bool:
        """See :class:`Backend`."""
        return not self.ended.is_set()

    @property
    def epitaph(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        if code is not None and code < 0:
            return f"the engine was ended by signal {-code}"
        return f"the engine ended with exit code {code}"

    async def connect(self) -> Upstream:
        """See :class:`Backend`."""
        if self.ended.is_set():
            raise BackendGone(self.epitaph)
        return await _dial(UnixAddress(path=self.path))

    async def last_words(self) -> str:
        """See :class:`Backend`; its sockets are closed a moment before its end is known."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self.ended.wait()
        return self.epitaph if self.ended.is_set() else ""

    async def drain(self) -> None:
        """See :class:`Backend`; running turns go on, and it ends when they have."""
        if self.process.returncode is None:
            self.process.terminate()
        await self.ended.wait()


def parse_upstream(text: str) -> TcpAddress | UnixAddress:
    """Parse ``--upstream``: ``unix://PATH``, or ``ws://IP:PORT`` on loopback.

    Raises:
        ConfigError: It is something else; bytes without TLS never leave the machine.
    """
    wrong = ConfigError(f"invalid --upstream `{text}`; expected `unix://PATH` or `ws://127.0.0.1:PORT`")
    try:
        address = parse_listen(text)
    except Exception:  # noqa: BLE001 - the words of --listen would mislead
        raise wrong from None
    match address:
        case UnixAddress(path=Path()):
            return address
        case TcpAddress(tls=False) if address.is_loopback and address.port:
            return address
        case _:
            raise wrong


def find_codex() -> Path:
    """Find ``codex`` on PATH; ``CODEX_SSH_CODEX`` names another one.

    Raises:
        ConfigError: There is none.
    """
    named = os.environ.get("CODEX_SSH_CODEX")
    found = shutil.which(named or "codex")
    if found is None:
        raise ConfigError(
            f"{named or 'codex'!r} is not found", hint="install codex, or set CODEX_SSH_CODEX to its path"
        )
    return Path(found)


@contextlib.asynccontextmanager
async def open_codex(program: Path, flags: Sequence[str] = ()) -> AsyncGenerator[CodexBackend, None]:
    """Run ``codex app-server`` on a private unix socket until the block ends.

    Args:
        program: The real codex.
        flags: Its own flags: ``-c``, ``--enable`` and the like.

    Raises:
        AppServerError: It cannot be run, or does not begin to listen.
    """
    with TemporaryDirectory(prefix="codex-ssh-engine-", ignore_cleanup_errors=True) as private:
        path = Path(private) / "s"
        try:
            process = await asyncio.create_subprocess_exec(
                *(str(program), "app-server", *flags, "--listen", f"unix://{path}"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # a terminal's Ctrl-C is ours to pass on
                preexec_fn=_die_with_us(),
            )
        except OSError as error:
            raise _cannot_run(f"{program} cannot be run: {error.strerror}") from error
        backend = CodexBackend(path=path, process=process)
        failure: Exception | None = None
        async with asyncio.TaskGroup() as group:
            group.create_task(_follow(backend))
            try:
                await _wait_ready(backend)
                yield backend
            except Exception as error:  # noqa: BLE001 - the caller's own error must not become a group
                failure = error
            finally:
                await _end(backend)
        if failure is not None:
            raise failure


def _die_with_us() -> Callable[[], None] | None:
    """Give what makes the child end when we are killed and cannot end it: Linux has a way."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded here: little may be done between fork and exec
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


async def _follow(backend: CodexBackend) -> None:
    """Pass on what it says, and note its end."""
    assert backend.process.stderr is not None
    with contextlib.suppress(ValueError):  # a line beyond the reader's limit
        while line := await backend.process.stderr.readline():
            text = plain_line(_ESCAPES.sub("", line.decode("utf-8", "replace")).strip())
            if text:
                logger.warning("engine: %s", text)
    await backend.process.wait()
    backend.ended.set()


async def _wait_ready(backend: CodexBackend) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            while backend.process.returncode is None:
                if await _answers(backend.path):
                    return
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise _cannot_run(f"the engine did not listen within {START_SECONDS:.0f} seconds") from None
    raise _cannot_run(backend.epitaph)


async def _answers(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _end(backend: CodexBackend) -> None:
    target = backend.path.resolve()
    if not backend.ended.is_set():
        with contextlib.suppress(ProcessLookupError):
            backend.process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await backend.ended.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(backend.process.pid, signal.SIGKILL)
    if target != backend.path:
        # codex binds elsewhere and leaves a link; killed, it leaves the socket, too.
        target.unlink(missing_ok=True)


async def _dial(address: TcpAddress | UnixAddress, token: Secret | None = None) -> Upstream:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            if isinstance(address, UnixAddress):
                reader, writer = await asyncio.open_unix_connection(address.path)
                host = "localhost"
            else:
                reader, writer = await asyncio.open_connection(address.ip, address.port)
                host = str(address)
            try:
                leftover = await _upgrade(reader, writer, host, token)
            except BaseException:
                writer.transport.abort()
                raise
    except TimeoutError:
        raise BackendGone(f"no answer within {CONNECT_SECONDS:.0f} seconds") from None
    except OSError as error:
        raise BackendGone(error.strerror or str(error)) from error
    return Upstream(reader=reader, writer=writer, leftover=leftover)


async def _upgrade(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, token: Secret | None
) -> bytes:
    handshake = Handshake(host=host, nonce=secrets.token_bytes(NONCE_BYTES))
    writer.write(handshake.request(bearer=token))
    while True:
        try:
            verdict = handshake.receive(await reader.read(_READ_BYTES))
        except HandshakeError as error:
            raise BackendGone(str(error)) from error
        if isinstance(verdict, Switched):
            return verdict.leftover
        if verdict is not None:
            raise BackendGone(f"it answered {verdict.status} {verdict.body}".strip())


def _cannot_run(message: str) -> AppServerError:
    return AppServerError(message, stage=Stage.APP_SERVER, hint="see what it said above")
