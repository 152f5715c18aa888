"""The SHA-256 of files on the devbox, made there: one script for as many files as are asked for.

Lives here: asking and hearing the answers. Not here: the program that makes them (``digest.sh``) and what is
concluded (:mod:`codex_ssh.link.copying`).
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import asyncssh

from codex_ssh.errors import ForwardError, LinkLost, Stage
from codex_ssh.link.shell import ScriptFailed, compose, open_script_stream
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 60.0
SLOWEST_BYTES_PER_SECOND: Final = 5_000_000
"""So long may an answer take: a slow disk, and a large file."""


class Digester:
    """Makes sums on the devbox while its block lasts; see :func:`open_digester`."""

    def __init__(self, host: str) -> None:
        self.tool = ""
        self._host = host
        self._marker = b""
        self._transport: asyncio.Transport | None = None
        self._asked: collections.deque[asyncio.Future[bytes | None]] = collections.deque()

    @property
    def can(self) -> bool:
        """Whether there is a program for it."""
        return self._transport is not None and self.tool not in ("", "none")

    async def digest(self, path: bytes, length: int) -> bytes | None:
        """Give the SHA-256 of a file's first bytes; None where it cannot be made.

        Raises:
            LinkLost: No answer came.
        """
        if not self.can or self._transport is None:
            return None
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        waiting = len(self._asked) + 1
        self._asked.append(answer)
        self._transport.write(b"%d %s\n" % (length, spelled(path)))
        try:
            async with asyncio.timeout(ANSWER_SECONDS * waiting + length / SLOWEST_BYTES_PER_SECOND):
                return await answer
        except TimeoutError:
            raise self._lost("no checksum came") from None

    async def follow(self, reader: asyncio.StreamReader) -> None:
        """Hear the answers until there are no more."""
        try:
            while line := await reader.readline():
                word, _, rest = line.strip().removeprefix(self._marker + b" ").partition(b" ")
                if word in (b"sum", b"none") and self._asked:
                    self._answer(self._asked.popleft(), rest if word == b"sum" else b"")
        except (asyncssh.Error, OSError) as error:
            # Whoever waits hears of it; who does not, needs nothing of it.
            log.info("no more checksums: %s", error)
        finally:
            self._transport = None
            while self._asked:
                waiting = self._asked.popleft()
                if not waiting.done():
                    waiting.set_exception(self._lost("the program that makes checksums ended"))

    def begin(self, transport: asyncio.Transport, marker: str, tool: str) -> None:
        """Note what answers."""
        self._transport, self._marker, self.tool = transport, marker.encode(), tool

    def _answer(self, waiting: asyncio.Future[bytes | None], text: bytes) -> None:
        if waiting.done():
            return
        try:
            found = bytes.fromhex(text.decode("ascii"))
        except ValueError:
            found = b""
        waiting.set_result(found if len(found) == 32 else None)

    def _lost(self, why: str) -> LinkLost:
        return LinkLost(why, stage=Stage.SSH, host=self._host)


@asynccontextmanager
async def open_digester(ssh: Ssh) -> AsyncGenerator[Digester, None]:
    """Give somebody who makes sums there; where the login may run nothing, one who cannot."""
    digester = Digester(ssh.host)
    script = compose("digest.sh")
    reader = asyncio.StreamReader()
    try:
        transport, _ = await open_script_stream(ssh, lambda: asyncio.StreamReaderProtocol(reader), script)
    except (ForwardError, ScriptFailed) as error:
        log.info("no checksums: %s", error)
        yield digester
        return
    try:
        with contextlib.suppress(TimeoutError, ValueError):
            async with asyncio.timeout(ANSWER_SECONDS):
                line = (await reader.readline()).decode(errors="replace")
                digester.begin(transport, script.marker, line.removeprefix(f"{script.marker} tool ").strip())
        async with open_tasks() as tasks:
            tasks.start(digester.follow(reader))
            yield digester
    finally:
        transport.abort()


def spelled(path: bytes) -> bytes:
    """Give a path for the shell's ``printf``, every byte in octal: nothing in it means anything."""
    return b"".join(b"\\%03o" % byte for byte in path)
