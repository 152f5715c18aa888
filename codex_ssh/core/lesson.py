"""What one visit to a host teaches the next: enough to say more at once, and nothing secret.

Lives here: the values, their text form, and when a lesson is good for a fast start.
Not here: where lessons are kept (:mod:`codex_ssh.local.lessons`) and what is done with one
(:mod:`codex_ssh.link.ssh_fast`).

A lesson only ever saves questions. What it says is checked again by the visit that uses it: the host key by
the known_hosts files, the key by the server, the owner of the app server by the probe.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Final

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint, parse_endpoint
from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.core.value import dataclass
from codex_ssh.errors import UsageError

STRIKES_AT_MOST: Final = 2
"""So often may a host surprise a fast start; then it is asked everything, until something there changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """How the last login to one SSH server went.

    Attributes:
        kex: The key exchange both sides took.
        key: SHA-256 of the public key that logged in, in hex.
        signature: The algorithm it signed with.
        server: The version line of the server.
        channel: The number the server gave the first channel.
        client: Our own version line then; empty while no fast start was made.
        offer: What we offered in the key exchange, behind the cookie of the KEXINIT, in base64.
        strikes: How often in a row it did something else than before.
        why: What that was, in words.
    """

    kex: str
    key: str
    signature: str
    server: str
    channel: int = 0
    client: str = ""
    offer: str = ""
    strikes: int = 0
    why: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it is worth a fast start."""
        return self.strikes < STRIKES_AT_MOST

    def struck(self, why: str) -> Lesson:
        """Give the lesson with one more surprise."""
        return replace(self, strikes=self.strikes + 1, why=why)

    def after(self, earlier: Lesson | None) -> Lesson:
        """Give what to keep of this visit, made the plain way, when there was another lesson before.

        Surprises count on while the host stays what it was.
        """
        if earlier is None or earlier.about_host() != self.about_host():
            return self
        return replace(self, strikes=earlier.strikes, why=earlier.why)

    def about_host(self) -> Lesson:
        """Give what it says about the host, and nothing of us or of surprises."""
        return replace(self, client="", offer="", strikes=0, why="")


def login_of(config: SshConfig) -> str:
    """Give whose login where, in one line: what a lesson is about."""
    through = ",".join(config.jumps)
    return f"{config.user}@{config.hostname}:{config.port} {config.host_key_alias} {through}"


def format_lesson(lesson: Lesson) -> str:
    """Give its text, one JSON object."""
    return json.dumps(asdict(lesson)) + "\n"


def parse_lesson(text: str) -> Lesson | None:
    """Read its text; None for one that is damaged or of another version of ours."""
    try:
        values = json.loads(text)
        lesson = Lesson(**values)
    except (ValueError, TypeError):
        return None
    fields = (
        *(lesson.kex, lesson.key, lesson.signature, lesson.server),
        *(lesson.client, lesson.offer, lesson.why),
    )
    numbers = (lesson.channel, lesson.strikes)
    if not all(isinstance(field, str) for field in fields) or not all(type(n) is int for n in numbers):
        return None
    return lesson


def parse_last_endpoint(text: str) -> WsEndpoint | UnixEndpoint | None:
    """Read where the app server was the last time; None where that is no place to open a channel to."""
    try:
        endpoint = parse_endpoint(text.strip())
    except UsageError:
        return None
    return endpoint if isinstance(endpoint, WsEndpoint | UnixEndpoint) else None
