"""The concrete aliases an ssh config names: what a person can type for a host.

Lives here: reading one config file's text. Nothing is resolved and nothing is run: ``ssh`` alone knows what
an alias stands for (:mod:`codex_ssh.link.ssh_config`).
Not here: finding and reading files (:mod:`codex_ssh.local.ssh_hosts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from codex_ssh.core.host import parse_host
from codex_ssh.core.value import dataclass
from codex_ssh.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """An alias, and where it is named first.

    Attributes:
        name: As written.
        path: The config file.
        line: Its number in the file, from 1; 0 where that is not known.
    """

    name: str
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Include:
    """A file pattern of an ``Include`` line, as written."""

    pattern: str


def read_hosts(text: str, path: str) -> Iterator[Alias | Include]:
    """Give the aliases and includes of a config file, in order.

    Patterns (``*``, ``?``, ``!``) are passed over, and so is a name :func:`parse_host` refuses.

    Args:
        text: The file.
        path: Its path, for :class:`Alias`.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        # As readconf.c: blanks around, and "=" allowed between keyword and value.
        found = re.match(r"\s*(\w+)(?:\s*=\s*|\s+)(.*)", line)
        if found is None or line.lstrip().startswith("#"):
            continue
        keyword, words = found[1].lower(), _split(found[2])
        if keyword == "include":
            yield from (Include(pattern=word) for word in words)
        elif keyword == "host":
            for word in words:
                if _is_concrete(word):
                    yield Alias(name=word, path=path, line=number)


def _split(text: str) -> list[str]:
    """Take the words of a value apart; quotes keep blanks, a word that begins with ``#`` ends the line."""
    words = []
    for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', text):
        if bare.startswith("#"):
            break
        words.append(quoted or bare)
    return words


def _is_concrete(word: str) -> bool:
    if set(word) & set("*?!"):
        return False
    try:
        return parse_host(word).name == word
    except UsageError:
        return False
