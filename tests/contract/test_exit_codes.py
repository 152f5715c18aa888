"""The documented exit codes and the drawn error tree are those of the code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from codex_ssh import errors
from codex_ssh.errors import CodexSshError, ExitCode, Stage

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"

ROW = re.compile(r"^\| (\d+) \| `(\w+)` \|", re.MULTILINE)
TREE_LINE = re.compile(r"^    (?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)(?: +(?P<codes>\d+(?:/\d+)*))?(?: |$)")


def error_classes() -> list[type[CodexSshError]]:
    return [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, CodexSshError)
    ]


def drawn_tree() -> dict[str, tuple[str, str]]:
    """Class name to the name above it and its codes, as drawn in the module's docstring."""
    above: list[str] = []
    drawn: dict[str, tuple[str, str]] = {}
    for line in (errors.__doc__ or "").splitlines():
        if (match := TREE_LINE.match(line)) is None:
            continue
        depth = len(match["branch"]) // 4
        drawn[match["name"]] = (above[depth - 1] if depth else "", match["codes"] or "")
        above[depth:] = [match["name"]]
    return drawn


def test_the_documented_exit_codes_are_those_of_the_code() -> None:
    text = (REFERENCE / "exit-codes.md").read_text(encoding="utf-8")

    assert [(int(number), name) for number, name in ROW.findall(text)] == [
        (code.value, code.name) for code in ExitCode
    ]


def test_the_drawn_tree_holds_every_error_below_its_base() -> None:
    assert {name: base for name, (base, _) in drawn_tree().items()} == {
        cls.__name__: "" if cls is CodexSshError else str(cls.__base__.__name__ if cls.__base__ else "")
        for cls in error_classes()
    }


def test_the_drawn_tree_holds_the_exit_codes() -> None:
    drawn = {name: codes for name, (_, codes) in drawn_tree().items() if codes}
    interrupted = "/".join(str(code.value) for code in (ExitCode.SIGINT, ExitCode.SIGTERM))

    assert drawn.pop("Interrupted") == interrupted
    assert drawn == {
        cls.__name__: str(cls.exit_code.value)
        for cls in error_classes()
        if cls.exit_code is not ExitCode.BUG and cls is not errors.Interrupted
    }


def test_every_error_and_every_stage_is_explained() -> None:
    text = (REFERENCE / "errors.md").read_text(encoding="utf-8")

    assert [cls.__name__ for cls in error_classes() if f"`{cls.__name__}`" not in text] == []
    assert [stage.value for stage in Stage if f"`{stage.value}`" not in text] == []
