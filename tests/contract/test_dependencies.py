"""What is imported is asked for: a package that another one happens to bring may go with its next release."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]


def imported() -> Iterator[str]:
    """The first part of the name of every module that codex_ssh imports, wherever it does."""
    for path in (ROOT / "codex_ssh").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (name.name.partition(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def test_what_is_imported_is_asked_for_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {re.split(r"[\[<>=]", one)[0].lower() for one in project["dependencies"]}
    brought_by = packages_distributions()
    third_party = set(imported()) - sys.stdlib_module_names - {"codex_ssh"}

    assert {name.lower() for module in third_party for name in brought_by[module]} == asked
