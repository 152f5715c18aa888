"""Every flag in the documentation exists, and every flag that exists is in the reference."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import pytest

from codex_ssh.cli import main
from codex_ssh.cli.options import add_connection_options
from tests.contract.documented import (
    COMMAND_LINE,
    ROOT,
    STATUS,
    command_lines,
    first_cells,
    flags_of_rows,
    long_flags,
    pages,
    sections,
)

FOREIGN: Mapping[str, str] = {
    "--remote": "codex",
    "--device-auth": "codex login",
    "--help": "argparse's own, said once",
    "--version": "argparse's own, said once",
    "--line": "make bench",
    "--write": "make bench",
}
"""Flags of other programs that the documentation names."""

SHARED = "Options of every command that connects"


def flags_of(parser: argparse.ArgumentParser) -> set[str]:
    """Every option string, the help's apart."""
    found = {text for action in parser._actions for text in action.option_strings}
    return found - {"-h", "--help"}


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    (choice,) = [
        action for action in main.build_parser()._actions if isinstance(action, argparse._SubParsersAction)
    ]
    return dict(choice.choices)


def shared_flags() -> set[str]:
    parser = argparse.ArgumentParser()
    add_connection_options(parser)
    return flags_of(parser)


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_extractor_finds_flags_and_examples() -> None:
    text = (
        "Use `--tls-ca FILE`, not --tls_x or ---rule, see http://h/--no and a--b.\n"
        "```sh\n$ codex-ssh exec box \\\n  --json 'a --b' | jq --else # --not-this\nssh box --else\n```\n"
        "| `-m`, `--model MODEL` | its use, `--other` |\n| `key` | value |\n"
    )

    assert long_flags(text) == {
        "--tls-ca",
        "--tls",
        "--json",
        "--b",
        "--not-this",
        "--else",
        "--model",
        "--other",
    }
    assert list(command_lines(text)) == [["exec", "box", "--json", "a --b"]]
    assert flags_of_rows(text) == {"-m", "--model"}
    assert first_cells(text) == ["-m`, `--model MODEL", "key"]


@pytest.mark.parametrize("page", [page for page in pages() if page != STATUS], ids=shown)
def test_every_flag_on_a_page_exists(page: Path) -> None:
    known = {flag for parser in command_parsers().values() for flag in flags_of(parser)}

    assert long_flags(page.read_text(encoding="utf-8")) - known - FOREIGN.keys() == set()


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_every_example_gives_its_command_flags_it_has(page: Path) -> None:
    parsers = command_parsers()
    for words in command_lines(page.read_text(encoding="utf-8")):
        command, *rest = main._with_command(words)
        if command.startswith("-"):
            continue
        used = {word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"}
        assert used <= flags_of(parsers[command]), f"codex-ssh {' '.join(words)}"


def test_every_command_has_its_section_with_exactly_its_flags() -> None:
    documented = sections(COMMAND_LINE.read_text(encoding="utf-8"))
    shared = shared_flags()

    assert flags_of_rows(documented[SHARED]) == shared
    for name, parser in command_parsers().items():
        own = flags_of(parser)
        if shared <= own:
            assert SHARED in documented[f"codex-ssh {name}"], f"{name}: no word of the shared options"
            own -= shared
        assert flags_of_rows(documented[f"codex-ssh {name}"]) == own, name


def test_no_command_is_documented_that_is_not_there() -> None:
    headings = sections(COMMAND_LINE.read_text(encoding="utf-8"))
    documented = {name.removeprefix("codex-ssh ") for name in headings if name.startswith("codex-ssh ")}

    assert documented == set(command_parsers())


def test_what_the_status_calls_missing_is_missing() -> None:
    missing = sections(STATUS.read_text(encoding="utf-8"))["Not there yet"]
    commands = {cell.split()[1] for cell in first_cells(missing) if cell.startswith("codex-ssh ")}
    flags = flags_of_rows(missing)
    built = command_parsers()

    assert commands.isdisjoint(built)
    assert flags.isdisjoint(flag for parser in built.values() for flag in flags_of(parser))
