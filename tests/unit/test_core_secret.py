"""A value nobody prints by accident."""

from __future__ import annotations

import pickle

import pytest

from codex_ssh.core.secret import Secret


def test_no_ordinary_way_of_printing_shows_it() -> None:
    secret = Secret("canary")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", repr({"a": secret}), repr([secret])]
    assert not any("canary" in text for text in shown)
    assert secret.reveal() == "canary"


def test_equal_text_makes_equal_secrets() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


def test_it_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("canary"))
