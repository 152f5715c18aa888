"""What earlier visits taught about SSH servers and app servers, on this machine's disk.

Lives here: one small file for each login and for each host. Not here: what a lesson says
(:mod:`codex_ssh.core.lesson`) and what is done with it (:mod:`codex_ssh.link.ssh_fast`).

The files have mode 0600 in a directory of 0700 and hold no secret. What cannot be read or written costs time
at the next connect and nothing else.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codex_ssh.core.lesson import Lesson, format_lesson, parse_last_endpoint, parse_lesson
from codex_ssh.errors import ConfigError
from codex_ssh.local.files import write_private

if TYPE_CHECKING:
    from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint

log = logging.getLogger(__name__)

MOST_BYTES: Final = 4096
"""A longer file is none of ours."""


class LessonBook:
    """The lessons of one user of this machine.

    Args:
        directory: Where the files are; made when something is written.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, target: str) -> Lesson | None:
        """Give the lesson about one login; None where there is none."""
        text = self._read(target, ".json")
        return parse_lesson(text) if text else None

    def write(self, target: str, lesson: Lesson) -> None:
        """Keep a lesson.

        Args:
            target: Whose login where, in one line.
            lesson: What was learned.
        """
        self._write(target, ".json", format_lesson(lesson))

    def read_endpoint(self, host: str) -> WsEndpoint | UnixEndpoint | None:
        """Give where the app server of a host was the last time; None where that is not known."""
        return parse_last_endpoint(self._read(host, ".endpoint"))

    def write_endpoint(self, host: str, endpoint: WsEndpoint | UnixEndpoint) -> None:
        """Keep where the app server of a host is."""
        if self.read_endpoint(host) != endpoint:
            self._write(host, ".endpoint", f"{endpoint}\n")

    def _read(self, name: str, kind: str) -> str:
        try:
            with self._path(name, kind).open("rb") as file:
                text = file.read(MOST_BYTES + 1)
        except OSError:
            return ""
        return text.decode("utf-8", "replace") if len(text) <= MOST_BYTES else ""

    def _write(self, name: str, kind: str, text: str) -> None:
        try:
            write_private(self._path(name, kind), text)
        except (OSError, ConfigError) as error:
            log.info("what was learned about %s is not kept: %s", name, error)

    def _path(self, name: str, kind: str) -> Path:
        return self._directory / (hashlib.sha256(name.encode()).hexdigest()[:32] + kind)
