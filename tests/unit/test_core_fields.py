"""Fields of decoded JSON are read without raising."""

import math

import pytest

from codex_ssh.core.fields import list_at, number_at, shape_at, text_at, texts_at, truth_at
from codex_ssh.core.rpc import Json

SHAPE = {"text": "t", "number": 3, "truth": True, "shape": {"a": 1}, "list": ["a", 1, None], "float": 2.9}


def test_fields_of_the_right_type_are_given() -> None:
    assert text_at(SHAPE, "text") == "t"
    assert number_at(SHAPE, "number") == 3
    assert number_at(SHAPE, "float") == 2
    assert truth_at(SHAPE, "truth")
    assert shape_at(SHAPE, "shape") == {"a": 1}
    assert list_at(SHAPE, "list") == ["a", 1, None]
    assert texts_at(SHAPE, "list") == ("a",)


@pytest.mark.parametrize("shape", [None, 5, "x", [], {}, {"f": None}, {"f": math.inf}, {"f": math.nan}])
def test_anything_else_is_the_default(shape: Json) -> None:
    assert text_at(shape, "f", "default") == "default"
    assert number_at(shape, "f") is None
    assert not truth_at(shape, "f")
    assert shape_at(shape, "f") == {}
    assert list_at(shape, "f") == []
    assert texts_at(shape, "f") == ()


def test_a_boolean_is_no_number() -> None:
    assert number_at(SHAPE, "truth") is None
