"""What the code says to people: messages of one form, hints that name flags which are there."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_ssh import errors
from codex_ssh.errors import CodexSshError
from tests.contract.documented import ROOT, long_flags
from tests.contract.test_documented_flags import FOREIGN, command_parsers, flags_of

MODULES = sorted(path for path in (ROOT / "codex_ssh").rglob("*.py") if "__pycache__" not in path.parts)
ERRORS = {
    name
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, CodexSshError)
} - {"TurnFailed", "RpcFailed", "Interrupted"}
"""Classes whose first argument is a message."""

KEYWORDS = {"User"}
"""Words that are written with a capital: keywords of ``ssh_config(5)``, beside those with a second one."""

OTHERS = {
    "--cached": "git's",
    "--clipboard": "xsel's",
    "--detach": "git's",
    "--exclude-standard": "git's",
    "--ff-only": "git's",
    "--format": "git's",
    "--git": "the first line of a diff",
    "--input": "xsel's",
    "--list-types": "wl-paste's",
    "--no-color": "git's",
    "--no-ext-diff": "git's",
    "--no-index": "git's",
    "--no-newline": "wl-paste's",
    "--no-optional-locks": "git's",
    "--no-pager": "git's",
    "--no-recurse-submodules": "git's",
    "--no-textconv": "git's",
    "--others": "git's",
    "--quiet": "git's",
    "--short": "git's",
    "--show-toplevel": "git's",
    "--sort": "git's",
    "--type": "wl-paste's",
    "--verify": "git's",
}
"""What looks like a flag in the code and is none of ours."""


def messages(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The first argument of every error that is made, as far as it is written down: line and text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant | ast.JoinedStr):
                    yield node.lineno, written(argument)


def written(node: ast.Constant | ast.JoinedStr) -> str:
    """The text with ``{}`` where a value goes."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)


def texts(tree: ast.Module) -> Iterator[str]:
    """Every string that is no docstring."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_messages_are_found() -> None:
    assert sum(1 for path in MODULES for _ in messages(parsed(path))) > 60


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_messages_begin_in_lower_case_and_end_without_a_full_stop(path: Path) -> None:
    for line, text in messages(parsed(path)):
        first = text.partition(" ")[0]
        # "TLS" and "StrictHostKeyChecking" are written as they are.
        capital = first[:1].isupper() and first[1:] == first[1:].lower()
        assert not capital or first in KEYWORDS, f"{line}: {text}"
        assert text.strip(), line
        assert not text.endswith("."), f"{line}: {text}"


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_every_flag_in_a_message_exists(path: Path) -> None:
    known = {flag for parser in command_parsers().values() for flag in flags_of(parser)}
    named = {flag for text in texts(parsed(path)) for flag in long_flags(text)}

    assert named - known - FOREIGN.keys() - OTHERS.keys() == set()
