"""The method of a JSON-RPC message, found without reading the message.

Lives here: reading the top level of one JSON object up to its ``method``. Not here: messages as such
(:mod:`codex_ssh.core.rpc`).
"""

from __future__ import annotations

import json
import re
from typing import Final

PEEK_BYTES: Final = 64 * 1024
"""How much of a message is looked at; clients write the method in front of the params."""

MAX_METHOD_CHARACTERS: Final = 100

OUT_OF_REACH: Final = "?"
"""Stands for the method of a long message that does not name it at its beginning."""

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


def find_method(beginning: bytes) -> str | None:
    """Give the method named at the top level, :data:`OUT_OF_REACH`, or None for what has no method.

    Args:
        beginning: The message, or its first :data:`PEEK_BYTES`.
    """
    unknown = OUT_OF_REACH if len(beginning) >= PEEK_BYTES else None
    text = beginning[:PEEK_BYTES].decode("utf-8", "replace")
    place = _skip(text, 0)
    if not text.startswith("{", place):
        return unknown
    try:
        while True:
            name, place = _DECODER.raw_decode(text, _skip(text, place + 1))
            place = _skip(text, place)
            if not isinstance(name, str) or not text.startswith(":", place):
                return unknown
            value, place = _DECODER.raw_decode(text, _skip(text, place + 1))
            if name == "method":
                return value[:MAX_METHOD_CHARACTERS] if isinstance(value, str) else None
            place = _skip(text, place)
            if not text.startswith(",", place):
                return unknown if place >= len(text) else None
    except (ValueError, RecursionError):
        return unknown


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place
