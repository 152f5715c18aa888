"""Command lines as a person should see them: taken apart as a shell does, without the shell around them.

Lives here: splitting by the rules of POSIX, and which shells may be left out. Not here: quoting for a shell
(:mod:`codex_ssh.core.command`).

The standard library splits character by character, which takes seconds for a script of a megabyte; this gives
the same (``tests/property/test_shell_words.py``).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish"})
_PLACES: Final = frozenset({"", "/bin/", "/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"})

_PART: Final = re.compile(
    r"""(?P<blank>[ \t\r\n]+)|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)|"""
    r"""(?P<plain>[^ \t\r\n'"\\]+)""",
    re.DOTALL,
)
_IN_DOUBLE: Final = re.compile(r"""\\(["\\])""")


def split_words(text: str) -> tuple[str, ...] | None:
    """Give the words of a command line; None when a quote or an escape is not closed."""
    words: list[str] = []
    parts: list[str] | None = None
    end = 0
    for part in _PART.finditer(text):
        if part.start() != end:
            return None
        end = part.end()
        kind = part.lastgroup or ""
        if kind == "blank":
            if parts is not None:
                words.append("".join(parts))
            parts = None
            continue
        found = part[kind]
        parts = [] if parts is None else parts
        parts.append(_IN_DOUBLE.sub(r"\1", found) if kind == "double" else found)
    if end != len(text):
        return None
    return (*words, "".join(parts)) if parts is not None else tuple(words)


def without_shell(words: Sequence[str]) -> str:
    """Give a command line for a person to judge: the script alone where nothing but a known shell runs it.

    A shell from anywhere else than a system directory stays in sight, since it may be any program.
    """
    return script_of(words, _PLACES) or shlex.join(words)


def line_without_shell(command: str) -> str:
    """Give the same for a command line; one that cannot be taken apart is given as it is."""
    words = split_words(command)
    return (script_of(words, _PLACES) if words is not None else "") or command


def script_of(words: Sequence[str], places: frozenset[str] | None = None) -> str:
    """Give the script of ``SHELL -c SCRIPT`` or ``SHELL -lc SCRIPT``; empty for everything else.

    Args:
        words: The command line.
        places: Directories the shell may be from, with their last slash; None for any.
    """
    if len(words) != 3 or words[1] not in ("-c", "-lc"):
        return ""
    place, slash, name = words[0].rpartition("/")
    return words[2] if name in _SHELLS and (places is None or place + slash in places) else ""
