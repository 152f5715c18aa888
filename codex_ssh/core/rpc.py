"""JSON-RPC frames as the app server speaks them: one object per text frame, no ``jsonrpc`` member.

Lives here: decoding a frame to a typed message and encoding ours. Not here: what the methods mean
(:mod:`codex_ssh.core.events`, :mod:`codex_ssh.core.methods`), and matching answers to questions
(:mod:`codex_ssh.link.session`).

Source: JSON-RPC 2.0, minus the member codex leaves out; ids are integers or strings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final, TypeAlias

from codex_ssh.core.value import dataclass

Json: TypeAlias = Any
"""Decoded JSON. Kept to this module's messages and to the decoders in ``core``."""

RequestId: TypeAlias = int | str

OVERLOADED = -32001
"""The server's inbound queue is full; the request was not looked at."""

INVALID_REQUEST = -32600
"""What codex answers to almost everything it will not do, unknown methods included."""

METHOD_NOT_FOUND = -32601
"""What the official TUI answers to a server request it does not know."""


class FrameError(ValueError):
    """A frame is not a JSON-RPC message. The real server ignores such frames and stays connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call, in either direction."""

    id: RequestId
    method: str
    params: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Something said without wanting an answer."""

    method: str
    params: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A good answer."""

    id: RequestId
    result: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorResponse:
    """A bad answer; ``id`` is None when the other side could not read ours."""

    id: RequestId | None
    code: int
    message: str
    data: Json = None


_READER: Final = json.JSONDecoder()

Message = Request | Notification | Response | ErrorResponse


def decode(frame: str | bytes) -> Message:
    """Read one frame.

    Raises:
        FrameError: Not JSON, not an object, or neither a call nor an answer.
    """
    try:
        found = _loads(frame)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"not JSON: {error}") from error
    return read_message(found)


def _loads(frame: str | bytes) -> Json:
    # Thousands of these come in a second, and json.loads takes longer to look for white space around one than
    # to read it.
    if isinstance(frame, str) and frame.startswith("{"):
        found, end = _READER.raw_decode(frame)
        if end == len(frame):
            return found
    return json.loads(frame)


def read_message(found: Json) -> Message:
    """Read a frame that is decoded already; raises as :func:`decode`."""
    if not isinstance(found, dict):
        raise FrameError(f"not an object: {type(found).__name__}")
    number = found.get("id")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int | str)):
        raise FrameError("the id is neither an integer nor a string")
    method = found.get("method")
    if isinstance(method, str):
        params = found.get("params")
        params = params if isinstance(params, dict) else {}
        if number is None:
            return Notification(method=method, params=params)
        return Request(id=number, method=method, params=params)
    if isinstance(fault := found.get("error"), dict):
        code, words = fault.get("code"), fault.get("message")
        return ErrorResponse(
            id=number,
            code=code if isinstance(code, int) else 0,
            message=words if isinstance(words, str) else "",
            data=fault.get("data"),
        )
    if number is None or "result" not in found:
        raise FrameError("neither a call nor an answer")
    return Response(id=number, result=found["result"])


def encode(message: Message) -> str:
    """Write one frame, compact, without the ``jsonrpc`` member."""
    shape: dict[str, Json]
    match message:
        case Request():
            shape = {"id": message.id, "method": message.method, "params": message.params}
        case Notification():
            shape = {"method": message.method}
            if message.params:
                shape["params"] = message.params
        case Response():
            shape = {"id": message.id, "result": message.result}
        case ErrorResponse():
            error: dict[str, Json] = {"code": message.code, "message": message.message}
            if message.data is not None:
                error["data"] = message.data
            shape = {"id": message.id, "error": error}
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
