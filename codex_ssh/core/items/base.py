"""What all kinds of items have: an id, and a word for how far they are."""

from __future__ import annotations

import enum
import json
from typing import NewType

from codex_ssh.core.rpc import Json

ItemId = NewType("ItemId", str)


class ItemStatus(enum.Enum):
    """How far a command, an edit or a tool call is; the value is the app server's word."""

    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"
    FAILED = "failed"
    DECLINED = "declined"
    INTERRUPTED = "interrupted"
    UNKNOWN = ""

    @classmethod
    def read(cls, word: str) -> ItemStatus:
        """Give the status a word stands for; UNKNOWN for words of newer servers."""
        return _ITEM_STATUSES.get(word, cls.UNKNOWN)


_ITEM_STATUSES = {status.value: status for status in ItemStatus}


def compact_json(value: Json) -> str:
    """Give a value as JSON in one line; empty for none, ``…`` for what is no JSON."""
    if value is None:
        return ""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return "…"


def spread_json(text: str) -> str:
    """Give compact JSON over several lines; what is no JSON as it is. Never raises."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text
