"""What a half-written word may become: a slash command, a file on the devbox, a skill.

Lives here: which word is completed, and what an offer is. Not here: finding files
(:mod:`codex_ssh.tui.file_search`), and the popup (:mod:`codex_ssh.tui.widgets.popup`). Nothing here imports
Textual.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from typing import Final

from codex_ssh.core.attachment import Mention, SkillMention
from codex_ssh.core.draft import Draft, image_fold, mention_fold
from codex_ssh.core.image import Image, is_image_name
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.search_methods import FoundFile, Skill
from codex_ssh.core.value import dataclass
from codex_ssh.tui.commands.slash_command import SlashCommand


class Kind(enum.Enum):
    """What is completed; the value is its sign, where it has one."""

    COMMAND = "/"
    FILE = "@"
    SKILL = "$"
    IMAGE = "an image's path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A word that can be completed.

    Attributes:
        start, end: Where it is in its line; the end is the cursor.
        query: What was typed behind its sign, without a quotation mark.
    """

    kind: Kind
    start: int
    end: int
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something a word may become.

    Attributes:
        label: What is seen of it; safe to print.
        about: A few words more; safe to print.
        put: What stands in the word's place then.
        runs: Taking it does it at once, as nothing has to follow.
        is_aside: What is typed means something without it: only completing takes it.
    """

    label: str
    about: str = ""
    put: Draft
    runs: bool = False
    is_aside: bool = False


_FILE: Final = re.compile(r'(?<!\S)@(?:"([^"]*)|([^\s"]*))$')
_IMAGE: Final = re.compile(r"(?<!\S)((?:~?/|file:/)(?:\\.|[^\s\\])+)$")
_SKILL: Final = re.compile(r"(?<!\S)\$([\w:.-]*)$")


def wanted(line: str, column: int, *, is_only_line: bool) -> Wanted | None:
    """Tell which word is completed at the cursor; None when none is.

    Args:
        line: The line the cursor is in.
        column: Where in it.
        is_only_line: There is no other: only then it may be a command.
    """
    before = line[:column]
    is_command = is_only_line and before.startswith("/") and "/" not in before[1:] and " " not in line
    if is_command and column == len(line):
        return Wanted(kind=Kind.COMMAND, start=0, end=column, query=before[1:])
    if found := _FILE.search(before):
        query = found[2] if found[1] is None else found[1]
        return Wanted(kind=Kind.FILE, start=found.start(), end=column, query=query)
    if found := _SKILL.search(before):
        return Wanted(kind=Kind.SKILL, start=found.start(), end=column, query=found[1])
    if (found := _IMAGE.search(before)) and is_image_name(found[1]):
        return Wanted(kind=Kind.IMAGE, start=found.start(), end=column, query=found[1])
    return None


def offer_commands(commands: Iterable[SlashCommand]) -> tuple[Offer, ...]:
    """Offer slash commands."""
    return tuple(
        Offer(
            label=f"/{command.name} {command.argument}".rstrip(),
            about=command.about,
            put=Draft(pieces=(f"/{command.name}",)),
            runs=True,
        )
        for command in commands
    )


def offer_files(files: Iterable[FoundFile]) -> tuple[Offer, ...]:
    """Offer files and folders; one with a quotation mark in its name cannot be named."""
    offers = []
    for file in files:
        if '"' in file.path or "\n" in file.path:
            continue
        name = file.path + ("/" if file.is_folder and not file.path.endswith("/") else "")
        fold = mention_fold(Mention(name=name, path=file.place))
        offers.append(Offer(label=plain_line(name), put=Draft(pieces=(fold, " "))))
    return tuple(offers)


def offer_skills(skills: Sequence[Skill], query: str) -> tuple[Offer, ...]:
    """Offer the skills whose name has the letters of a query in this order, those that begin so first."""
    fitting = [skill for skill in skills if has_letters(skill.name, query)]
    fitting.sort(key=lambda skill: (not skill.name.lower().startswith(query.lower()), skill.name))
    return tuple(
        Offer(
            label=plain_line(f"${skill.name}"),
            about=plain_line(skill.about),
            put=Draft(
                pieces=(mention_fold(SkillMention(name=skill.name, path=skill.path)), " "),
            ),
        )
        for skill in fitting
    )


def offer_image(image: Image | None) -> tuple[Offer, ...]:
    """Offer to send the image of this machine that is at the path that was typed."""
    if image is None:
        return ()
    fold = image_fold(image.attachment())
    about = "tab: send this image of your own machine along"
    return (Offer(label=fold.label, about=about, put=Draft(pieces=(fold, " ")), is_aside=True),)


def has_letters(text: str, query: str) -> bool:
    """Whether a text has the letters of a query in this order, however far apart."""
    letters = iter(text.lower())
    return all(letter in letters for letter in query.lower() if not letter.isspace())
