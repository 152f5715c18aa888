"""What the documentation says about the command line: flags, example command lines, tables of options.

Lives here: reading Markdown. Not here: what is compared with it (the tests beside this file).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COMMAND_LINE = DOCS / "reference" / "command-line.md"
CONFIG = DOCS / "reference" / "config.md"
STATUS = DOCS / "reference" / "status.md"

_LONG_FLAG = re.compile(r"(?<![\w/-])--[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_FENCE = re.compile(r"^ *```.*?\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_ROW = re.compile(r"^\| `(?P<first>(?:\\\||[^|])*?)` \|", re.MULTILINE)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def pages() -> list[Path]:
    """README and every page of the documentation."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def long_flags(text: str) -> set[str]:
    """Every ``--flag`` in the text, whoever's it is."""
    return set(_LONG_FLAG.findall(text))


def command_lines(text: str) -> Iterator[list[str]]:
    """The words behind ``codex-ssh`` of every example in code, up to a pipe or a comment."""
    code = [*_FENCE.findall(text), *_INLINE.findall(_FENCE.sub("", text))]
    for line in "\n".join(code).replace("\\\n", " ").splitlines():
        shown = line.strip().removeprefix("$ ")
        if shown.startswith("codex-ssh "):
            words = shlex.split(shown, comments=True)[1:]
            yield list(takewhile(lambda word: word not in ("|", ">", "&&", ";"), words))


def sections(text: str) -> dict[str, str]:
    """The parts of a page by their ``##`` headings, back-quotes removed."""
    parts = _HEADING.split(text)
    return {name.replace("`", ""): body for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def first_cells(text: str) -> list[str]:
    """The code in the first column of every table row."""
    return _ROW.findall(text)


def flags_of_rows(text: str) -> set[str]:
    """The flags, short and long, that the first columns of tables name: ``-m`, `--model MODEL``."""
    words = re.split(r"[`,\s]+", " ".join(cell for cell in first_cells(text) if cell.startswith("-")))
    return {word for word in words if word.startswith("-")}
