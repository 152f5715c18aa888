"""The plain forms of values."""

from __future__ import annotations

import enum

import pytest

from codex_ssh.core import config_value as form
from codex_ssh.errors import UsageError


class Fruit(enum.Enum):
    APPLE = "apple"
    PEAR = "pear"


def test_a_flag_is_a_bool_or_one_of_a_few_words() -> None:
    assert [form.flag(raw) for raw in (True, "YES", "1", False, "no", "0")] == [True] * 3 + [False] * 3
    with pytest.raises(ValueError, match="neither"):
        form.flag(1)


def test_a_list_of_names_keeps_its_order_and_takes_each_once() -> None:
    assert form.names(["pear", "apple"], Fruit) == (Fruit.PEAR, Fruit.APPLE)
    assert form.names("off", Fruit) == form.names([], Fruit) == ()
    with pytest.raises(UsageError, match="twice"):
        form.names(["pear", "pear"], Fruit)
    with pytest.raises(TypeError):
        form.names("pear", Fruit)


def test_a_wrong_name_gets_what_was_meant_or_all_there_are() -> None:
    with pytest.raises(UsageError) as near:
        form.name("aple", Fruit)
    assert near.value.hint == "did you mean 'apple'?"
    assert form.did_you_mean("zzz", ["apple", "pear"]) == "known are: apple, pear"
