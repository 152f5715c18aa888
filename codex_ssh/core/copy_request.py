"""What ``codex-ssh cp`` is asked: which paths, on which side, and what to do about files that are there.

Lives here: reading the words, and names for a copy beside another. Not here: copying
(:mod:`codex_ssh.link.copying`).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final

from codex_ssh.core.host import Host, parse_host
from codex_ssh.core.value import dataclass
from codex_ssh.errors import UsageError

_FORMS: Final = "write HOST:PATH for the devbox, and ./NAME for a file here with a colon in its name"
GLOB: Final = frozenset(b"*?[")


class Conflict(enum.Enum):
    """What to do where a file is in the way; the value is the word of the command line."""

    ASK = "ask"
    REFUSE = "refuse"
    SKIP = "skip"
    RENAME = "rename"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRules:
    """How a copy is made.

    Attributes:
        folders: Folders too, with all that is in them.
        conflict: What to do where a file is in the way.
        keeps_times: Files keep the time of their last change; modes are always kept.
    """

    folders: bool = False
    conflict: Conflict = Conflict.REFUSE
    keeps_times: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRequest:
    """A copy between this machine and one devbox.

    Attributes:
        host: The devbox.
        is_up: It goes there; else it comes from there.
        sources: What is copied, as it was written, without the host.
        target: Where it goes, likewise; empty is the home directory there.
    """

    host: Host
    is_up: bool
    sources: tuple[bytes, ...]
    target: bytes


def parse_copy(words: Sequence[str]) -> CopyRequest:
    """Read the sources and, last, the target.

    Raises:
        UsageError: Not exactly one side is a devbox, or the sources are on several.
    """
    if len(words) < 2:
        raise UsageError(
            "cp wants a source and a target", hint="codex-ssh cp SRC… DST, one side as HOST:PATH"
        )
    *sources, target = (_side(word) for word in words)
    far = {str(host) for host, _ in sources if host is not None}
    target_host = target[0]
    if target_host is None and len(far) == 1 and all(host is not None for host, _ in sources):
        host = sources[0][0]
        assert host is not None
    elif target_host is not None and not far:
        host = target_host
    elif not far:
        raise UsageError("neither side is a devbox", hint=_FORMS)
    elif target_host is not None:
        raise UsageError(
            "both sides are on a devbox", hint="copy to this machine first, or run cp on the devbox itself"
        )
    else:
        raise UsageError("the sources are not all in one place", hint="one command for each host")
    return CopyRequest(
        host=host,
        is_up=target_host is not None,
        sources=tuple(path for _, path in sources),
        target=target[1],
    )


def has_glob(path: bytes) -> bool:
    """Whether a path holds what a shell would expand."""
    return any(byte in GLOB for byte in path)


def numbered(name: bytes, number: int) -> bytes:
    """Give a name for a copy beside another: ``shot (2).png``; a dot in front is no suffix."""
    stem, dot, suffix = name.rpartition(b".")
    if not stem:
        stem, dot, suffix = name, b"", b""
    return b"%s (%d)%s%s" % (stem, number, dot, suffix)


def _side(word: str) -> tuple[Host | None, bytes]:
    """Take a word apart as scp does: what has a colon before its first slash is on another machine."""
    if word.startswith("["):
        address, bracket, path = word.partition("]:")
        if bracket:
            return parse_host(address[1:]), _bytes(path)
    name, colon, path = word.partition(":")
    if not colon or "/" in name or not name:
        if not word:
            raise UsageError("an empty path", hint=_FORMS)
        return None, _bytes(word)
    user, at, address = name.rpartition("@")
    if address.startswith("[") and "]" in word:
        address, _, path = word[len(user) + len(at) + 1 :].partition("]:")
    host = parse_host(f"{user}{at}{address}")
    return host, _bytes(path)


def _bytes(path: str) -> bytes:
    # The interpreter gives bytes of argv that are no UTF-8 as lone surrogates.
    return path.encode("utf-8", "surrogateescape")
