"""The method of a message, from its beginning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.method_name import MAX_METHOD_CHARACTERS, OUT_OF_REACH, PEEK_BYTES, find_method


@pytest.mark.parametrize(
    ("message", "method"),
    [
        ('{"id":1,"method":"turn/start","params":{', "turn/start"),
        (' { "params" : {"method":"inner"} , "method" : "outer" }', "outer"),
        ('{"id":1,"result":{"method":"inner"}}', None),
        ('{"method":5}', None),
        ('["method"]', None),
        ("", None),
        ("{", None),
        ('{"method"', None),
        ("[" * 60_000, None),
    ],
)
def test_only_the_top_level_counts(message: str, method: str | None) -> None:
    assert find_method(message.encode()) == method


def test_a_method_behind_much_else_is_said_to_be_out_of_reach() -> None:
    message = b'{"params":"' + b"x" * PEEK_BYTES + b'","method":"turn/start"}'
    assert find_method(message) == OUT_OF_REACH


def test_a_long_method_is_cut() -> None:
    assert find_method(b'{"method":"' + b"m" * 500 + b'"}') == "m" * MAX_METHOD_CHARACTERS


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(message: bytes) -> None:
    found = find_method(message)
    assert found is None or isinstance(found, str)
