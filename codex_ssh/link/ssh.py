"""One authenticated SSH connection, whichever client made it: the Protocol every later stage uses.

Lives here: what a stage may ask of the connection, and the values that go in and out.
Not here: how the connection is made (:mod:`codex_ssh.link.ssh_hops`).

Channels are plain asyncio: ``open_tcp`` and ``open_unix`` have the shape of
:meth:`asyncio.loop.create_connection`, so whatever speaks over a socket speaks over a channel, without a
listener and without a pump in between. The transports they give support ``set_protocol``,
``pause_reading``, ``abort`` (which ends the protocol at once, also when the peer is gone) and
``get_extra_info("peername")``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar, runtime_checkable

from codex_ssh.core.value import dataclass

P = TypeVar("P", bound=asyncio.Protocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a script printed on the devbox.

    Attributes:
        status: Exit status; None when it ended by a signal or the channel closed first.
        stdout: Bytes, at most the limit that was asked for.
        stderr: The tail, at most 16 KiB.
        truncated: Whether stdout was cut at the limit.
    """

    status: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool = False


class Ssh(Protocol):
    """One SSH connection: one login, everything rides it."""

    @property
    def host(self) -> str:
        """The host as the user typed it; the word for every message."""

    @property
    def user(self) -> str:
        """The login name in use."""

    @property
    def is_borrowed(self) -> bool:
        """Whether the connection is not ours alone: the user's own master."""

    async def run(self, script: str, *, timeout: float, limit: int = 256 * 1024) -> Ran:
        """Run a POSIX script by ``exec /bin/sh -s`` with the script on stdin, without a terminal.

        Args:
            script: Shell text. Nothing of it is seen by the login shell.
            timeout: Seconds for all of it.
            limit: Bytes of stdout kept; the rest is read and dropped.

        Raises:
            ForwardError: The server refuses exec, or it did not end in time.
            AppServerError: A native Windows host answered.
            LinkLost: The connection went away meanwhile.
        """

    async def open_tcp(self, factory: Callable[[], P], host: str, port: int) -> tuple[asyncio.Transport, P]:
        """Open a direct-tcpip channel to an address as seen from the devbox.

        Raises:
            ForwardError: The server would not; ``said`` holds its words ("Connection refused",
                "administratively prohibited").
            LinkLost: The connection went away meanwhile.
        """

    async def open_unix(self, factory: Callable[[], P], path: str) -> tuple[asyncio.Transport, P]:
        """Open a direct-streamlocal channel to a unix socket on the devbox. Raises as `open_tcp`."""

    async def open_exec(self, factory: Callable[[], P], command: str) -> tuple[asyncio.Transport, P]:
        """Run a command without a terminal; its stdin and stdout are the byte stream.

        The protocol is made when the command runs. ``get_extra_info("stderr")`` is the tail of what it said
        there. Raises as `open_tcp`.

        Args:
            factory: Makes the protocol.
            command: Words for the login shell, whichever it is.
        """

    async def open_subsystem(self, factory: Callable[[], P], name: str) -> tuple[asyncio.Transport, P]:
        """Run a subsystem of the SSH server, such as ``sftp``, as a byte stream. Raises as `open_tcp`.

        Where a server does not have it, a client that is not told so gives a stream that ends at once, with
        the server's words in ``get_extra_info("stderr")``.
        """

    async def wait_lost(self) -> None:
        """Block until the connection is gone. Returns when we closed it ourselves.

        Raises:
            LinkLost: It broke or the server closed it; ``said`` is the reason.
        """


@runtime_checkable
class ListensThere(Protocol):
    """A connection by which the devbox can listen for us; not every one can."""

    def listen_tcp(self, port: int, to: tuple[str, int]) -> AbstractAsyncContextManager[int]:
        """Have the devbox listen on its loopback while the block lasts; gives the port.

        Each client there gets a connection from here.

        Args:
            port: There; 0 takes a free one.
            to: Where clients are connected to, as seen from here.

        Raises:
            ForwardError: The server would not.
            LinkLost: The connection went away meanwhile.
        """
