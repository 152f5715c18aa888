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

from codex_ssh.core.git_work import MOST_BYTES, lines_at
from codex_ssh.core.image import size_text
from codex_ssh.core.value import dataclass

MOST_SUBJECTS: Final = 50
"""So many commits are listed."""

_OBJECT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


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
    names = _before_end(out)
    if not all(map(_OBJECT.fullmatch, names)):
        raise ValueError("the answer is not whole")
    return tuple(names)


def read_known(out: str, asked: Collection[str]) -> tuple[str, ...]:
    """Read which of some commits a repository has; raises as above."""
    found = {name for name, _, kind in (line.partition(" ") for line in _before_end(out)) if kind == "commit"}
    return tuple(name for name in asked if name in found)


def _before_end(out: str) -> list[str]:
    *lines, end = out.splitlines() or [""]
    if end != "end":
        raise ValueError("the answer is not whole")
    return lines


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
    count, subjects, packed = lines_at(out, commit, 3, "the commits")
    bundle, why_not = bytes.fromhex(packed), complaint
    if len(bundle) > MOST_BYTES:
        why_not = f"they have more than {size_text(MOST_BYTES)}"
    elif not bundle:
        why_not = complaint or "git made no bundle of them"
    return Commits(
        count=int(count),
        subjects=tuple(
            line.decode("utf-8", "surrogateescape") for line in bytes.fromhex(subjects).split(b"\n") if line
        ),
        continues=continues,
        bundle=b"" if why_not else bundle,
        why_not=why_not,
    )
