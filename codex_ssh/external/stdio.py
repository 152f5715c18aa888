"""A client that speaks the app-server protocol on pipes, taken to an app server on a devbox.

Lives here: passing lines and frames, and making the connection again. Not here: what of the conversation has
to be carried over a loss (:mod:`codex_ssh.core.continuity`), and the link, known by the Protocols below.

Whatever launches ``codex app-server`` launches this instead. stdout carries the protocol and nothing else;
the end of stdin is the end, once what was asked is answered.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from codex_ssh.core.continuity import Continuity, Phase, Said
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.retry import passes_by_itself, pause_before_retry
from codex_ssh.errors import CodexSshError, ProtocolViolated, RpcFailed, Stage
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

HOLD_SECONDS: Final = 60.0
"""How long a request of the client's waits for a link that is being made again."""

FIRST_WORD_SECONDS: Final = 10.0
"""Where there is no link at all, the client's first request gets to know why, if it comes soon."""

LAST_ANSWERS_SECONDS: Final = 10.0
"""A client that ends its side still gets the answers it waits for, if they come soon."""


class Client(Protocol):
    """The program that launched us."""

    def frames(self) -> AsyncIterator[str]:
        """Give its lines until it ends them."""

    def send(self, text: str) -> None:
        """Write a line, without waiting."""


class Frames(Protocol):
    """An open WebSocket to the app server."""

    async def send(self, text: str) -> None:
        """Send one frame; raises LinkLost, ProtocolViolated."""

    async def receive(self) -> str | bytes:
        """Give the next frame; raises LinkLost."""


Connect = Callable[[], AbstractAsyncContextManager[Frames]]
"""Opens a WebSocket to the app server; waits for a link that is coming back."""


class StdioRelay:
    """One client and its app server.

    Args:
        client: The client.
        host: For messages.
    """

    def __init__(self, client: Client, host: str) -> None:
        self._client = client
        self._host = host
        self._talk = Continuity(host)
        self._up: asyncio.Queue[str] = asyncio.Queue()
        self._spoke = asyncio.Event()
        self._moved = asyncio.Event()
        self._over = asyncio.Event()
        self._failure: CodexSshError | None = None

    async def run(self, open_way: Callable[[], AbstractAsyncContextManager[Connect]]) -> None:
        """Pass everything on until the client ends.

        Args:
            open_way: Makes the link to the devbox, and keeps it.

        Raises:
            StageError: There was never a link, or there will be none any more; the client was told.
        """
        async with open_tasks() as tasks:
            tasks.start(self._listen())
            tasks.start(self._hold(open_way))
            await self._over.wait()
            if self._failure is not None:
                await self._say_failure(self._failure)
                raise self._failure

    # ---------------------------------------------------------------- the client

    async def _listen(self) -> None:
        async for line in self._client.frames():
            self._pass_on(self._talk.from_client(line))
            self._spoke.set()
        self._spoke.set()
        try:
            async with asyncio.timeout(LAST_ANSWERS_SECONDS):
                while self._talk.owes and self._failure is None:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            log.info("the client ended, and some of its requests were not answered")
        self._over.set()

    def _pass_on(self, said: Said) -> None:
        for line in said.down:
            self._client.send(line)
        for frame in said.up:
            self._up.put_nowait(frame)
        self._moved.set()

    async def _say_failure(self, error: CodexSshError) -> None:
        """Let what the client asks, or what it asks first, fail with the reason."""
        if not self._talk.waits:
            self._spoke.clear()
            try:
                async with asyncio.timeout(FIRST_WORD_SECONDS):
                    await self._spoke.wait()
            except TimeoutError:
                log.info("the client said nothing that could be answered")
        self._pass_on(self._talk.give_up_waiting(words(error)))

    # ---------------------------------------------------------------- the link

    async def _hold(self, open_way: Callable[[], AbstractAsyncContextManager[Connect]]) -> None:
        try:
            async with open_way() as connect:
                await self._keep_session(connect)
        except CodexSshError as error:
            self._failure = error
            self._moved.set()
            self._over.set()

    async def _keep_session(self, connect: Connect) -> None:
        """Hold a session open; raises why there is no prospect of another one."""
        attempt, lost_at, loop = 0, 0.0, asyncio.get_running_loop()
        while True:
            try:
                async with connect() as frames:
                    self._pass_on(self._talk.opened())
                    await self._pass(frames)
            except RpcFailed as error:
                failed: CodexSshError = ProtocolViolated(str(error), stage=Stage.SESSION, host=self._host)
            except CodexSshError as error:
                failed = error
            if self._talk.phase is Phase.UP:
                attempt, lost_at = 0, loop.time()
            self._pass_on(self._talk.lost(words(failed)))
            while not self._up.empty():
                self._up.get_nowait()  # belongs to the session that is gone
            if self._talk.phase is Phase.FRESH or not passes_by_itself(failed):
                raise failed
            log.info("no link: %s", failed)
            outage = loop.time() - lost_at
            if outage > HOLD_SECONDS:
                self._pass_on(self._talk.give_up_waiting(words(failed)))
            chance = random.random()  # noqa: S311 - jitter, not a secret
            await asyncio.sleep(pause_before_retry(failed, attempt=attempt, outage=outage, chance=chance))
            attempt += 1

    async def _pass(self, frames: Frames) -> None:
        """Pass frames until the connection is gone; raises why."""
        async with open_tasks() as tasks:
            tasks.start(self._send(frames))
            while True:
                frame = await frames.receive()
                text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
                self._pass_on(self._talk.from_server(text))

    async def _send(self, frames: Frames) -> None:
        while True:
            await frames.send(await self._up.get())


def words(error: CodexSshError) -> str:
    """Give an error in one line, with what the other side said and what to do."""
    said = getattr(error, "said", "")
    hint = f"; {error.hint}" if error.hint else ""
    return plain_line(f"{error}{f' ({said})' if said else ''}{hint}")
