"""The shapes on the wire: items, turns, threads, and the errors a request can be refused with.

Lives here: pure builders, one for each shape, with the members and the order of codex 0.169 (a client of
0.163 meets a few members more). Not here: replies that never change
(:mod:`codex_ssh.server.rehearsal.catalog`) and when something is sent.

Source: captures of codex 0.163 and 0.169, and ``codex app-server generate-json-schema --experimental``.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from codex_ssh.core.rpc import INVALID_REQUEST

Shape = dict[str, Any]

PROTOCOL_VERSION: Final = "0.169.0"
"""The codex whose protocol is spoken; what clients read behind the first ``/`` of the user agent."""

NAME: Final = "codex-ssh-rehearsal"
"""What we call ourselves where Codex says its client's name: nobody shall take us for Codex."""

MODEL: Final = "rehearsal"

CONTEXT_WINDOW: Final = 128_000


class Refused(Exception):
    """A request is answered with an error.

    Args:
        message: The real server's words.
        code: JSON-RPC code; almost always -32600, as with the real server.
        data: The error's ``data`` member.
    """

    def __init__(self, message: str, *, code: int = INVALID_REQUEST, data: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.data = data


def new_id(milliseconds: int) -> str:
    """Give a UUIDv7, as thread, turn and user message ids are; RFC 9562 §5.7."""
    bits = int.from_bytes(os.urandom(10))
    number = (milliseconds << 80) | (0x7 << 76) | (bits >> 68 << 64) | (0b10 << 62) | (bits & (2**62 - 1))
    return str(uuid.UUID(int=number & (2**128 - 1)))


def item_id(kind: str, milliseconds: int) -> str:
    """Give the id of an item other than a user message; ``kind`` is ``msg``, ``rs`` or ``call``."""
    return f"{kind}-{new_id(milliseconds)}"


def user_message(
    item_id: str, content: Sequence[Shape], *, client_id: str | None, at_ms: int | None
) -> Shape:
    """What the user said; complete from its start."""
    return {
        "type": "userMessage",
        "id": item_id,
        "clientId": client_id,
        "content": list(content),
        "startedAtMs": at_ms,
        "completedAtMs": None,
    }


def agent_message(item_id: str, *, at_ms: int) -> Shape:
    """An answer that has just begun."""
    return {
        "type": "agentMessage",
        "moderation": None,
        "id": item_id,
        "text": "",
        "phase": None,
        "memoryCitation": None,
        "delivery": None,
        "questions": None,
        "startedAtMs": at_ms,
        "completedAtMs": None,
    }


def reasoning(item_id: str, *, at_ms: int) -> Shape:
    """Reasoning that has just begun."""
    return {
        "type": "reasoning",
        "id": item_id,
        "summary": [],
        "content": [],
        "startedAtMs": at_ms,
        "completedAtMs": None,
    }


def context_compaction(item_id: str, *, at_ms: int) -> Shape:
    """A compaction that has just begun."""
    return {"type": "contextCompaction", "id": item_id, "startedAtMs": at_ms, "completedAtMs": None}


def command_execution(item_id: str, *, command: str, cwd: str, actions: Sequence[Shape], at_ms: int) -> Shape:
    """A command that is about to run, or to be asked for."""
    return {
        "type": "commandExecution",
        "id": item_id,
        "pluginId": None,
        "scriptPath": None,
        "command": command,
        "cwd": cwd,
        "processId": None,
        "source": "agent",
        "status": "inProgress",
        "commandActions": list(actions),
        "aggregatedOutput": None,
        "exitCode": None,
        "durationMs": None,
        "startedAtMs": at_ms,
        "completedAtMs": None,
    }


def file_change(item_id: str, changes: Sequence[Shape], *, at_ms: int) -> Shape:
    """A file change that is about to be made, or to be asked for."""
    return {
        "type": "fileChange",
        "id": item_id,
        "changes": list(changes),
        "status": "inProgress",
        "startedAtMs": at_ms,
        "completedAtMs": None,
    }


def review_mode(item_id: str, review: str, *, entered: bool, at_ms: int) -> Shape:
    """A review that begins, or is over; complete from its start."""
    kind = "enteredReviewMode" if entered else "exitedReviewMode"
    return {"type": kind, "id": item_id, "review": review, "startedAtMs": at_ms, "completedAtMs": None}


def turn_error(message: str, *, http_status: int | None = None) -> Shape:
    """Why a turn failed; ``http_status`` is what the model server answered with."""
    info: object = (
        "other" if http_status is None else {"httpConnectionFailed": {"httpStatusCode": http_status}}
    )
    return {"message": message, "codexErrorInfo": info, "additionalDetails": None, "misalignment": None}


def token_usage(*, total: Mapping[str, int], last: Mapping[str, int]) -> Shape:
    """``thread/tokenUsage/updated``; the numbers are made up from the length of texts."""
    return {"total": dict(total), "last": dict(last), "modelContextWindow": CONTEXT_WINDOW}


def tokens(*, read: int, written: int) -> dict[str, int]:
    """One count of tokens."""
    return {
        "totalTokens": read + written,
        "inputTokens": read,
        "cachedInputTokens": 0,
        "cacheWriteInputTokens": 0,
        "outputTokens": written,
        "reasoningOutputTokens": 0,
    }


def cursor(thread_id: str, ordinal: int, *, kind: str, anchor: bool) -> str:
    """A place in a list, opaque to clients; JSON in a string as the real server's."""
    found = {
        "requestedThreadId": thread_id,
        "rolloutOrdinal": ordinal,
        "includeAnchor": anchor,
        "scope": {"kind": kind},
    }
    return json.dumps(found, separators=(",", ":"))


def read_cursor(text: str | None) -> tuple[int, bool] | None:
    """Give ordinal and whether the place itself belongs to the page.

    Raises:
        Refused: Not one of ours.
    """
    if text is None:
        return None
    try:
        found = json.loads(text)
        return int(found["rolloutOrdinal"]), bool(found["includeAnchor"])
    except (ValueError, KeyError, TypeError):
        raise Refused(f"invalid cursor: {text}") from None
