"""The way to the app server where the SSH server forbids forwarding: a program on the devbox joins both ends.

Lives here: starting that program by a script, and handing its byte stream over as if it were a channel.
Not here: when it is taken, and the proof that comes before (:mod:`codex_ssh.link.dial`).

For a unix socket this is ``codex app-server proxy --sock PATH``, which copies bytes and leaves the upgrade to
us; for a port whatever of bash, socat, python3 and nc is there. Nothing is installed.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
from collections.abc import Callable
from importlib.resources import files
from typing import Final, Generic, TypeVar

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.errors import ForwardError, Stage
from codex_ssh.link.ssh import Ssh

P = TypeVar("P", bound=asyncio.Protocol)

_NOISE_LIMIT: Final = 1024 * 1024
"""So much may rc files print before the script answers."""

_WAYS: Final = "bash, socat, python3 or nc"


async def open_bridge(
    ssh: Ssh, factory: Callable[[], P], endpoint: WsEndpoint | UnixEndpoint, *, codex: str
) -> tuple[asyncio.Transport, P]:
    """Open a byte stream to an endpoint by a program on the devbox.

    Args:
        ssh: The connection.
        factory: Makes the protocol that takes over.
        endpoint: As seen from the devbox.
        codex: The codex there; empty when none was found.

    Raises:
        ForwardError: No program there can do it, or it could not connect.
        LinkLost: The SSH connection went away meanwhile.
    """
    marker = f"codex-ssh-{secrets.token_hex(8)}"
    variables = {"M": marker, "HOST": "", "PORT": "", "SOCK": "", "CODEX": codex}
    if isinstance(endpoint, UnixEndpoint):
        variables["SOCK"] = endpoint.path
    else:
        variables |= {"HOST": endpoint.host, "PORT": str(endpoint.port)}
    head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in variables.items())
    script = head + files("codex_ssh.link").joinpath("bridge.sh").read_text(encoding="utf-8")
    transport, opening = await ssh.open_exec(lambda: _Opening(factory, script, marker), "exec /bin/sh -s")
    try:
        protocol = await opening.opened
    except BaseException as error:
        transport.abort()
        if not isinstance(error, _NotOpened):
            raise
        raise ForwardError(
            f"no program there could connect to {endpoint}",
            stage=Stage.FORWARD,
            host=ssh.host,
            said=str(transport.get_extra_info("stderr", "")),
            hint=f"its sshd forbids forwarding, so one of {_WAYS} is needed there; or allow forwarding",
        ) from None
    return transport, protocol


class _NotOpened(Exception):
    """The script ended without a stream."""


class _Opening(asyncio.Protocol, Generic[P]):
    """Feeds the script, waits for its word, and makes room for the real protocol."""

    def __init__(self, factory: Callable[[], P], script: str, marker: str) -> None:
        self._factory = factory
        self._script = script
        self._marker = marker.encode()
        self._heard = b""
        self._transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[P] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._script.encode())

    def data_received(self, data: bytes) -> None:
        self._heard += data
        start = self._heard.find(self._marker + b" ")
        if start < 0:
            self._heard = self._heard[-_NOISE_LIMIT:]
            return
        line, newline, behind = self._heard[start:].partition(b"\n")
        if not newline:
            return
        if not line.startswith(self._marker + b" ready"):
            self._fail()
            return
        if self.opened.done() or self._transport is None:
            return
        protocol = self._factory()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if behind:
            protocol.data_received(behind)
        self.opened.set_result(protocol)

    def eof_received(self) -> bool:
        # Stderr may still come.
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail()

    def _fail(self) -> None:
        if not self.opened.done():
            self.opened.set_exception(_NotOpened())
