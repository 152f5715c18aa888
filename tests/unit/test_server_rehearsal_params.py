"""Params are refused in the real server's words."""

from __future__ import annotations

from typing import Any

import pytest

from codex_ssh.server.rehearsal import params
from codex_ssh.server.rehearsal.wire import Refused

GOOD = "019a0000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("value", "described"),
    [
        (5, "integer `5`"),
        (True, "boolean `true`"),
        (1.5, "floating point `1.5`"),
        (None, "null"),
        ([], "sequence"),
        ({}, "map"),
    ],
)
def test_a_wrong_type_is_named(value: object, described: str) -> None:
    with pytest.raises(Refused, match=f"invalid type: {described}, expected a string"):
        params.text({"x": value}, "x")


def test_a_missing_member_is_named() -> None:
    with pytest.raises(Refused, match="missing field `x`"):
        params.text({}, "x")
    with pytest.raises(Refused, match="missing field `input`"):
        params.user_input({"threadId": GOOD})


def test_null_is_as_good_as_missing_where_it_may_be_missing() -> None:
    empty: dict[str, Any] = {"x": None}
    assert params.optional_text(empty, "x") is None
    assert params.optional_number(empty, "x") is None
    assert params.flag(empty, "x") is False
    assert params.optional_number({"x": 3}, "x") == 3
    with pytest.raises(Refused, match="boolean `true`"):
        params.optional_number({"x": True}, "x")
    with pytest.raises(Refused, match='string "a"'):
        params.flag({"x": "a"}, "x")


def test_a_thread_id_is_a_uuid() -> None:
    assert params.thread_id({"threadId": GOOD.upper()}) == GOOD
    with pytest.raises(Refused, match="found `n` at 1"):
        params.thread_id({"threadId": "nope"})
    with pytest.raises(Refused, match="invalid length"):
        params.thread_id({"threadId": "abc"})


def test_the_words_of_an_input_are_joined() -> None:
    said = [{"type": "text", "text": "a"}, {"type": "image", "url": "x"}, {"type": "text", "text": "b"}]
    content = params.user_input({"threadId": GOOD, "input": said})
    assert content[0] == {"type": "text", "text": "a", "text_elements": []}
    assert params.input_text(content) == "a\nb"
