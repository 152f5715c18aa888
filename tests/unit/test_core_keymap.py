"""The keys there are, and the keys a person chose instead."""

import pytest

from codex_ssh.core.keymap import ACTIONS, Keymap, Place, key_name, shown
from codex_ssh.errors import ConfigError


def test_the_built_in_keys_clash_nowhere_and_every_action_has_a_word() -> None:
    keymap = Keymap()
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    for action in ACTIONS:
        assert action.about
        for key in action.keys:
            assert keymap.action(key, action.place) == action.id
            assert key_name(key) == key


def test_a_chosen_key_replaces_the_built_in_ones() -> None:
    keymap = Keymap({"composer.send": ["F2", "alt+s"]})
    assert keymap.keys("composer.send") == ("f2", "alt+s")
    assert keymap.action("f2", Place.COMPOSER) == "composer.send"
    assert keymap.action("enter", Place.COMPOSER) == ""
    assert dict(keymap.chosen()) == {"composer.send": ("f2", "alt+s")}


def test_no_key_turns_an_action_off() -> None:
    keymap = Keymap({"app.interrupt": []})
    assert keymap.action("escape", Place.ANYWHERE) == ""
    assert all("interrupt" not in about for _, rows in keymap.sheet() for _, about in rows)


def test_ctrl_j_makes_a_new_line_whatever_is_chosen() -> None:
    assert Keymap({"composer.newline": ["f3"]}).action("ctrl+j", Place.COMPOSER) == "composer.newline"


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"composer.sned": ["f2"]}, "composer.send"),
        ({"composer.send": [""]}, "no key"),
        ({"composer.send": ["up"]}, "both composer.send and composer.older"),
    ],
)
def test_what_cannot_be_is_said(chosen: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        Keymap(chosen)
    assert said in f"{error.value} {error.value.hint}"


@pytest.mark.parametrize(
    ("written", "name", "read"),
    [
        ("?", "question_mark", "?"),
        ("Ctrl+/", "ctrl+slash", "Ctrl+/"),
        ("PageUp", "pageup", "PgUp"),
        ("y", "y", "Y"),
    ],
)
def test_a_key_is_named_as_textual_does_and_shown_as_people_do(written: str, name: str, read: str) -> None:
    assert key_name(written) == name
    assert shown(name) == read


def test_the_sheet_has_every_action_once() -> None:
    rows = [row for _, rows in Keymap().sheet() for row in rows]
    assert len(rows) == len([action for action in ACTIONS if action.keys])
    assert ("Ctrl+J, Shift+Enter, Alt+Enter", "a new line") in rows
