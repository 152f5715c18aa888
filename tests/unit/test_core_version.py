"""Versions compared, and a server's abilities read from its own words."""

from __future__ import annotations

import pytest

from codex_ssh.core.version import Abilities, is_older, staleness


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.163.0", "0.169.0"),
        ("0.99.9", "0.100.0"),
        ("0.170.0-alpha.2", "0.170.0-alpha.10"),
        ("0.170.0-alpha.10", "0.170.0"),
        ("0.170.0-alpha", "0.170.0-beta"),
    ],
)
def test_versions_have_an_order(one: str, other: str) -> None:
    assert is_older(one, other)
    assert not is_older(other, one)
    assert not is_older(one, one)


@pytest.mark.parametrize("text", ["", "dev", "0.1", "1.2.3.4"])
def test_what_is_no_version_is_older_than_nothing(text: str) -> None:
    assert not is_older(text, "0.169.0")
    assert not is_older("0.169.0", text)


def test_a_stale_server_comes_with_the_command_that_helps() -> None:
    ours = staleness("0.163.0", "0.169.0", host="devbox", ours=True)
    assert ours.endswith("codex-ssh server restart --when-idle devbox")
    assert "restart it there" in staleness("0.163.0", "0.169.0", host="devbox", ours=False)
    assert staleness("0.169.0", "0.163.0", host="devbox", ours=True) == ""


def test_one_refusal_tells_every_method() -> None:
    abilities = Abilities()
    assert abilities.knows("thread/list") is None
    said = "Invalid request: unknown variant `a/b`, expected one of `thread/list`, `turn/start`"
    assert abilities.learn("a/b", said)
    assert [abilities.knows(name) for name in ("thread/list", "turn/start", "a/b", "c")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_refusal_about_parameters_teaches_nothing() -> None:
    abilities = Abilities()
    assert not abilities.learn("turn/start", "Invalid request: invalid type: integer `1`, expected a string")
    assert abilities.knows("turn/start") is None


def test_a_method_behind_a_capability_is_not_there() -> None:
    abilities = Abilities()
    assert abilities.learn("thread/queue/add", "thread/queue/add requires experimentalApi capability")
    assert abilities.knows("thread/queue/add") is False
    assert abilities.knows("thread/list") is None
