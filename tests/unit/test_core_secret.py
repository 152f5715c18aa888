"""A value nobody prints by accident."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from codex_ssh.core.secret import Secret, watch_secrets


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


async def test_whoever_watches_is_told_of_every_secret_made_in_the_block_and_in_its_tasks() -> None:
    told: list[str] = []

    async def elsewhere() -> None:
        Secret("of a task")

    with watch_secrets(told.append):
        Secret("inside")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(elsewhere())
    Secret("afterwards")

    assert told == ["inside", "of a task"]
