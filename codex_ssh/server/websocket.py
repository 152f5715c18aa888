"""One client's WebSocket, behind the gate: text frames in, text frames out.

Lives here: framing (by the ``websockets`` protocol, which does no I/O), the size limits, and the bounded
queue that cuts a client which does not read. Not here: the upgrade (:mod:`codex_ssh.core.upgrade`) and
what the frames mean (the engine).

Source: codex's ``app-server-transport``: 16 MiB a frame, 64 MiB a message, 1024 messages of outbound
queue, at most 1 s to flush at the end; no compression, no pings of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import SEND_EOF, Protocol, Side, State

from codex_ssh.core.frames import MAX_REASON_BYTES
from codex_ssh.core.method_name import find_method

logger = logging.getLogger(__name__)

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
MAX_QUEUED_MESSAGES: Final = 1024
FLUSH_SECONDS: Final = 1.0

_READ_BYTES: Final = 256 * 1024
_BATCH_MESSAGES: Final = 32

_QUIET: Final = logging.getLogger("codex_ssh.server.frames")
"""What ``websockets`` logs goes here: at DEBUG it prints every frame, so it stays above that."""
_QUIET.setLevel(logging.WARNING)


class ServerWebSocket:
    """An accepted client.

    Args:
        reader: Where its bytes come from.
        writer: Where its bytes go to.
        leftover: Bytes that came behind its request.
        on_method: Told the method of each message, if anybody wants to know.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        leftover: bytes = b"",
        on_method: Callable[[str], None] | None = None,
    ) -> None:
        self._on_method = on_method
        self._reader = reader
        self._writer = writer
        self._leftover = leftover
        self._protocol = Protocol(
            Side.SERVER, state=State.OPEN, max_size=(MAX_MESSAGE_BYTES, MAX_FRAME_BYTES), logger=_QUIET
        )
        self._outbound: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._ended = False

    @property
    def queued(self) -> int:
        """How many messages wait to be written; :data:`MAX_QUEUED_MESSAGES` of them are too many."""
        return len(self._outbound)

    async def frames(self) -> AsyncIterator[str]:
        """Give the text messages until the client is gone, however it goes. Others are ignored."""
        parts: list[bytes] = []
        is_text = False
        async for frame in self._raw_frames():
            if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
                is_text, parts = frame.opcode is Opcode.TEXT, [bytes(frame.data)]
            elif frame.opcode is Opcode.CONT:
                parts.append(bytes(frame.data))
            else:
                continue  # pings and closes were answered by the protocol
            if not frame.fin:
                continue
            message, parts = b"".join(parts), []
            if not is_text:
                continue
            try:
                text = message.decode("utf-8")
            except UnicodeDecodeError:
                self._protocol.fail(CloseCode.INVALID_DATA)
                self._take_protocol_bytes()
                return
            if self._on_method is not None and (method := find_method(message)) is not None:
                self._on_method(method)
            yield text

    async def _raw_frames(self) -> AsyncIterator[Frame]:
        data = self._leftover
        self._leftover = b""
        while True:
            if data:
                self._protocol.receive_data(data)
                for event in self._protocol.events_received():
                    assert isinstance(event, Frame)
                    yield event
                self._take_protocol_bytes()
                if self._protocol.close_expected():
                    return
            try:
                data = await self._reader.read(_READ_BYTES)
            except OSError:
                return
            if not data:
                return

    def send(self, text: str) -> None:
        """Queue a message. A client whose queue is full is cut, it alone, without a close frame."""
        if self._ended or self._protocol.state is not State.OPEN:
            return
        if len(self._outbound) >= MAX_QUEUED_MESSAGES:
            logger.warning("disconnecting slow connection after outbound queue filled")
            self.abort()
            return
        self._protocol.send_text(text.encode("utf-8"))
        self._take_protocol_bytes()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; :meth:`frames` ends when the client has answered it."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason[:MAX_REASON_BYTES])
            self._take_protocol_bytes()

    def abort(self) -> None:
        """End the connection now; what is queued is lost."""
        self._ended = True
        self._outbound.clear()
        self._wake.set()
        self._writer.transport.abort()

    async def pump(self) -> None:
        """Write what is queued, until :meth:`finish` or :meth:`abort`. Runs beside the reading."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outbound:
                # A few at a time: what is left here is what the limit counts.
                count = min(len(self._outbound), _BATCH_MESSAGES)
                self._writer.write(b"".join(self._outbound.popleft() for _ in range(count)))
                try:
                    await self._writer.drain()
                except OSError:
                    self.abort()
            if self._ended:
                return

    def finish(self) -> None:
        """Let :meth:`pump` write what is queued and return."""
        self._ended = True
        self._wake.set()

    def _take_protocol_bytes(self) -> None:
        data = self._protocol.data_to_send()
        frame = b"".join(data)
        if frame:
            self._outbound.append(frame)
        if frame or SEND_EOF in data:
            self._wake.set()
