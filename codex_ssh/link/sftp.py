"""Files on the devbox: an SFTP session inside the SSH connection we have, whichever client made it.

Lives here: opening the session, and saying why it ended.
Not here: the protocol, which is asyncssh's :class:`asyncssh.SFTPClient`, and what is copied where.

asyncssh's own ``start_sftp_client`` exists for its own connections only. What it needs of one is a byte
stream and a place to run its reader, so the same client runs over a channel of the user's ``ssh`` as well.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncssh
from asyncssh.logging import logger
from asyncssh.sftp import start_sftp_client

from codex_ssh.errors import ForwardError, Stage
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.tasks import Tasks, open_tasks

START_TIMEOUT_SECONDS: Final = 15.0
"""For the server's first message: it starts a program for it."""

_END_SECONDS: Final = 2.0
_LOST_SECONDS: Final = 1.0
"""How long the news may take that it was the connection that ended, not only the session."""

_VERSION: Final = 3
"""The version every server speaks."""

_LIMIT: Final = 1024 * 1024
"""Bytes read ahead before the server has to wait."""


@asynccontextmanager
async def open_sftp(ssh: Ssh) -> AsyncGenerator[asyncssh.SFTPClient, None]:
    """Open an SFTP session for the length of the block.

    What the server says about a file (none there, not allowed, disk full) comes as
    :class:`asyncssh.SFTPError` from the call that asked.

    Raises:
        ForwardError: The server has no SFTP, does not answer as SFTP does, or ended the session.
        LinkLost: The connection went away meanwhile.
    """
    try:
        transport, stream = await ssh.open_subsystem(_Stream, "sftp")
    except ForwardError as error:
        raise _refused(ssh, error.said, error.hint or _HINT) from error
    try:
        async with open_tasks() as tasks:
            client = await _start(ssh, transport, stream, tasks)
            try:
                yield client
            except (asyncssh.Error, OSError) as error:
                if not transport.is_closing():
                    raise  # about a file
                await _raise_if_lost(ssh)
                raise ForwardError(
                    "the SFTP session ended too early",
                    stage=Stage.FORWARD,
                    host=ssh.host,
                    said=_said(transport) or str(error),
                    hint="see what the log of its sshd says",
                ) from error
            finally:
                client.exit()
                await _ended(stream)
    finally:
        transport.abort()


async def _ended(stream: _Stream) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            await stream.ended.wait()


async def _start(
    ssh: Ssh, transport: asyncio.Transport, stream: _Stream, tasks: Tasks
) -> asyncssh.SFTPClient:
    writer: Any = _Writer(transport, stream)
    connection: Any = _Connection(tasks)
    reader: Any = stream.reader
    try:
        async with asyncio.timeout(START_TIMEOUT_SECONDS):
            return await start_sftp_client(
                connection, asyncio.get_running_loop(), "replace", reader, writer, "utf-8", "surrogateescape",
                _VERSION,
            )  # fmt: skip
    except asyncssh.SFTPBadMessage as error:
        hint = "something else than SFTP came: does an rc file there print?"
        raise _refused(ssh, _said(transport) or str(error), hint) from error
    except (TimeoutError, asyncssh.Error, OSError) as error:
        await _raise_if_lost(ssh)
        said = f"no answer in {START_TIMEOUT_SECONDS:g} s" if isinstance(error, TimeoutError) else ""
        raise _refused(ssh, _said(transport) or said, _HINT) from error


async def _raise_if_lost(ssh: Ssh) -> None:
    """Raise LinkLost when it was the connection that ended."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LOST_SECONDS):
            await ssh.wait_lost()


_HINT: Final = "its sshd needs a line like: Subsystem sftp internal-sftp"


def _refused(ssh: Ssh, said: str, hint: str) -> ForwardError:
    return ForwardError(
        "the server would not open SFTP", stage=Stage.FORWARD, host=ssh.host, said=said, hint=hint
    )


def _said(transport: asyncio.Transport) -> str:
    return str(transport.get_extra_info("stderr") or "")


class _Reader(asyncio.StreamReader):
    """A stream to read from, with the two things more that asyncssh wants of one."""

    logger = logger

    def __init__(self) -> None:
        super().__init__(limit=_LIMIT)
        self.transport: asyncio.Transport | None = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The server's version, for the order of a symlink's ends; the user's ``ssh`` does not tell it."""
        mine = self.transport.get_extra_info(name) if self.transport is not None else None
        return mine or ("OpenSSH" if name == "server_version" else default)


class _Stream(asyncio.StreamReaderProtocol):
    """Sits on the channel."""

    def __init__(self) -> None:
        self.reader = _Reader()
        self.ended = asyncio.Event()
        super().__init__(self.reader)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        self.reader.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.ended.set()


class _Writer:
    """The other direction, in the shape asyncssh wants; ``channel`` is itself."""

    def __init__(self, transport: asyncio.Transport, stream: _Stream) -> None:
        self.channel = self
        self.write = transport.write
        self.close = transport.close
        self.is_closing = transport.is_closing
        self._transport = transport
        self._stream = stream

    def write_eof(self) -> None:
        """End our direction; the server ends the session then."""
        if not self._transport.is_closing():
            self._transport.write_eof()

    async def wait_closed(self) -> None:
        """Wait for the end of the channel."""
        await self._stream.ended.wait()


class _Connection:
    """What asyncssh runs its reader by."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def create_task(self, coroutine: Coroutine[Any, Any, None], _logger: object) -> None:
        """Run it beside the block."""
        self._tasks.start(coroutine)
