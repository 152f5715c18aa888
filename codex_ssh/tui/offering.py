"""Finding what a half-written word may become, for the popup of the composer.

Lives here: where each kind of offer comes from, and what is said while there is none. Not here: which word is
completed (:mod:`codex_ssh.tui.completion`), searching (:mod:`codex_ssh.tui.file_search`), and the keys.
Nothing here imports Textual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from codex_ssh.core.image import Image
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.completion import (
    Kind,
    Offer,
    Wanted,
    has_letters,
    offer_commands,
    offer_files,
    offer_image,
    offer_skills,
)
from codex_ssh.tui.file_search import FileSearch


class Sources(Protocol):
    """Where a composer finds what it offers."""

    @property
    def search(self) -> FileSearch:
        """Files and skills of the devbox."""

    @property
    def cwd(self) -> str:
        """The directory of the thread; empty while there is none."""

    @property
    def is_running(self) -> bool:
        """Whether a turn runs."""

    @property
    def has_waiting(self) -> bool:
        """Whether messages wait for its end."""

    def commands(self, typed: str) -> Sequence[SlashCommand]:
        """Give the slash commands a half-typed line may become."""

    def said(self) -> Sequence[str]:
        """Give what was said before, the oldest first."""


def offers(
    want: Wanted, sources: Sources, image_at: Callable[[str], Image | None]
) -> tuple[tuple[Offer, ...], str]:
    """Give what a word may become as far as it is known now, and what to say while that is nothing.

    Args:
        want: The word.
        sources: Where things are found.
        image_at: Gives the image of this machine at a path, once it was looked at.
    """
    search, cwd = sources.search, sources.cwd
    if want.kind is Kind.FILE:
        search.want(want.query, cwd)
        fitting = (file for file in search.files if has_letters(file.path, want.query))
        return offer_files(fitting), _about_files(search, want.query)
    search.stop()
    match want.kind:
        case Kind.COMMAND:
            return offer_commands(sources.commands(f"/{want.query}")), ""
        case Kind.IMAGE:
            return offer_image(image_at(want.query)), ""
        case _:
            search.want_skills(cwd)
            return offer_skills(search.skills, want.query), ""


def _about_files(search: FileSearch, query: str) -> str:
    if not query:
        return "type a part of a name: files on the devbox are searched"
    if search.failed:
        return f"no search: {search.failed}"
    return "searching…" if search.is_busy else "no such file on the devbox"
