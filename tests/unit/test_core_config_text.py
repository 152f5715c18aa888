"""Settings as text."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from codex_ssh.core.config import KEYS, Layer, Settings, merge
from codex_ssh.core.config_text import faults, starter, value_text
from codex_ssh.core.host_command import FLEET_KEYS
from codex_ssh.core.tui_settings import TUI_KEYS, TuiSettings, merge_tui

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


@pytest.mark.parametrize("key", TUI_KEYS)
def test_a_value_of_the_tui_goes_there_and_back(key: str) -> None:
    some = {
        "theme": "high-contrast",
        "status": ["round-trip", "host"],
        "title": "off",
        "notifications": "osc99",
        "notify_command": "notify-send 'a b'",
        "notify_on": ["question"],
        "vim": True,
        "mouse": False,
        "keys": {"composer.send": "alt+f12", "app.leave": []},
    }
    for one in (TuiSettings(), merge_tui([Layer(origin="test", values=some)]).settings):
        read = tomllib.loads(f"{key} = {value_text(key, one)}")
        back = merge_tui([Layer(origin="test", values=read)]).settings
        assert getattr(back, key) == getattr(one, key)


def test_the_starter_says_nothing_and_names_everything() -> None:
    assert tomllib.loads(starter()) == {"defaults": {}, "tui": {}, "fleet": {}}
    written = [line.removeprefix("# ") for line in starter().splitlines() if " = " in line]
    keys = [line.partition(" = ")[0] for line in written]
    assert keys == [*KEYS, *TUI_KEYS, *FLEET_KEYS, "cd"]  # the last one is of the example of a host
    assert tomllib.loads("\n".join(written[: len(KEYS)]))
    assert tomllib.loads("\n".join(written[len(KEYS) : -1]))


def test_all_faults_are_told_at_once_with_what_was_meant() -> None:
    document = {
        "defaults": {"modle": "x", "door": "maybe"},
        "host": {"build-[ab]": {"endpoint": "ws://10.0.0.1:1"}, "good": {"cd": "/w"}, "bad": 3},
        "hots": {},
        "tui": {"theme": "drak", "mouse": "maybe", "notifications": "command", "colour": 1},
    }
    found = faults(document, path="config.toml")
    told = "\n".join(f"{fault.message} {fault.hint}" for fault in found)
    assert len(found) == 7
    for words in ("unknown table 'hots'", "did you mean 'model'", "door: neither", "build-[ab]", "'dark'"):
        assert words in told
    (alone,) = faults({"tui": {"notifications": "command"}}, path="config.toml")
    assert "there is no 'notify_command'" in alone.message
    assert faults({"defaults": {"cd": "/w"}}, path="config.toml") == []
