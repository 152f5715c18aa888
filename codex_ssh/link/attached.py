"""An app server for one connection: ``codex app-server`` on the stdin and stdout of a program there.

Lives here: starting it, and joining its lines to whatever speaks WebSocket, our own session or a client of
the door. Not here: when it is taken (:mod:`codex_ssh.link.dial`, :mod:`codex_ssh.link.appserver`).

It is the last resort, where no app server can stay: nobody else can connect to it, so there is no owner to
prove and no token, and it ends with its connection, and running turns with it. Each dial starts one more.

The WebSocket here is one without a wire: frames of one side become lines for the other, and lines frames.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN, SERVER
from websockets.protocol import Protocol as Frames

from codex_ssh.core.probe import Probe
from codex_ssh.errors import AppServerError, Stage
from codex_ssh.link.shell import ScriptFailed, compose, exports, open_script_stream
from codex_ssh.link.ssh import Ssh

log = logging.getLogger(__name__)

P = TypeVar("P", bound=asyncio.Protocol)

START_TIMEOUT_SECONDS: Final = 20.0
_REASON_LIMIT: Final = 120
"""A close frame holds 125 bytes, two of them its code."""


async def open_attached(ssh: Ssh, factory: Callable[[], P], probe: Probe, env: Mapping[str, str]) -> P:
    """Start an app server for one connection, and give the protocol that speaks WebSocket with it.

    Args:
        ssh: The connection.
        factory: Makes the protocol; no upgrade is needed.
        probe: The devbox, with its codex.
        env: Variables for the server, on top of those that are let through.

    Raises:
        AppServerError: It could not be started.
        LinkLost: The SSH connection went away meanwhile.
    """
    script = compose(
        *("environment.sh", "attached.sh"),
        functions=exports("declared", env),
        CODEX=probe.codex,
        UMASK=probe.around.umask,
        SERVER_PATH=probe.around.path,
    )
    try:
        async with asyncio.timeout(START_TIMEOUT_SECONDS):
            _, lines = await open_script_stream(ssh, lambda: _Lines(factory), script)
    except (ScriptFailed, TimeoutError) as failed:
        raise AppServerError(
            "no app server could be started for this connection",
            stage=Stage.APP_SERVER,
            host=ssh.host,
            said=failed.said if isinstance(failed, ScriptFailed) else "",
            hint=f"run it there by hand to see more: {probe.codex} app-server",
        ) from None
    log.info("app server started for this connection: %s", probe.codex)
    return lines.protocol


class _Lines(asyncio.Protocol, Generic[P]):
    """On the program's streams: its lines become messages for the protocol, and the other way round."""

    def __init__(self, factory: Callable[[], P]) -> None:
        self.protocol = factory()
        self._frames = Frames(SERVER, state=OPEN, max_size=None)
        self._loop = asyncio.get_running_loop()
        self._program: asyncio.Transport | None = None
        self._peer = _Peer(self)
        self._line = bytearray()
        self._message = bytearray()
        self._ended = False

    @property
    def program(self) -> asyncio.Transport | None:
        """The program's streams; None when they have ended."""
        return self._program

    # ------------------------------------------------------------ the program's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._program = transport
        self.protocol.connection_made(self._peer)

    def data_received(self, data: bytes) -> None:
        *whole, rest = data.split(b"\n")
        for part in whole:
            line = bytes(self._line + part) if self._line else part
            self._line.clear()
            if line.strip():
                self._frames.send_text(line)
        self._line += rest
        self._hand_over()

    def eof_received(self) -> bool:
        # What it said on stderr may still come, and says why.
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        said = str(self._program.get_extra_info("stderr", "")) if self._program is not None else ""
        self._program = None
        if self._frames.state is OPEN:
            reason = said.encode()[-_REASON_LIMIT:].decode(errors="ignore") or "the app server ended"
            self._frames.send_close(CloseCode.GOING_AWAY, reason)
            self._hand_over()
        self.end(exc)

    def pause_writing(self) -> None:
        self.protocol.pause_writing()

    def resume_writing(self) -> None:
        self.protocol.resume_writing()

    # ------------------------------------------------------------ the protocol's side

    def take(self, data: bytes) -> None:
        """The protocol wrote something."""
        if self._ended:
            return
        self._frames.receive_data(data)
        for event in self._frames.events_received():
            if isinstance(event, Frame):
                self._take_frame(event)
        # Not at once: the protocol is in the middle of writing.
        self._loop.call_soon(self._hand_over)

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.close()
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._message += frame.data
            if frame.fin:
                # A newline can only stand between the words of JSON, never in one.
                line = bytes(self._message).replace(b"\n", b" ").replace(b"\r", b" ")
                self._message.clear()
                if self._program is not None:
                    self._program.write(line + b"\n")

    def close(self) -> None:
        """Let the program end; the protocol need not wait for that."""
        if self._program is not None:
            self._program.close()
        self._loop.call_soon(self._hand_over)
        self._loop.call_soon(self.end, None)

    def _hand_over(self) -> None:
        data = b"".join(self._frames.data_to_send())
        if data and not self._ended:
            self.protocol.data_received(data)

    def end(self, exc: Exception | None) -> None:
        """It is over: the protocol hears of it, once."""
        if not self._ended:
            self._ended = True
            self.protocol.connection_lost(exc)


class _Peer(asyncio.Transport):
    """What the protocol takes for its connection."""

    def __init__(self, lines: _Lines[Any]) -> None:
        super().__init__({"peername": "stdio", "sockname": ""})
        self._lines = lines
        self._closing = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Put another protocol on it."""
        assert isinstance(protocol, asyncio.Protocol)
        self._lines.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The protocol on it."""
        protocol: asyncio.Protocol = self._lines.protocol
        return protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes of frames."""
        if not self._closing:
            self._lines.take(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several pieces as one."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Frames say themselves where they end."""
        return False

    def pause_reading(self) -> None:
        """Hold lines back."""
        if self._lines.program is not None:
            self._lines.program.pause_reading()

    def resume_reading(self) -> None:
        """Let lines through again."""
        if self._lines.program is not None:
            self._lines.program.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say when writing is paused and resumed."""
        if self._lines.program is not None:
            self._lines.program.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Bytes that wait."""
        return 0 if self._lines.program is None else self._lines.program.get_write_buffer_size()

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing

    def close(self) -> None:
        """Close after what is buffered has been sent."""
        if not self._closing:
            self._closing = True
            self._lines.close()

    def abort(self) -> None:
        """End now."""
        self._closing = True
        if self._lines.program is not None:
            self._lines.program.abort()
