"""Reading a request's params as strictly as the real server, and refusing in its words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from codex_ssh.server.rehearsal.wire import Refused, Shape

Params = Mapping[str, Any]


def text(params: Params, name: str) -> str:
    """Give a string that must be there.

    Raises:
        Refused: It is missing or something else.
    """
    if name not in params:
        raise Refused(f"Invalid request: missing field `{name}`")
    found: str = _expect(params[name], str, "a string")
    return found


def optional_text(params: Params, name: str) -> str | None:
    """Give a string, or None when it is null or missing."""
    return None if params.get(name) is None else text(params, name)


def optional_number(params: Params, name: str) -> int | None:
    """Give an integer, or None when it is null or missing."""
    value = params.get(name)
    if isinstance(value, bool):
        raise _wrong(value, "u32")
    return None if value is None else _expect(value, int, "u32")


def flag(params: Params, name: str) -> bool:
    """Give a boolean; null and missing are false."""
    value = params.get(name)
    return False if value is None else _expect(value, bool, "a boolean")


def thread_id(params: Params) -> str:
    """Give ``threadId``, which must look like a UUID."""
    found = text(params, "threadId")
    if odd := re.search(r"[^0-9a-fA-F-]", found):
        raise Refused(
            "invalid thread id: invalid character: expected an optional prefix of `urn:uuid:` "
            f"followed by [0-9a-fA-F-], found `{odd[0]}` at {odd.start() + 1}"
        )
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", found):
        raise Refused(f"invalid thread id: invalid length: expected length 32, found {len(found)}")
    return found.lower()


def user_input(params: Params) -> list[Shape]:
    """Give ``input``, with the members the real server adds."""
    text(params, "threadId")  # the first that is read
    if "input" not in params:
        raise Refused("Invalid request: missing field `input`")
    content: list[Shape] = []
    for part in _expect(params["input"], list, "a sequence"):
        shape: Shape = dict(_expect(part, dict, "internally tagged enum UserInput"))
        kind = text(shape, "type")
        if kind == "text":
            text(shape, "text")
            shape.setdefault("text_elements", [])
        content.append(shape)
    return content


def input_text(content: list[Shape]) -> str:
    """Give the words of an input; images and mentions have none."""
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def _expect(value: Any, kind: type, expected: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(value, expected)
    return value


def _wrong(value: Any, expected: str) -> Refused:
    return Refused(f"Invalid request: invalid type: {_describe(value)}, expected {expected}")


def _describe(value: Any) -> str:
    """Name a value as serde does."""
    match value:
        case None:
            return "null"
        case bool():
            return f"boolean `{json.dumps(value)}`"
        case int():
            return f"integer `{value}`"
        case float():
            return f"floating point `{value}`"
        case str():
            return f"string {json.dumps(value, ensure_ascii=False)}"
        case list():
            return "sequence"
        case _:
            return "map"
