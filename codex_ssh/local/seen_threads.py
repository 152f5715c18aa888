"""The threads last seen on each host, on this machine's disk: for completion, which connects to nothing.

Lives here: one file a host. Not here: the threads themselves, which only the app server knows
(:mod:`codex_ssh.tui.roster`), and the scripts of the shells (:mod:`codex_ssh.cli.completion`).

A line is an id, a tab and a title; the last seen stands first. The file has mode 0600 in a directory of 0700.
What cannot be read or written costs the completion and nothing else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from codex_ssh.core.plain_text import plain_line
from codex_ssh.errors import ConfigError
from codex_ssh.local.files import write_private

if TYPE_CHECKING:
    from codex_ssh.core.thread import Thread

log = logging.getLogger(__name__)

MOST_THREADS: Final = 50
"""So many are kept for a host."""

MOST_TITLE: Final = 60
"""Characters of a title."""

MOST_BYTES: Final = 64 * 1024
"""A longer file is none of ours."""

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")
"""What a shell may put on a command line as it is."""


def see_threads(directory: Path, host: str, threads: Iterable[Thread]) -> None:
    """Put threads before those seen earlier.

    Args:
        directory: Where the files are; made when it is not there.
        host: The host as the user calls it.
        threads: The last used first; those nobody can resume are left out.
    """
    kept = {thread.id: _title(thread.title) for thread in threads if not thread.ephemeral}
    seen: dict[str, str] = {number: title for number, title in kept.items() if _ID.fullmatch(number)}
    if not seen:
        return
    for number, title in read_threads(directory, host):
        seen.setdefault(number, title)
    lines = [f"{number}\t{title}\n" for number, title in list(seen.items())[:MOST_THREADS]]
    try:
        write_private(_file(directory, host), "".join(lines))
    except (OSError, ConfigError) as error:
        log.info("the threads of %s are not kept for completion: %s", host, error)


def read_threads(directory: Path, host: str) -> list[tuple[str, str]]:
    """Give ids and titles, the last seen first; both are harmless. None where nothing was seen."""
    try:
        with _file(directory, host).open("rb") as file:
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    split = (line.partition("\t") for line in text.splitlines())
    return [(number, _title(title)) for number, _, title in split if _ID.fullmatch(number)][:MOST_THREADS]


def hosts_with_threads(directory: Path) -> list[str]:
    """Give the hosts on which threads were seen, by name."""
    return sorted(unquote(path.stem) for path in directory.glob("*.tsv"))


def _title(title: str) -> str:
    line = " ".join(plain_line(title).split())
    return line if len(line) <= MOST_TITLE else line[: MOST_TITLE - 1] + "…"


def _file(directory: Path, host: str) -> Path:
    return directory / f"{quote(host, safe='@')}.tsv"
