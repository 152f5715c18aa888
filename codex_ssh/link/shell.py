"""Our scripts on the devbox: putting one together, running it, and reading its answer.

Lives here: the text that is sent and the marker around what comes back. Not here: what the scripts do
(``*.sh`` beside this module) and what their facts mean (:mod:`codex_ssh.core.probe`).
"""

from __future__ import annotations

import asyncio
import re
import secrets
import shlex
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final, Generic, TypeVar

from codex_ssh.core.probe import ProbeError, parse_lines
from codex_ssh.core.value import dataclass
from codex_ssh.errors import AppServerError, Stage
from codex_ssh.link.ssh import Ran, Ssh

P = TypeVar("P", bound=asyncio.Protocol)

_NOISE_LIMIT: Final = 1024 * 1024
"""So much may rc files print before a script answers."""

_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script ready to be sent.

    Attributes:
        text: All of it; may hold secrets, so it is never logged.
        marker: The random word its answer stands between.
    """

    text: str
    marker: str


def compose(*names: str, functions: str = "", **variables: str) -> Script:
    """Put a script together from its parts, with its variables in front.

    Args:
        names: Files beside this module, in order.
        functions: Shell text in front of them.
        variables: Upper-case names and their values; quoted here.
    """
    marker = f"codex-ssh-{secrets.token_hex(8)}"
    head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in {"M": marker, **variables}.items())
    return Script(text=head + functions + "".join(map(_read, names)), marker=marker)


def exports(name: str, values: Mapping[str, str]) -> str:
    """Give a shell function that exports these variables.

    Raises:
        ValueError: A name no shell takes.
    """
    for key in values:
        if not _NAME.fullmatch(key):
            raise ValueError(f"not a variable's name: {key!r}")
    lines = "".join(f"    {key}={shlex.quote(value)}; export {key}\n" for key, value in values.items())
    return f"{name}() {{\n{lines}    :\n}}\n"


async def run_script(ssh: Ssh, script: Script, *, timeout: float) -> dict[str, str]:
    """Run a script and give its facts; values of a repeated key become its lines.

    Raises:
        AppServerError: The devbox did not answer as a POSIX shell would.
    """
    ran = await ssh.run(script.text, timeout=timeout)
    try:
        return parse_lines(ran.stdout, marker=script.marker)
    except ProbeError as error:
        raise unreadable(ssh.host, ran, str(error)) from error


def unreadable(host: str, ran: Ran, why: str) -> AppServerError:
    """Give the error for an answer that is none of our script's."""
    return AppServerError(
        f"the devbox did not answer as a POSIX shell would: {why}",
        stage=Stage.APP_SERVER,
        host=host,
        said=(ran.stderr or ran.stdout[-500:]).decode("utf-8", "replace").strip(),
        hint="codex-ssh needs exec and /bin/sh there; try: ssh HOST 'echo ok | /bin/sh -s'",
    )


class ScriptFailed(Exception):
    """The script ended without giving its streams.

    Attributes:
        answer: What it said instead of ``ready``; empty when it just ended.
        said: The tail of its stderr.
    """

    def __init__(self, answer: str, said: str) -> None:
        super().__init__(answer or said)
        self.answer = answer
        self.said = said


async def open_script_stream(
    ssh: Ssh, factory: Callable[[], P], script: Script
) -> tuple[asyncio.Transport, P]:
    """Run a script that turns into a program, and give the program's stdin and stdout.

    The script prints ``MARKER ready`` right before; nothing is sent before that came, since some shells read
    more of their stdin than the script.

    Args:
        ssh: The connection.
        factory: Makes the protocol that takes over.
        script: What to run.

    Raises:
        ScriptFailed: It ended, or said that it cannot.
        ForwardError, LinkLost: As :meth:`codex_ssh.link.ssh.Ssh.open_exec`.
    """
    transport, opening = await ssh.open_exec(lambda: _Opening(factory, script), "exec /bin/sh -s")
    try:
        protocol = await opening.opened
    except BaseException as error:
        transport.abort()
        if isinstance(error, _NotOpened):
            raise ScriptFailed(str(error), str(transport.get_extra_info("stderr", ""))) from None
        raise
    return transport, protocol


class _NotOpened(Exception):
    """The script ended without a stream."""


class _Opening(asyncio.Protocol, Generic[P]):
    """Feeds the script, waits for its word, and makes room for the real protocol."""

    def __init__(self, factory: Callable[[], P], script: Script) -> None:
        self._factory = factory
        self._script = script.text
        self._marker = script.marker.encode()
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
            self._fail(line[len(self._marker) :].decode(errors="replace").strip())
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

    def _fail(self, answer: str = "") -> None:
        if not self.opened.done():
            self.opened.set_exception(_NotOpened(answer))


@cache
def _read(name: str) -> str:
    """Give a part without its comments and indentation: what is sent costs time on a slow line."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))
