"""The keys on the help page and in the manual are the keys there are."""

from pathlib import Path

from codex_ssh.tui.app import CodexApp
from codex_ssh.tui.commands import COMMANDS, CommandName, matching, parse
from codex_ssh.tui.pages import KEYS, help_text

MANUAL = Path(__file__).parents[2] / "docs" / "reference" / "tui.md"


def test_every_binding_is_on_the_help_page_and_in_the_manual() -> None:
    shown = {"escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}
    manual = MANUAL.read_text()
    for binding in CodexApp.BINDINGS:
        key = getattr(binding, "key", "")
        assert shown.get(key, key) in KEYS, key
        assert shown.get(key, key).lower() in manual.lower(), key


def test_every_command_is_in_the_manual_and_on_the_help_page() -> None:
    manual = MANUAL.read_text()
    for command in COMMANDS:
        assert f"`/{command.name.value}" in manual
        assert f"/{command.name.value}" in help_text()


def test_half_a_name_matches_and_a_path_does_not() -> None:
    assert [command.name for command in matching("/re")] == [CommandName.RESUME]
    assert len(matching("/")) == len(COMMANDS)
    for text in ("/etc", "text", "/new\n", "/new x"):
        assert matching(text) == ()


def test_only_known_names_are_commands() -> None:
    assert parse("/model gpt high") == (CommandName.MODEL, ["gpt", "high"])
    assert parse("/QUIT") == (CommandName.QUIT, [])
    for text in ("/etc/hosts", "new", "", "/new\nmore"):
        assert parse(text) is None
