"""The man pages: every command and every flag of the parser, and nothing a formatter complains about."""

from __future__ import annotations

import importlib.util
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Protocol, cast

import pytest

from codex_ssh.errors import ExitCode
from tests.contract.documented import ROOT
from tests.contract.test_documented_flags import command_parsers, flags_of
from tests.support.require import require_program


class Generator(Protocol):
    """What ``config/manpages.py`` has."""

    def pages(self) -> dict[str, str]:
        """Give every page by its file's name."""

    def write(self, directory: Path) -> None:
        """Write every page into a directory."""


def generator() -> Generator:
    """The build hook, loaded from where it lies: ``config`` is no package."""
    spec = importlib.util.spec_from_file_location("manpages", ROOT / "config" / "manpages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Generator", module)


def plain(page: str) -> str:
    """The words of a page, without what only a formatter reads."""
    for mark in ("\\fB", "\\fI", "\\fR", "\\,", "\\/"):
        page = page.replace(mark, "")
    return page.replace("\\-", "-")


def test_every_command_has_a_page_and_the_first_page_names_all() -> None:
    pages = generator().pages()
    first = plain(pages["codex-ssh.1"])

    assert pages.keys() == {"codex-ssh.1", *(f"codex-ssh-{name}.1" for name in command_parsers())}
    for name in command_parsers():
        assert f"\ncodex-ssh {name}\n" in first
        assert f"codex-ssh-{name}(1)" in first
    for code in ExitCode:
        assert f"\n.TP\n{code.value}\n" in first


@pytest.mark.parametrize("name", command_parsers())
def test_a_page_has_every_flag_and_argument_with_its_help(name: str) -> None:
    parser = command_parsers()[name]
    page = plain(generator().pages()[f"codex-ssh-{name}.1"])
    heads = [head for mark, head in pairwise(page.split("\n")) if mark == ".TP"]
    named = {word for head in heads for word in head.replace(",", " ").split()}

    assert flags_of(parser) - named == set()
    for action in parser._get_positional_actions():
        assert action.help, f"{name}: {action.dest} has no help"
        assert action.help % vars(action) in page


def test_nothing_of_a_page_is_a_complaint(tmp_path: Path) -> None:
    groff = require_program("groff", "groff: apt-get install groff-base")
    generator().write(tmp_path)

    for path in sorted(tmp_path.iterdir()):
        done = subprocess.run(
            [groff, "-man", "-ww", "-Tascii", "-P-cbou", path],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert done.stderr == "", path.name
        shown = " ".join(done.stdout.split())
        assert shown.startswith(f"{path.stem.upper()}(1) codex-ssh")
        assert f" NAME {path.stem} - " in shown
