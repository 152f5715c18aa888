"""Stage "websocket": frames over a dialled connection.

Lives here: the WebSocket our own front ends talk through. Not here: the upgrade and everything that needs
trust (:mod:`codex_ssh.link.dial`), and what the frames say (:mod:`codex_ssh.link.session`).

The WebSocket runs in the SSH channel itself: no local listener, no pump between two sockets. There is no
proxy either (websockets' default sends even loopback traffic to ``https_proxy``), no Origin, and no
compression: the server negotiates none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, OPEN
from websockets.protocol import Protocol as Frames

from codex_ssh.errors import LinkLost, ProtocolViolated, Stage
from codex_ssh.link.dial import Dial
from codex_ssh.link.upgrade import Opening

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES: Final = 128 * 1024 * 1024
"""What the official client accepts; the 1 MiB default of websockets kills long threads."""

FRAGMENT_BYTES: Final = 8 * 1024 * 1024
"""Longer messages go out in fragments: the server takes at most 16 MiB in one frame."""

MAX_SENT_BYTES: Final = 60 * 1024 * 1024
"""The server drops a connection that sends more than 64 MiB in one message."""

PING_INTERVAL_SECONDS: Final = 20.0
PING_TIMEOUT_SECONDS: Final = 20.0
CLOSE_TIMEOUT_SECONDS: Final = 1.0
"""The server answers a close frame at once or not at all."""


class WebSocket:
    """One open WebSocket; text frames only, as the app server speaks.

    Args:
        connection: What websockets keeps.
        host: For messages.
        said: Messages that went out with the upgrade; sending one of them again sends nothing.
    """

    def __init__(self, connection: Connection, host: str, said: Sequence[str] = ()) -> None:
        self._connection = connection
        self._host = host
        self._said = list(said)

    async def send(self, text: str) -> None:
        """Send one message.

        Raises:
            LinkLost: The connection is gone.
            ProtocolViolated: It is larger than the server takes.
        """
        if text in self._said:
            self._said.remove(text)
            return
        try:
            # Four bytes a character is the most UTF-8 needs: short texts are not measured.
            if len(text) * 4 <= FRAGMENT_BYTES:
                await self._connection.send(text)
                return
            size = len(text.encode())
            if size > MAX_SENT_BYTES:
                raise ProtocolViolated(
                    f"the message has {size // 2**20} MiB, the app server takes {MAX_SENT_BYTES // 2**20}",
                    stage=Stage.SESSION,
                    host=self._host,
                    hint="send less at once",
                )
            step = FRAGMENT_BYTES // 4
            await self._connection.send(text[i : i + step] for i in range(0, len(text), step))
        except ConnectionClosed as error:
            raise self._lost(error) from error

    async def receive(self) -> str | bytes:
        """Give the next message.

        Raises:
            LinkLost: The connection is gone; `said` tells how.
        """
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise self._lost(error) from error

    async def ping(self) -> float:
        """Give the round-trip time of a WebSocket ping, in seconds.

        Raises:
            LinkLost: The connection is gone.
        """
        try:
            return await (await self._connection.ping())
        except ConnectionClosed as error:
            raise self._lost(error) from error

    def pause_reading(self) -> None:
        """Read nothing more, for good: what a half-open connection looks like from here."""
        self._connection.transport.pause_reading()

    def abort(self) -> None:
        """End the connection under the WebSocket at once, without a word."""
        self._connection.transport.abort()

    def _lost(self, error: ConnectionClosed) -> LinkLost:
        frame = error.rcvd
        if frame is not None:
            said, message = f"{frame.code} {frame.reason}".strip(), "the app server closed the connection"
        elif self._connection.protocol.close_exc.sent is not None:
            said = self._connection.protocol.close_exc.sent.reason
            message = "the app server stopped answering"
        else:
            # The real server drops a client without a close frame: at its end, and when it is slow.
            said, message = "no close frame", "the app server dropped the connection"
        return LinkLost(
            message,
            stage=Stage.WEBSOCKET,
            host=self._host,
            said=said,
            hint="connect again: running turns go on meanwhile, unless the app server ended",
        )


@asynccontextmanager
async def open_websocket(
    dial: Dial, host: str, *, opening: Sequence[str] = ()
) -> AsyncGenerator[WebSocket, None]:
    """Dial and give a WebSocket; closes it within a second or two at the end.

    Args:
        dial: Makes the connection.
        host: For messages.
        opening: The first messages that will be sent, in their order: they go out with the upgrade where the
            way allows it.

    Raises:
        StageError: As :meth:`codex_ssh.link.dial.Dial.__call__`.
    """

    def factory() -> Connection:
        frames = Frames(CLIENT, state=OPEN, max_size=MAX_MESSAGE_BYTES)
        return Connection(
            frames,
            ping_interval=PING_INTERVAL_SECONDS,
            ping_timeout=PING_TIMEOUT_SECONDS,
            close_timeout=CLOSE_TIMEOUT_SECONDS,
            max_queue=1024,
        )

    early = Opening(b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=True) for text in opening))
    connection = await dial(factory, opening=early if opening else None)
    connection.start_keepalive()
    log.info("websocket open, transport %s", dial.transport)
    try:
        yield WebSocket(connection, host, opening if early.sent else ())
    finally:
        try:
            async with asyncio.timeout(2 * CLOSE_TIMEOUT_SECONDS):
                await connection.close()
        except TimeoutError:
            connection.transport.abort()
