"""WebSocket frames in a stream of bytes, followed without keeping them.

Lives here: where frames and messages begin and end, the beginning of each text message, and the close frame
we put between two frames. Not here: whole messages (:mod:`codex_ssh.server.websocket`).

Source: RFC 6455 section 5.2.
"""

from __future__ import annotations

from typing import Final

_TEXT: Final = 1
_CONTINUATION: Final = 0
_CLOSE: Final = 8

MAX_REASON_BYTES: Final = 123
"""Longest reason a close frame can carry."""


class FrameWalker:
    """Follows one direction of a connection.

    Args:
        peek_bytes: How much of each text message to keep, unmasked, until it ends.

    Attributes:
        saw_close: Whether a close frame began.
        last_boundary: Where in the bytes fed last the last frame ended; -1 if none did.
    """

    def __init__(self, *, peek_bytes: int = 0) -> None:
        self.saw_close = False
        self.last_boundary = -1
        self._peek_bytes = peek_bytes
        self._head = bytearray()
        self._left = 0
        self._mask = b""
        self._offset = 0
        self._in_payload = False
        self._opcode = 0
        self._final = True
        self._is_text = False
        self._peeked = bytearray()

    @property
    def at_boundary(self) -> bool:
        """Whether the bytes so far end with a frame."""
        return not self._in_payload and not self._head

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; give the beginnings of the text messages that ended in them."""
        ended: list[bytes] = []
        self.last_boundary = -1
        place, size = 0, len(data)
        while place < size:
            if not self._in_payload:
                place = self._take_head(data, place)
                if not self._in_payload:
                    break
            step = min(self._left, size - place)
            if step:
                self._take_payload(data, place, step)
                place += step
            if self._left == 0:
                self._in_payload = False
                self.last_boundary = place
                if self._final and self._opcode in (_TEXT, _CONTINUATION):
                    if self._is_text:
                        ended.append(bytes(self._peeked))
                    self._peeked.clear()
        return ended

    def _take_head(self, data: bytes, place: int) -> int:
        while place < len(data):
            self._head.append(data[place])
            place += 1
            if len(self._head) >= 2 and len(self._head) == self._head_bytes():
                self._open_frame()
                break
        return place

    def _head_bytes(self) -> int:
        length = self._head[1] & 0x7F
        extended = 2 if length == 126 else 8 if length == 127 else 0
        return 2 + extended + (4 if self._head[1] & 0x80 else 0)

    def _open_frame(self) -> None:
        head = bytes(self._head)
        self._head.clear()
        length = head[1] & 0x7F
        extended = 2 if length == 126 else 8 if length == 127 else 0
        self._left = int.from_bytes(head[2 : 2 + extended], "big") if extended else length
        self._mask = head[2 + extended :]
        self._offset = 0
        self._in_payload = True
        self._opcode = head[0] & 0x0F
        self._final = bool(head[0] & 0x80)
        if self._opcode == _CLOSE:
            self.saw_close = True
        elif self._opcode != _CONTINUATION and self._opcode < _CLOSE:
            self._is_text = self._opcode == _TEXT
            self._peeked.clear()

    def _take_payload(self, data: bytes, place: int, step: int) -> None:
        room = self._peek_bytes - len(self._peeked)
        if room > 0 and self._is_text and self._opcode in (_TEXT, _CONTINUATION):
            part = data[place : place + min(step, room)]
            if self._mask:
                first = self._offset % 4
                key = (self._mask[first:] + self._mask[:first]) * (len(part) // 4 + 1)
                part = bytes(a ^ b for a, b in zip(part, key, strict=False))
            self._peeked += part
        self._offset += step
        self._left -= step


def close_frame(code: int, reason: str) -> bytes:
    """Give a server's close frame; the reason is cut to what fits."""
    payload = code.to_bytes(2, "big") + reason.encode()[:MAX_REASON_BYTES].decode("utf-8", "ignore").encode()
    return bytes((0x80 | _CLOSE, len(payload))) + payload
