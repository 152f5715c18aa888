"""Small questions to the devbox, one line each, to one script that runs as long as they are asked.

Lives here: asking, and hearing the answers in their order. Not here: what is asked
(:mod:`codex_ssh.link.digest`, :mod:`codex_ssh.link.script_tree`) and the scripts that answer.

A script is started for the whole of it, so a question costs a round trip and no new process of the server's.
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

from codex_ssh.errors import LinkLost, Stage
from codex_ssh.link.shell import compose, open_script_stream
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 60.0
END_SECONDS: Final = 1.0

LINE_BYTES: Final = 16 * 1024 * 1024
"""The longest answer: a list of a folder with some hundred thousand names."""


class Errands:
    """Asks one script; see :func:`open_errands`."""

    def __init__(self, host: str, marker: str, transport: asyncio.Transport) -> None:
        self._host = host
        self._marker = marker.encode() + b" "
        self._transport: asyncio.Transport | None = transport
        self._asked: collections.deque[asyncio.Future[bytes]] = collections.deque()
        self._ended = asyncio.Event()

    async def ask(self, question: bytes, *, seconds: float = ANSWER_SECONDS) -> bytes:
        """Ask, and give the answer without the marker; a question is a line.

        Raises:
            LinkLost: No answer came.
        """
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if self._transport is None:
            raise self._lost("the script on the devbox has ended")
        self._asked.append(answer)
        self._transport.write(question + b"\n")
        try:
            async with asyncio.timeout(seconds * len(self._asked)):
                return await answer
        except TimeoutError:
            raise self._lost("the devbox does not answer") from None

    async def follow(self, reader: asyncio.StreamReader) -> None:
        """Hear the answers until there are no more."""
        try:
            while line := await reader.readline():
                if line.startswith(self._marker) and self._asked:
                    waiting = self._asked.popleft()
                    if not waiting.done():
                        waiting.set_result(line.removeprefix(self._marker).strip())
        except (asyncssh.Error, OSError, ValueError) as error:  # ValueError: a line that is too long
            log.info("no more answers: %s", error)
        finally:
            self._transport = None
            self._ended.set()
            while self._asked:
                waiting = self._asked.popleft()
                if not waiting.done():
                    waiting.set_exception(self._lost("the script on the devbox ended"))

    async def end(self) -> None:
        """Let the script end by itself: a server may be cut off in the middle of closing its channel."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self._ended.wait()

    def _lost(self, why: str) -> LinkLost:
        return LinkLost(why, stage=Stage.SSH, host=self._host)


@asynccontextmanager
async def open_errands(ssh: Ssh, *names: str) -> AsyncGenerator[Errands, None]:
    """Run a script that answers each line of its stdin with one that begins with its marker.

    Raises:
        ScriptFailed: It ended.
        ForwardError, LinkLost: As :meth:`codex_ssh.link.ssh.Ssh.open_exec`.
    """
    script = compose(*names)
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    transport, _ = await open_script_stream(ssh, lambda: asyncio.StreamReaderProtocol(reader), script)
    try:
        errands = Errands(ssh.host, script.marker, transport)
        async with open_tasks() as tasks:
            tasks.start(errands.follow(reader))
            try:
                yield errands
            finally:
                await errands.end()
    finally:
        transport.abort()


def spelled(path: bytes) -> bytes:
    """Give a path for the shell's ``printf``, every byte in octal: nothing in it means anything."""
    return b"".join(b"\\%03o" % byte for byte in path)
