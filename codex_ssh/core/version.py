"""Versions of codex: which is newer, when an app server is stale, and what a server says it can do.

Lives here: comparing and the reading of one refusal. Not here: asking for versions
(:mod:`codex_ssh.core.probe`, ``initialize``).
"""

from __future__ import annotations

import re
from typing import Final

_FORM: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-(.*))?")
_UNKNOWN: Final = re.compile(r"unknown variant `([^`]*)`, expected (?:one of )?(.*)", re.DOTALL)
_NEEDS: Final = re.compile(r"requires experimentalApi capability")


def version_key(text: str) -> tuple[object, ...] | None:
    """Give something to compare versions by; None when the text is no version.

    A pre-release (``0.170.0-alpha.2``) comes before its release; its parts compare as numbers where they
    are numbers (Semantic Versioning 2.0.0, section 11).
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return None
    numbers = tuple(int(part) for part in found.groups()[:3])
    if found[4] is None:
        return (*numbers, 1)
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in found[4].split("."))
    return (*numbers, 0, parts)


def is_older(one: str, other: str) -> bool:
    """Whether both are versions and the first comes before the second."""
    first, second = version_key(one), version_key(other)
    return first is not None and second is not None and first < second


def staleness(running: str, on_disk: str, *, host: str, ours: bool) -> str:
    """Give the warning about an app server that is older than the codex beside it; empty when it is not.

    Args:
        running: The app server's version.
        on_disk: The version of the codex that would be started now.
        host: As the user typed it, for the command to type.
        ours: Whether we started it.
    """
    if not is_older(running, on_disk):
        return ""
    what = f"the app server is codex {running}, on disk there is {on_disk}"
    if ours:
        return f"{what}: codex-ssh server restart --when-idle {host}"
    return f"{what}: restart it there, it was not started by codex-ssh"


class Abilities:
    """Which methods an app server knows, learned from what it says and not from its version.

    A refusal of an unknown method names every method the server knows; until one came, nothing is known.
    They hold for one session: after the next ``initialize`` another codex may answer.

    Attributes:
        refusal: What to say about a method the server does not know.
    """

    refusal: Final = "the codex there is too old or too new for it"

    def __init__(self) -> None:
        self._known: frozenset[str] | None = None
        self._refused: set[str] = set()

    def learn(self, method: str, said: str) -> bool:
        """Take a refusal's words in; tells whether they were about the method and not its parameters."""
        found = _UNKNOWN.search(said)
        if found is not None and found[1] == method:
            self._known = frozenset(re.findall("`([^`]+)`", found[2])) or self._known
            self._refused.add(method)
            return True
        if _NEEDS.search(said) and said.startswith(method):
            self._refused.add(method)
            return True
        return False

    def knows(self, method: str) -> bool | None:
        """Whether the server takes the method; None while that is not known."""
        if method in self._refused:
            return False
        return None if self._known is None else method in self._known
