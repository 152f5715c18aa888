"""Hosts that codex on a devbox may reach through this machine, as the config file names them.

Lives here: reading them, and whether one is among them. Not here: the proxy (:mod:`codex_ssh.core.egress`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from codex_ssh.errors import UsageError

OPENAI: Final = ("api.openai.com", "auth.openai.com", "chatgpt.com")
"""What codex needs for a turn and for signing in."""

_HTTPS: Final = 443
_NAME: Final = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::[0-9]{1,5})?")


def read_hosts(raw: object) -> tuple[str, ...]:
    """Read the hosts that may be reached: ``NAME``, ``*.NAME``, ``NAME:PORT``; the port is 443 without one.

    Raises:
        UsageError: One is something else.
        TypeError: It is no list.
    """
    if isinstance(raw, str):
        raw = raw.replace(",", " ").split()
    if not isinstance(raw, Sequence) or not all(isinstance(one, str) for one in raw):
        raise TypeError("not a list of names")
    hosts = tuple(one.lower() for one in raw)
    for one in hosts:
        if not _NAME.fullmatch(one):
            raise UsageError(f"not a host: {one!r}", hint="write NAME, *.NAME or NAME:PORT")
    return hosts


def is_allowed(host: str, port: int, hosts: Sequence[str]) -> bool:
    """Whether a host may be reached."""
    for one in hosts:
        name, colon, number = one.partition(":")
        if port != (int(number) if colon else _HTTPS):
            continue
        if host == name or (name.startswith("*.") and host.endswith(name[1:])):
            return True
    return False
