"""The shape of the source: short modules that say what they are, named for a thing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "codex_ssh").rglob("*.py"))

MOST_LINES = 600
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_modules_were_found() -> None:
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= MOST_LINES
    assert ast.get_docstring(ast.parse(text)), "no module docstring"


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    named = {path for path in MODULES if {path.stem, path.parent.name} & NAMES_THAT_SAY_NOTHING}

    assert sorted(map(shown, named)) == []
