"""The commits one repository has and another one lacks: what of them goes along to the other machine.

Lives here: the values, and reading what our scripts print about them. Not here: the scripts
(:mod:`codex_ssh.tui.remote_commits`) and what is not committed (:mod:`codex_ssh.core.git_work`).

Source: ``git-bundle(1)``, ``git-cat-file(1)`` on ``--batch-check``, and git 2.39.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import field
from typing import Final

from codex_ssh.core.image import size_text
from codex_ssh.core.value import dataclass

MOST_BYTES: Final = 8 * 2**20
"""More than this of commits does not go along: on a slow line it takes minutes as it is."""

MOST_SUBJECTS: Final = 50
"""So many commits are listed."""

_OBJECT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LINES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Commits:
    """Commits the other repository lacks, up to the one that is checked out.

    Attributes:
        count: How many; 0 where that was not found out.
        subjects: An abbreviated name and the first line of each, newest first, of the newest ones.
        continues: What is checked out in the other repository is among their ancestors.
        bundle: They, as ``git fetch`` takes them; empty when they do not go along.
        why_not: Why they do not.
    """

    count: int
    subjects: tuple[str, ...]
    continues: bool
    bundle: bytes = field(repr=False)
    why_not: str = ""


def read_ancestors(out: str) -> tuple[str, ...]:
    """Read the names of commits, the newest first.

    Raises:
        ValueError: It is no such answer.
    """
    *names, end = out.split() or [""]
    if end != "end" or not all(map(_OBJECT.fullmatch, names)):
        raise ValueError("the answer is not whole")
    return tuple(names)


def read_known(out: str, asked: Collection[str]) -> tuple[str, ...]:
    """Read which of some commits a repository has; raises as above."""
    *lines, end = out.splitlines() or [""]
    if end != "end":
        raise ValueError("the answer is not whole")
    found = {name for name, _, kind in (line.partition(" ") for line in lines) if kind == "commit"}
    return tuple(name for name in asked if name in found)


def read_commits(out: str, commit: str, *, continues: bool, complaint: str = "") -> Commits:
    """Read the commits the script printed: what is checked out, how many, the first lines, and the bundle.

    Args:
        out: What it printed.
        commit: What was checked out before.
        continues: As in :class:`Commits`.
        complaint: What git said besides.

    Raises:
        ValueError: It is no such answer, or something else is checked out by now.
    """
    lines = out.splitlines()
    if len(lines) != _LINES or lines[-1] != "end":
        raise ValueError("the commits did not come whole")
    if lines[0] != commit:
        raise ValueError("another commit is checked out by now")
    bundle, why_not = bytes.fromhex(lines[3]), complaint
    if len(bundle) > MOST_BYTES:
        why_not = f"they have more than {size_text(MOST_BYTES)}"
    elif not bundle:
        why_not = complaint or "git made no bundle of them"
    return Commits(
        count=int(lines[1]),
        subjects=tuple(
            line.decode("utf-8", "surrogateescape") for line in bytes.fromhex(lines[2]).split(b"\n") if line
        ),
        continues=continues,
        bundle=b"" if why_not else bundle,
        why_not=why_not,
    )
