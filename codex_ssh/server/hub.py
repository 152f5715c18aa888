"""Joins each client to the real engine: bytes in, bytes out.

Lives here: the splice of two upgraded connections, and its end. Not here: the engine
(:mod:`codex_ssh.server.backend`) and who may come in (:mod:`codex_ssh.server.gate`).

Frames are passed on as they are: a client's frames stay masked by its own keys, and nothing is put
together, so one client costs two stream buffers and no more. A slow client fills them, then the engine's own
queue for it, and the engine cuts it; no other client notices. We follow where frames begin and end only to
say goodbye between two of them, and, for the audit log, to see a method's name.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from codex_ssh.core.frames import FrameWalker, close_frame
from codex_ssh.core.method_name import PEEK_BYTES, find_method
from codex_ssh.core.upgrade import Refusal
from codex_ssh.server.backend import Backend, BackendGone, Upstream
from codex_ssh.server.engine import Visit
from codex_ssh.server.websocket import FLUSH_SECONDS

logger = logging.getLogger(__name__)

STALL_SECONDS: Final = 120.0
"""How long a client may read nothing at all while something waits for it."""

GOING_AWAY: Final = 1001
INTERNAL_ERROR: Final = 1011

_READ_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The engine of everybody; a :class:`codex_ssh.server.engine.Joiner`."""

    backend: Backend

    @property
    def is_ready(self) -> bool:
        """Whether the engine runs."""
        return self.backend.is_ready

    async def join(self, visit: Visit) -> Refusal | None:
        """Connect the client to the engine until one of them is gone."""
        try:
            upstream = await self.backend.connect()
        except BackendGone as error:
            logger.error("the engine does not take a client: %s", error)  # noqa: TRY400 - no bug
            return Refusal(status=HTTPStatus.BAD_GATEWAY, body="the engine cannot be reached")
        try:
            await _Splice(visit=visit, upstream=upstream, backend=self.backend).run()
        finally:
            upstream.writer.transport.abort()
        return None

    async def drain(self) -> None:
        """Let the engine finish its work."""
        await self.backend.drain()


@dataclass(slots=True, kw_only=True)
class _Splice:
    """One client and its connection to the engine.

    Attributes:
        said_goodbye: Whether the client has its close frame, the engine's or ours.
    """

    visit: Visit
    upstream: Upstream
    backend: Backend
    said_goodbye: bool = False
    _down: FrameWalker = field(default_factory=FrameWalker)
    _is_ending: bool = False

    async def run(self) -> None:
        """Pass bytes until either side is gone or the visit is to end."""
        self.visit.writer.write(self.visit.answer)
        async with asyncio.TaskGroup() as group:
            up = group.create_task(self._pass_up())
            down = group.create_task(self._pass_down())
            ending = group.create_task(self._end_when_asked())
            try:
                await asyncio.wait([up, down, ending], return_when=asyncio.FIRST_COMPLETED)
                if up.done():
                    # The client is gone, or waits for the answer to its close frame.
                    await asyncio.wait([down], timeout=FLUSH_SECONDS)
                elif ending.done():
                    await asyncio.wait([up], timeout=FLUSH_SECONDS)
            finally:
                for task in (up, down, ending):
                    task.cancel()

    async def _pass_up(self) -> None:
        walker = FrameWalker(peek_bytes=PEEK_BYTES)
        data = self.visit.request.leftover or await self.visit.reader.read(_READ_BYTES)
        with contextlib.suppress(OSError):
            while data:
                if self.visit.on_method is not None:
                    for beginning in walker.feed(data):
                        if (method := find_method(beginning)) is not None:
                            self.visit.on_method(method)
                if not self._is_ending:
                    self.upstream.writer.write(data)
                    await self.upstream.writer.drain()
                data = await self.visit.reader.read(_READ_BYTES)
            if self.upstream.writer.can_write_eof():
                self.upstream.writer.write_eof()

    async def _pass_down(self) -> None:
        data = self.upstream.leftover
        while True:
            if data:
                self._down.feed(data)
                if self._is_ending and self._down.last_boundary >= 0:
                    self.visit.writer.write(data[: self._down.last_boundary])
                    self._say_goodbye()
                    return
                self.visit.writer.write(data)
                if not await self._flush():
                    return
            try:
                data = await self.upstream.reader.read(_READ_BYTES)
            except OSError:
                data = b""
            if not data:
                break
        await self._end_with_engine()

    async def _flush(self) -> bool:
        transport = self.visit.writer.transport
        if not transport.is_closing() and transport.get_write_buffer_size() == 0:
            return True  # the usual case costs no timer
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await self.visit.writer.drain()
        except TimeoutError:
            logger.warning("disconnecting a client that reads nothing")
            self.visit.writer.transport.abort()
            return False
        except OSError:
            return False
        return True

    async def _end_with_engine(self) -> None:
        """Say why there is no engine any more, unless it has said goodbye itself."""
        if self._down.saw_close or self.said_goodbye:
            return
        words = await self.backend.last_words()
        if not self._down.at_boundary:
            return  # in the middle of a frame nothing can be said
        if words:
            self.visit.ending.ask(GOING_AWAY, words)
        else:
            self.visit.ending.ask(INTERNAL_ERROR, "the engine closed the connection")
        self._say_goodbye()
        await self._flush()

    async def _end_when_asked(self) -> None:
        await self.visit.ending.wait()
        self._is_ending = True
        if self._down.at_boundary:
            # All that was fed has been written, so this is the place between two frames.
            self._say_goodbye()
            await self._flush()
        else:
            await asyncio.sleep(FLUSH_SECONDS)

    def _say_goodbye(self) -> None:
        if not self.said_goodbye and not self._down.saw_close:
            self.said_goodbye = True
            self.visit.writer.write(close_frame(self.visit.ending.code, self.visit.ending.reason))
