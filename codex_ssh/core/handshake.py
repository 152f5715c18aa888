"""The client side of a WebSocket upgrade, without I/O.

Lives here: the request we send and the verdict on what comes back. Not here: who may be dialled and
with which credential (:mod:`codex_ssh.link.dial`), the server side (:mod:`codex_ssh.core.upgrade`), and
frames (websockets does those).

Why not the handshake of websockets: :func:`codex_ssh.link.dial.dial` ends with bytes for two readers, a
websockets connection and the raw splice of the door, and the body of a 401 is wanted by both.

Source: RFC 6455 section 4.1; RFC 9112 by way of h11.
"""

from __future__ import annotations

import base64
from email.utils import parsedate_to_datetime
from typing import Final

import h11

from codex_ssh.core.secret import Secret
from codex_ssh.core.upgrade import accept_key
from codex_ssh.core.value import dataclass

NONCE_BYTES: Final = 16
"""Length of the random value behind ``Sec-WebSocket-Key`` (RFC 6455 section 4.1)."""

BODY_LIMIT_BYTES: Final = 4096
"""How much of a refusal's body is kept. The real server's are below 50 bytes."""


class HandshakeError(ValueError):
    """What came back is not an answer to an upgrade: not HTTP, cut off, or a wrong accept value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """The server switched protocols.

    Attributes:
        leftover: Bytes behind the answer: the first WebSocket frames, usually none.
    """

    leftover: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The server answered something else.

    Attributes:
        status: HTTP status.
        body: The start of the body as text, stripped; remote text.
        date: The server's ``Date`` header; empty when it sends none.
    """

    status: int
    body: str
    date: str = ""

    @property
    def server_time(self) -> float | None:
        """The server's clock in Unix seconds, to the second; None when it does not tell."""
        try:
            return parsedate_to_datetime(self.date).timestamp()
        except (ValueError, OverflowError):
            return None


class Handshake:
    """One upgrade: give it the bytes that arrive, it gives the verdict once.

    Args:
        host: Value of the ``Host`` header, with the port.
        nonce: :data:`NONCE_BYTES` random bytes.
    """

    def __init__(self, *, host: str, nonce: bytes) -> None:
        self._host = host
        self._key = base64.b64encode(nonce)
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=64 * 1024)
        self._refusal: h11.Response | None = None
        self._body = bytearray()

    def request(self, *, bearer: Secret | None = None) -> bytes:
        """Give the request to send. No ``Origin`` (codex answers 403 to any), no extensions offered."""
        headers = [
            ("Host", self._host),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", self._key.decode()),
            ("Sec-WebSocket-Version", "13"),
        ]
        if bearer is not None:
            headers.append(("Authorization", f"Bearer {bearer.reveal()}"))
        sent = self._http.send(h11.Request(method="GET", target="/", headers=headers))
        ended = self._http.send(h11.EndOfMessage())
        return (sent or b"") + (ended or b"")

    def receive(self, data: bytes) -> Switched | Refused | None:
        """Take bytes from the server; ``b""`` means it closed. None: more is needed.

        Raises:
            HandshakeError: What came is not an answer to an upgrade.
        """
        try:
            self._http.receive_data(data)
            return self._verdict()
        except h11.RemoteProtocolError as error:
            if not data and self._refusal is None:
                raise HandshakeError("it closed the connection without an answer") from error
            if not data and self._refusal is not None:
                return self._refused(self._refusal)
            raise HandshakeError(f"not an HTTP answer: {error}") from error

    def _verdict(self) -> Switched | Refused | None:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return None
            match event:
                case h11.InformationalResponse(status_code=101):
                    return self._switched(event)
                case h11.Response():
                    self._refusal = event
                case h11.Data():
                    self._body += event.data[: BODY_LIMIT_BYTES - len(self._body)]
                    if len(self._body) >= BODY_LIMIT_BYTES and self._refusal is not None:
                        return self._refused(self._refusal)
                case h11.EndOfMessage() if self._refusal is not None:
                    return self._refused(self._refusal)
                case h11.ConnectionClosed():
                    raise HandshakeError("it closed the connection without an answer")
                case _:
                    pass

    def _switched(self, answer: h11.InformationalResponse) -> Switched:
        wanted = accept_key(self._key.decode()).encode()
        headers = dict(answer.headers)
        if headers.get(b"sec-websocket-accept") != wanted:
            raise HandshakeError("it switched protocols with a wrong Sec-WebSocket-Accept")
        if headers.get(b"sec-websocket-extensions"):
            raise HandshakeError("it chose a WebSocket extension nobody offered")
        return Switched(leftover=self._http.trailing_data[0])

    def _refused(self, answer: h11.Response) -> Refused:
        date = dict(answer.headers).get(b"date", b"").decode("latin-1")
        body = bytes(self._body).decode("utf-8", "replace").strip()
        return Refused(status=answer.status_code, body=body, date=date)
