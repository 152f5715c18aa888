"""Items with little to say, and those of types nobody here knows.

Source: ``ThreadItem`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from codex_ssh.core.fields import number_at, text_at
from codex_ssh.core.items.base import ItemId, compact_json
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass

SHORT_CHARACTERS: Final = 200
"""A text field of an unknown item is shown by itself up to so many characters."""

_MOST_CHARACTERS: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """The model waits.

    Attributes:
        duration_ms: For how long; None when not told.
    """

    id: ItemId
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextCompaction:
    """What was said so far was summed up, to make room in the model's context."""

    id: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownItem:
    """An item of a type we do not know; shown by its name and its short texts.

    Attributes:
        texts: Name and text of its short text fields.
        json: All of it, compact; cut off when it is huge.
    """

    id: ItemId
    type: str
    texts: tuple[tuple[str, str], ...] = ()
    json: str = ""


def decode_sleep(number: ItemId, shape: Json) -> Sleep:
    """Read a ``sleep``."""
    return Sleep(id=number, duration_ms=number_at(shape, "durationMs"))


def decode_context_compaction(number: ItemId, shape: Json) -> ContextCompaction:
    """Read a ``contextCompaction``, which says nothing but that."""
    del shape
    return ContextCompaction(id=number)


def decode_unknown(number: ItemId, shape: Json) -> UnknownItem:
    """Read an item of any other type, whatever it is made of."""
    members = shape if isinstance(shape, Mapping) else {}
    return UnknownItem(
        id=number,
        type=text_at(shape, "type"),
        texts=tuple(
            (str(name), text)
            for name, text in members.items()
            if name not in ("id", "type") and isinstance(text, str) and 0 < len(text) <= SHORT_CHARACTERS
        ),
        json=compact_json(shape)[:_MOST_CHARACTERS],
    )
