"""Looking for things on the devbox to name in a message: files and folders, and skills.

Lives here: the calls and the values. Not here: when they are asked (:mod:`codex_ssh.tui.file_search`).

Source: ``codex app-server generate-json-schema``, 0.163 and 0.169, and what those versions do: nothing is
found for an empty query, folders are found too, and paths are relative to the root.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from codex_ssh.core.call import Call, nothing
from codex_ssh.core.fields import list_at, text_at, truth_at
from codex_ssh.core.rpc import Json, Notification
from codex_ssh.core.value import dataclass

SEARCH: Final = "fuzzyFileSearch"
SEARCH_START: Final = "fuzzyFileSearch/sessionStart"

MOST_FOUND: Final = 50
"""So many of what was found are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file, or a folder, that was found.

    Attributes:
        root: The directory it was searched in, absolute.
        path: Relative to the root; remote text.
    """

    root: str
    path: str
    is_folder: bool = False

    @property
    def place(self) -> str:
        """Where it is on the devbox, absolute."""
        return f"{self.root.rstrip('/')}/{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search session found so far.

    Attributes:
        session: Which session.
        query: For which query: the answer to an older one may come late.
    """

    session: str
    query: str
    files: tuple[FoundFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A skill the server has.

    Attributes:
        about: What it is for; remote text.
        path: Its ``SKILL.md`` on the devbox.
    """

    name: str
    about: str
    path: str


def search_files(query: str, root: str, *, who: str) -> Call[tuple[FoundFile, ...]]:
    """Search below a directory, the best first; a later search of the same one ends this one."""
    return Call(
        method=SEARCH,
        params={"query": query, "roots": [root], "cancellationToken": who},
        decode=_files,
        is_repeatable=True,
    )


def search_start(session: str, root: str) -> Call[None]:
    """Begin a search session below a directory; what it finds comes as notifications."""
    return Call(method=SEARCH_START, params={"sessionId": session, "roots": [root]}, decode=nothing)


def search_update(session: str, query: str) -> Call[None]:
    """Search for something else in a session."""
    return Call(
        method="fuzzyFileSearch/sessionUpdate",
        params={"sessionId": session, "query": query},
        decode=nothing,
        is_repeatable=True,
    )


def search_stop(session: str) -> Call[None]:
    """End a search session."""
    return Call(
        method="fuzzyFileSearch/sessionStop",
        params={"sessionId": session},
        decode=nothing,
        is_repeatable=True,
    )


def read_found(notification: Notification) -> Found | None:
    """Read what a search session found; None for every other notification."""
    if notification.method != "fuzzyFileSearch/sessionUpdated":
        return None
    return Found(
        session=text_at(notification.params, "sessionId"),
        query=text_at(notification.params, "query"),
        files=_files(notification.params),
    )


def skills_list(cwd: str) -> Call[tuple[Skill, ...]]:
    """List the skills that are enabled for a directory."""
    return Call(method="skills/list", params={"cwds": [cwd]}, decode=_skills, is_repeatable=True)


def _files(shape: Json) -> tuple[FoundFile, ...]:
    found: Sequence[Json] = list_at(shape, "files")[:MOST_FOUND]
    return tuple(
        FoundFile(
            root=text_at(one, "root"),
            path=text_at(one, "path"),
            is_folder=text_at(one, "match_type") == "directory",
        )
        for one in found
    )


def _skills(result: Json) -> tuple[Skill, ...]:
    found: dict[str, Skill] = {}
    for entry in list_at(result, "data"):
        for skill in list_at(entry, "skills"):
            name = text_at(skill, "name")
            if name and truth_at(skill, "enabled"):
                about = text_at(skill, "shortDescription") or text_at(skill, "description")
                found.setdefault(name, Skill(name=name, about=about, path=text_at(skill, "path")))
    return tuple(found.values())
