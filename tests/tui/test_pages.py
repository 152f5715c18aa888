"""The keys on the help page and in the manual are the keys there are; commands are read and found."""

from pathlib import Path

import pytest

from codex_ssh.core.keymap import Keymap
from codex_ssh.tui.app import CodexApp
from codex_ssh.tui.commands.registry import COMMANDS, matching, parse
from codex_ssh.tui.pages import help_text
from tests.tui.stage import open_stage

MANUAL = Path(__file__).parents[2] / "docs" / "reference" / "tui.md"


def anything(_: str) -> bool:
    return True


def names(text: str, *, lacking: str = "") -> list[str]:
    return [command.name for command in matching(text, lambda method: method != lacking)]


def test_every_binding_of_the_application_is_in_the_table_of_keys() -> None:
    keymap = Keymap()
    for binding in CodexApp.BINDINGS:
        assert keymap.keys(getattr(binding, "id", ""))


def test_every_key_is_on_the_help_page_and_in_the_manual() -> None:
    manual = MANUAL.read_text().replace("`", "").lower()
    page = help_text(Keymap(), COMMANDS)
    for place, rows in Keymap().sheet():
        for keys, about in rows:
            assert f"  {keys:<24}{about}" in page
            for key in keys.split(", "):
                assert key.lower() in manual, f"{key} ({place.value})"


def test_every_command_is_in_the_manual_and_on_the_help_page() -> None:
    manual = MANUAL.read_text()
    for command in COMMANDS:
        assert f"`/{command.name}" in manual
        assert f"/{command.name}" in help_text(Keymap(), COMMANDS)


def test_half_a_name_matches_and_a_path_does_not() -> None:
    assert names("/res") == ["resume"]
    assert len(names("/")) == len(COMMANDS)
    for text in ("/etc/", "text", "/new\n", "/new x"):
        assert names(text) == []


def test_letters_may_be_left_out_and_what_begins_with_them_comes_first() -> None:
    assert "resume" in names("/rsm")
    assert names("/st")[0] == "status"


def test_a_command_the_server_cannot_do_is_not_offered() -> None:
    assert "fork" in names("/fork")
    assert "fork" not in names("/", lacking="thread/fork")


async def test_a_command_the_server_cannot_do_says_so_when_it_is_typed_all_the_same() -> None:
    async with open_stage() as stage:
        stage.script.lacking.add("thread/fork")
        await stage.type("/fork")
        await stage.wait_text("it has no 'thread/fork'")
        assert not stage.script.asked("thread/fork")


def test_only_known_names_are_commands() -> None:
    found = parse("/model gpt high")
    assert found is not None
    assert (found[0].name, found[1]) == ("model", ["gpt", "high"])
    quit_it = parse("/QUIT")
    assert quit_it is not None
    assert quit_it[1] == []
    for text in ("/etc/hosts", "new", "", "/new\nmore"):
        assert parse(text) is None


NEEDS = [(command.name, method) for command in COMMANDS for method in command.needs]


@pytest.mark.parametrize(("name", "method"), NEEDS)
def test_a_command_is_not_offered_by_a_server_that_lacks_a_method_of_it(name: str, method: str) -> None:
    assert name in names(f"/{name}")
    assert name not in names(f"/{name}", lacking=method)


async def test_each_command_of_a_server_that_has_nothing_says_what_it_lacks() -> None:
    async with open_stage(size=(100, 40)) as stage:
        for command in COMMANDS:
            if command.needs:
                stage.script.lacking = set(command.needs)
                before = len(stage.script.calls)
                stage.app.type_command(f"/{command.name}")
                await stage.wait_text(f"/{command.name} does not work with this app server: it has no")
                assert len(stage.script.calls) == before, command.name


def test_a_command_that_takes_a_text_takes_it_as_it_was_written() -> None:
    found = parse("/tell  first\n  second   line\n")
    assert found is not None
    assert (found[0].name, found[1]) == ("tell", ["first\n  second   line"])
    assert parse("/Tell ") == (found[0], [])
    assert parse("/compact\nsecond line") is None
