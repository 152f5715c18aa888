"""Reads fields of decoded JSON without ever raising: what is missing or of another type is the default.

Lives here: the five kinds of field our decoders read. Not here: what a field means. The protocol moves
weekly, so a field that went away must cost one word on the screen and never the session.
"""

from __future__ import annotations

from collections.abc import Mapping

from codex_ssh.core.rpc import Json


def text_at(shape: Json, name: str, default: str = "") -> str:
    """Give a string field."""
    value = shape.get(name) if isinstance(shape, Mapping) else None
    return value if isinstance(value, str) else default


def number_at(shape: Json, name: str) -> int | None:
    """Give an integer field; None when there is none. A float is cut, a boolean is no number."""
    value = shape.get(name) if isinstance(shape, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return int(value)
    except (OverflowError, ValueError):
        return None


def truth_at(shape: Json, name: str) -> bool:
    """Give whether a field is JSON ``true``."""
    return isinstance(shape, Mapping) and shape.get(name) is True


def shape_at(shape: Json, name: str) -> Mapping[str, Json]:
    """Give an object field; empty when there is none."""
    value = shape.get(name) if isinstance(shape, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def list_at(shape: Json, name: str) -> list[Json]:
    """Give an array field; empty when there is none."""
    value = shape.get(name) if isinstance(shape, Mapping) else None
    return value if isinstance(value, list) else []


def texts_at(shape: Json, name: str) -> tuple[str, ...]:
    """Give the strings of an array field; members of other types are left out."""
    return tuple(value for value in list_at(shape, name) if isinstance(value, str))
