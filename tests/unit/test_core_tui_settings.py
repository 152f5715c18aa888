"""The [tui] table: its forms, and what wins."""

from __future__ import annotations

import pytest

from codex_ssh.core.config import Layer
from codex_ssh.core.tui_settings import (
    TUI_KEYS,
    Notifications,
    NotifyOn,
    StatusItem,
    ThemeName,
    TuiSettings,
    merge_tui,
    tui_layers,
)
from codex_ssh.errors import ConfigError


def settings(**values: object) -> TuiSettings:
    return merge_tui([Layer(origin="c.toml [tui]", values=values)]).settings


def test_every_key_has_a_form() -> None:
    assert settings(
        theme="light",
        status=["host", "state"],
        title=[],
        notifications="command",
        notify_command=["notify-send"],
        notify_on="off",
        vim=True,
        mouse=False,
        screen_reader=True,
        confirm_links=False,
        keys={"composer.send": "alt+f12", "app": {"leave": ["alt+f10", "alt+f11"], "quit": []}},
    ) == TuiSettings(
        theme=ThemeName.LIGHT,
        status=(StatusItem.HOST, StatusItem.STATE),
        title=(),
        notifications=Notifications.COMMAND,
        notify_command=("notify-send",),
        notify_on=(),
        vim=True,
        mouse=False,
        screen_reader=True,
        confirm_links=False,
        keys={"composer.send": ("alt+f12",), "app.leave": ("alt+f10", "alt+f11"), "app.quit": ()},
    )


def test_the_environment_wins_over_the_file_and_the_origin_is_known() -> None:
    document = {"tui": {"theme": "dark", "vim": True}, "defaults": {"tui": "codex"}}
    environment = {
        "CODEX_SSH_TUI_THEME": "mono",
        "CODEX_SSH_TUI_STATUS": "state  host",
        "CODEX_SSH_TUI_TITLE": "off",
        "CODEX_SSH_TUI_NOTIFY_COMMAND": "say 'a b'",
        "CODEX_SSH_TUI_MOUSE": "no",
        "CODEX_SSH_TUI_VIM": "",
        "CODEX_SSH_TUI_KEYS": "not from here",
        "CODEX_SSH_TUI": "builtin",
    }
    effective = merge_tui(tui_layers(document, environment, path="c.toml"))
    assert effective.settings == TuiSettings(
        theme=ThemeName.MONO,
        status=(StatusItem.STATE, StatusItem.HOST),
        title=(),
        notify_command=("say", "a b"),
        mouse=False,
        vim=True,
    )
    assert effective.origins["theme"] == "the environment"
    assert effective.origins["vim"] == "c.toml [tui]"
    assert "notify_on" not in effective.origins


def test_nothing_said_is_what_is_built_in() -> None:
    assert tui_layers({}, {}, path="c") == []
    assert settings() == TuiSettings()
    assert set(settings().notify_on) == set(NotifyOn)


@pytest.mark.parametrize(
    ("values", "said", "hint"),
    [
        ({"thme": "dark"}, "c.toml [tui]: unknown key 'thme'", "did you mean 'theme'?"),
        ({"theme": "drak"}, "theme: 'drak' is not known", "did you mean 'dark'?"),
        ({"theme": 5}, "theme: not a text: 5", ""),
        ({"status": ["hots"]}, "status: 'hots' is not known", "did you mean 'host'?"),
        ({"status": ["host", "host"]}, "status: a name stands there twice", "each may be there once"),
        ({"title": "thread"}, "title: not a list of words", ""),
        ({"notify_on": ["lunch"]}, "notify_on: 'lunch'", "known are: turn-end, approval, question, link"),
        ({"notifications": "command"}, "there is no 'notify_command'", "notify-send"),
        ({"mouse": "maybe"}, "mouse: neither true nor false", ""),
        ({"keys": ["x"]}, "keys: not a table", ""),
        ({"keys": {"composer.send": 5}}, "keys: not a list of words", ""),
        ({"keys": {"composer": {"snd": "f2"}}}, "keys: unknown action 'composer.snd'", "'composer.send'"),
        ({"keys": {"app.quit": "ctrl+q"}}, "'ctrl+q' is both", "another key"),
    ],
)
def test_a_wrong_value_names_file_and_key_and_what_was_meant(
    values: dict[str, object], said: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(**values)
    assert said in str(caught.value)
    assert hint in caught.value.hint


def test_tui_has_to_be_a_table() -> None:
    with pytest.raises(ConfigError, match="'tui' is not a table"):
        tui_layers({"tui": "codex"}, {}, path="c.toml")


def test_every_key_but_the_keys_can_be_said_by_the_environment() -> None:
    said = {f"CODEX_SSH_TUI_{key.upper()}": "x" for key in TUI_KEYS}
    (layer,) = tui_layers({}, said, path="c")
    assert set(layer.values) == set(TUI_KEYS) - {"keys"}
