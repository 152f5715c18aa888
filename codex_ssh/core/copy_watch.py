"""Whoever sees a copy being made, and decides about what is in the way.

Lives here: what a copy asks and tells. Not here: copying (:mod:`codex_ssh.link.copying`), and those who
watch: the progress of ``codex-ssh cp`` (:mod:`codex_ssh.cli.progress`) and the TUI's
(:mod:`codex_ssh.tui.saves`).
"""

from __future__ import annotations

from typing import Protocol

from codex_ssh.core.copy_request import Conflict
from codex_ssh.core.file_tree import Facts, Spot


class Chooser(Protocol):
    """Whoever decides about files in the way."""

    async def choose(self, spot: Spot, *, there: Facts, coming: Facts) -> Conflict:
        """Say what to do."""


class CopyWatch(Chooser, Protocol):
    """Whoever sees a copy being made."""

    def planned(self, files: int, size: int) -> None:
        """So many files, with so many bytes, are to be copied."""

    def at(self, spot: Spot) -> None:
        """This file is copied now."""

    def checks(self, spot: Spot) -> None:
        """What is there of this file is compared with it."""

    def moved(self, size: int) -> None:
        """So many bytes more are where they belong; less, when a file is begun again."""

    def tell(self, text: str) -> None:
        """Something the user should know; remote text may be in it."""
