"""Settings as text."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from codex_ssh.core.config import KEYS, Layer, Settings, merge
from codex_ssh.core.config_text import faults, starter, value_text

VALUES: dict[str, Any] = {
    "ssh": "openssh",
    "exec": "docker exec -i 'my box'",
    "endpoint": "ws://127.0.0.1:4600",
    "env": {"A": 'b " c'},
    "token_command": ["pass", "show", "it is"],
    "wss": "wss://box.example:443",
    "tls_pin": "sha256:" + "ab" * 32,
    "door": True,
    "cd": "/srv/ünï code",
}


def settings(values: dict[str, Any]) -> Settings:
    return merge([Layer(origin="test", values=values)]).settings


@pytest.mark.parametrize("key", KEYS)
def test_a_value_goes_there_and_back(key: str) -> None:
    for one in (Settings(), settings(VALUES)):
        text = value_text(key, one)
        read = tomllib.loads(f"{key} = {text}")
        if read[key] not in ("", []):  # an empty text stands for nothing said
            assert getattr(settings(read), key) == getattr(one, key), text


def test_the_starter_says_nothing_and_names_everything() -> None:
    assert tomllib.loads(starter()) == {"defaults": {}}
    keys = [line.removeprefix("# ") for line in starter().splitlines() if line.startswith("# ")]
    said = tomllib.loads("\n".join(line for line in keys[2 : 2 + len(KEYS)]))
    assert list(said) == list(KEYS)


def test_all_faults_are_told_at_once_with_what_was_meant() -> None:
    document = {
        "defaults": {"modle": "x", "door": "maybe"},
        "host": {"build-[ab]": {"endpoint": "ws://10.0.0.1:1"}, "good": {"cd": "/w"}, "bad": 3},
        "hots": {},
    }
    found = faults(document, path="config.toml")
    told = "\n".join(f"{fault.message} {fault.hint}" for fault in found)
    assert len(found) == 4
    for words in ("unknown table 'hots'", "did you mean 'model'", "door: neither", "build-[ab]"):
        assert words in told
    assert faults({"defaults": {"cd": "/w"}}, path="config.toml") == []
