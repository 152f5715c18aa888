"""The server side of an HTTP/1.1 WebSocket upgrade, without I/O.

Lives here: reading the request from bytes, the checks every upgrade must pass, and the bytes of the answers.
Not here: who may connect (:mod:`codex_ssh.server.gate`, the client's local door) and the frames that
follow (``websockets``). We read the request ourselves because ``websockets`` answers other statuses than
the real app server (405, 400) and looks at neither Origin nor Authorization.

h11 reads the head. Three cases it would let through are refused here, as the real server or RFC 9112 do:
folded header lines, bare line feeds, and a body (the real server takes a body's bytes for frames).

Source: RFC 6455 §4.2, RFC 9110 §7.8; the words and their order are those of codex 0.163 and 0.169.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

import h11

from codex_ssh.core.value import dataclass

MAX_HEAD_BYTES: Final = 65_536
"""Longest request head we read. The real server allows some 400 KiB; no client needs more than a token."""

MAX_HEADERS: Final = 100
"""Most header lines we read; the real server's number."""

_WEBSOCKET_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_METHOD_START: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]")
_BARE_LINE_END: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)[\x00-\xff]")
_FOLDED_LINE: Final = re.compile(rb"\n[ \t]")
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer other than 101; the connection ends with it.

    Attributes:
        status: HTTP status, 200 included: a health answer ends the connection too.
        body: ``text/plain`` for people, empty when the real server says nothing.
        headers: Further header lines.
    """

    status: int
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeRequest:
    """A well-formed request head, which may or may not ask for an upgrade.

    Attributes:
        method: As sent; methods are case-sensitive.
        target: As sent, query included.
        http_version: ``"1.1"`` or ``"1.0"``.
        headers: In order, names in lower case, values trimmed and decoded as latin-1.
        leftover: Bytes that came behind the head: the first frames of an eager client.
    """

    method: str
    target: str
    http_version: str
    headers: tuple[tuple[str, str], ...]
    leftover: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def values(self, name: str) -> tuple[str, ...]:
        """Give every value of a header, in order.

        Args:
            name: In lower case.
        """
        return tuple(value for found, value in self.headers if found == name)

    def first(self, name: str) -> str | None:
        """Give the first value of a header, the only one the real server looks at."""
        return next(iter(self.values(name)), None)

    def __repr__(self) -> str:
        # Headers and query may hold a token, and a crash report prints locals by repr.
        return f"UpgradeRequest({self.method!r}, {self.path!r}, {len(self.headers)} headers)"


class UpgradeReader:
    """Reads one request head from bytes as they come.

    Feed it until it gives something; it gives one verdict, and is done then.

    Args:
        max_head_bytes: Where reading stops with 431.
    """

    def __init__(self, *, max_head_bytes: int = MAX_HEAD_BYTES) -> None:
        self._max_head_bytes = max_head_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> UpgradeRequest | Refusal | None:
        """Take bytes; give the request, the answer to a malformed one, or None for "more, please"."""
        searched = max(len(self._buffer) - 3, 0)
        self._buffer += data
        if self._buffer and not _METHOD_START.match(self._buffer):
            # TLS on a plain port, or a stray line: say so now, the end of the head may never come.
            return Refusal(status=400)
        end = self._buffer.find(b"\r\n\r\n", searched)
        head_bytes = end + 4 if end >= 0 else len(self._buffer)
        if head_bytes > self._max_head_bytes:
            return Refusal(status=431)
        head = bytes(self._buffer[:head_bytes])
        if _BARE_LINE_END.search(head) or _FOLDED_LINE.search(head):
            return Refusal(status=400)
        if end < 0:
            return None
        return _parse_head(head, leftover=bytes(self._buffer[head_bytes:]))


def _parse_head(head: bytes, *, leftover: bytes) -> UpgradeRequest | Refusal:
    parser = h11.Connection(h11.SERVER, max_incomplete_event_size=len(head) + 1)
    parser.receive_data(head)
    try:
        event = parser.next_event()
    except h11.RemoteProtocolError as error:
        return Refusal(status=error.error_status_hint)
    if not isinstance(event, h11.Request) or event.http_version not in (b"1.0", b"1.1"):
        return Refusal(status=400)
    headers = tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in event.headers)
    if len(headers) > MAX_HEADERS:
        return Refusal(status=431)
    if any(_CONTROL.search(value) for _, value in headers):
        return Refusal(status=400)
    return UpgradeRequest(
        method=event.method.decode("ascii"),
        target=event.target.decode("ascii"),
        http_version=event.http_version.decode("ascii"),
        headers=headers,
        leftover=leftover,
    )


def check_upgrade(request: UpgradeRequest) -> Refusal | None:
    """Give the answer to a request that is no WebSocket upgrade, or None for one that is.

    The order of the checks and their words are the real server's; it looks at the first header of a
    name only, and a credential is looked at after all of this.
    """
    if request.method != "GET":
        return Refusal(status=405, body="Request method must be `GET`", headers=(("allow", "GET"),))
    if "upgrade" not in (request.first("connection") or "").lower():
        return Refusal(status=400, body="Connection header did not include 'upgrade'")
    if (request.first("upgrade") or "").lower() != "websocket":
        return Refusal(status=400, body="`Upgrade` header did not include 'websocket'")
    if request.first("sec-websocket-version") != "13":
        return Refusal(status=400, body="`Sec-WebSocket-Version` header did not include '13'")
    if request.first("sec-websocket-key") is None:
        return Refusal(status=400, body="`Sec-WebSocket-Key` header missing")
    if request.http_version != "1.1":
        body = "WebSocket request couldn't be upgraded since no upgrade state was present"
        return Refusal(status=426, body=body)
    if request.values("transfer-encoding") or any(v != "0" for v in request.values("content-length")):
        return Refusal(status=400, body="an upgrade has no body")
    return None


def accept_key(key: str) -> str:
    """Give the ``Sec-WebSocket-Accept`` for a ``Sec-WebSocket-Key``; RFC 6455 §4.2.2."""
    digest = hashlib.sha1((key + _WEBSOCKET_GUID).encode("latin-1"), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


def accept_bytes(request: UpgradeRequest, *, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Give the 101 answer to a request that passed :func:`check_upgrade`. No extension is negotiated."""
    return _head_bytes(
        101,
        (
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-accept", accept_key(request.first("sec-websocket-key") or "")),
            *headers,
        ),
    )


def refusal_bytes(refusal: Refusal, *, now: float | None = None, method: str = "GET") -> bytes:
    """Give the whole answer; to ``HEAD`` without the body it announces.

    Args:
        refusal: What it says.
        now: Unix time in seconds; None leaves ``Date`` out. A client whose JWT is refused can tell by it how
            its clock differs, and the real server sends it too.
        method: Of the request.
    """
    body = refusal.body.encode()
    kind = (("content-type", "text/plain; charset=utf-8"),) if body else ()
    date = () if now is None else (("date", formatdate(now, usegmt=True)),)
    length = ("content-length", str(len(body)))
    head = _head_bytes(refusal.status, (*kind, *refusal.headers, length, ("connection", "close"), *date))
    return head if method == "HEAD" else head + body


def _head_bytes(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")
