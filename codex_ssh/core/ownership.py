"""Whose listener is it? The proof that comes before any credential leaves.

Lives here: the decision from the probe's facts. Not here: collecting them (``link/probe.sh``) and acting
on the verdict (:mod:`codex_ssh.link.dial`).

The rule: everything that could answer at the address belongs to the login user, and nothing listens wider
than loopback. A unix socket has no credential: its guard is that the socket is the user's and that nobody
else can put another in its place, so every directory on the resolved path must be the user's or root's,
and writable by others only where the sticky bit forbids replacing what is not theirs.
"""

from __future__ import annotations

import enum
from typing import Final

from codex_ssh.core.endpoint import is_loopback
from codex_ssh.core.probe import FoundServer, FoundSocket, PathFacts
from codex_ssh.core.value import dataclass

OVERFLOW_UID: Final = 65534
"""What the kernel shows for an owner that has no number in this user namespace."""


class Owner(enum.Enum):
    """The verdict on a listener."""

    PROVED = "proved"
    NOBODY = "nobody listens"
    FOREIGN = "another user's"
    EXPOSED = "reachable from outside the devbox"
    UNKNOWN = "not provable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A verdict and the fact it rests on, as words for a person."""

    owner: Owner
    because: str


def judge_listeners(found: FoundServer, *, uid: int) -> Verdict:
    """Judge a TCP port from what listens on it.

    Args:
        found: The port's listeners.
        uid: The login user's.
    """
    if not found.seen:
        return Verdict(owner=Owner.UNKNOWN, because="neither /proc/net/tcp nor ss nor lsof can be read there")
    if not found.listeners:
        return Verdict(owner=Owner.NOBODY, because=f"nothing listens on port {found.port} there")
    for listener in found.listeners:
        if listener.uid is None or (listener.uid == OVERFLOW_UID and uid != OVERFLOW_UID):
            return Verdict(owner=Owner.UNKNOWN, because=f"the owner of port {found.port} has no number there")
        if listener.uid != uid:
            return Verdict(
                owner=Owner.FOREIGN,
                because=f"port {found.port} belongs to uid {listener.uid}, the login is uid {uid}",
            )
    for listener in found.listeners:
        if not is_loopback(listener.address):
            return Verdict(
                owner=Owner.EXPOSED,
                because=f"port {found.port} is bound to {listener.address!r}, not to loopback",
            )
    return Verdict(owner=Owner.PROVED, because=f"port {found.port} belongs to uid {uid} ({found.seen})")


def judge_socket(found: FoundSocket, *, uid: int) -> Verdict:
    """Judge a unix socket by its owner and by the directories on its resolved path."""
    if found.socket is None:
        return Verdict(owner=Owner.NOBODY, because=f"no socket at {found.real!r}")
    if found.socket.uid == OVERFLOW_UID and uid != OVERFLOW_UID:
        return Verdict(owner=Owner.UNKNOWN, because=f"the owner of {found.real!r} has no number there")
    if found.socket.uid != uid:
        return Verdict(
            owner=Owner.FOREIGN,
            because=f"{found.real!r} belongs to uid {found.socket.uid}, the login is uid {uid}",
        )
    if found.live is False:
        return Verdict(owner=Owner.NOBODY, because=f"nobody listens on {found.real!r}")
    if not found.dirs:
        return Verdict(owner=Owner.UNKNOWN, because=f"the directories of {found.real!r} cannot be read")
    for directory in found.dirs:
        if directory.uid not in (uid, 0):
            return Verdict(
                owner=Owner.FOREIGN,
                because=f"a directory of {found.real!r} belongs to uid {directory.uid}",
            )
        if _others_can_replace(directory):
            return Verdict(
                owner=Owner.EXPOSED,
                because=f"a directory of {found.real!r} can be written by others ({directory.mode})",
            )
    return Verdict(owner=Owner.PROVED, because=f"{found.real!r} belongs to uid {uid}")


def _others_can_replace(directory: PathFacts) -> bool:
    # "drwxrwxrwt": positions 5 and 8 are the write bits of group and others, 9 the sticky bit.
    mode = directory.mode
    return "w" in (mode[5:6], mode[8:9]) and mode[9:10] not in ("t", "T")
