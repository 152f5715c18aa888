"""Requests that look for files: one answer a request, or a session that tells.

Lives here: what is found and what is told. Not here: what a client does with it.

Source: what codex 0.163 and 0.169 do: an empty query finds nothing, folders are found too, paths are relative
to the root. Which comes first is simpler here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from codex_ssh.core.rpc import Request
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal.hub import Session
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.wire import Refused, Shape

MOST_LOOKED_AT: Final = 5000
MOST_FOUND: Final = 50


def search(registry: Registry, session: Session, request: Request) -> None:
    """Find files, once."""
    del registry
    query = read.text(request.params, "query")
    session.reply(request.id, {"files": _found(query, _roots(request))})


def session_start(registry: Registry, session: Session, request: Request) -> None:
    """Begin a session; it tells that nothing is looked for yet."""
    number = read.text(request.params, "sessionId")
    session.searches[number] = _roots(request)
    session.reply(request.id, {})
    _tell(registry, session, number, "")


def session_update(registry: Registry, session: Session, request: Request) -> None:
    """Look for something in a session."""
    number, query = read.text(request.params, "sessionId"), read.text(request.params, "query")
    if number not in session.searches:
        raise Refused(f"fuzzy file search session not found: {number}")
    session.reply(request.id, {})
    _tell(registry, session, number, query)


def session_stop(registry: Registry, session: Session, request: Request) -> None:
    """End a session."""
    del registry
    session.searches.pop(read.text(request.params, "sessionId"), None)
    session.reply(request.id, {})


def _tell(registry: Registry, session: Session, number: str, query: str) -> None:
    files = _found(query, session.searches[number])
    registry.hub.notify(
        [session],
        "fuzzyFileSearch/sessionUpdated",
        {"sessionId": number, "query": query, "files": files},
    )
    registry.hub.notify([session], "fuzzyFileSearch/sessionCompleted", {"sessionId": number})


def _roots(request: Request) -> list[str]:
    roots = request.params.get("roots")
    if not isinstance(roots, list):
        raise Refused("Invalid request: missing field `roots`")
    return [str(root) for root in roots]


def _found(query: str, roots: Sequence[str]) -> list[Shape]:
    if not query:
        return []
    found = []
    for root in roots:
        for path, is_folder in _walk(root):
            indices = _indices(path, query)
            if indices is not None:
                # Letters side by side, late in the path, and little else around them.
                score = 1000 - 10 * (indices[-1] - indices[0] + 1 - len(indices)) - len(path)
                found.append(
                    {
                        "root": root,
                        "path": path,
                        "match_type": "directory" if is_folder else "file",
                        "file_name": path.rpartition("/")[2],
                        "score": max(0, score),
                        "indices": indices,
                    }
                )
    found.sort(key=lambda one: (-int(str(one["score"])), str(one["path"])))
    return found[:MOST_FOUND]


def _walk(root: str) -> Iterator[tuple[str, bool]]:
    count = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in (*folders, *sorted(files)):
            count += 1
            if count > MOST_LOOKED_AT:
                return
            yield str(Path(folder, name).relative_to(root)), name in folders


def _indices(path: str, query: str) -> list[int] | None:
    """Give where the letters of a query are in a path, the last ones there are; None when they are not."""
    lower, at = path.lower(), len(path)
    found: list[int] = []
    for letter in reversed([one for one in query.lower() if not one.isspace()]):
        at = lower.rfind(letter, 0, at)
        if at < 0:
            return None
        found.insert(0, at)
    return found or None
