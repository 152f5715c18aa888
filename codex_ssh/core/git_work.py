"""The work in a git repository that is not committed: what of it goes along to another machine.

Lives here: the values, reading what our scripts print about them, and which untracked files fit. Not here:
the scripts (:mod:`codex_ssh.tui.remote_work`) and showing a diff (:mod:`codex_ssh.core.git_diff`).

Source: ``git-status(1)`` on the porcelain format 2, ``git-diff(1)`` on patches, and git 2.39.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from codex_ssh.core.git_diff import unquoted
from codex_ssh.core.image import size_text
from codex_ssh.core.value import dataclass

MOST_BYTES: Final = 8 * 2**20
"""More than this of uncommitted work does not go along, nor of commits: on a slow line it takes minutes as
it is."""

MOST_UNTRACKED: Final = 500
"""So many untracked files are looked at: more of them are a build that nobody told git to ignore."""

_WEB: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*(?:::[A-Za-z][A-Za-z0-9+.-]*)?://)([^/?#]*)([^?#]*)")
_HOST_AND_PORT: Final = re.compile(r"(?:\[[0-9A-Fa-f:.%]*\]|[^:\[\]]*)(?::\d*)?")
_LIKE_SCP: Final = re.compile(r"(?:([^@:/]+)@)?([^@:/]+):(?!:)(.*)", re.DOTALL)
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-")
_QUOTED: Final = frozenset([*range(0x20), *range(0x7F, 0x100), ord('"'), ord("\\")])


@dataclass(frozen=True, slots=True, kw_only=True)
class GitState:
    """How a repository stands.

    Attributes:
        root: Its top directory.
        commit: The commit that is checked out; empty before the first one.
        branch: Empty where none is checked out.
        remote: The URL of its remote, without anything secret; may be empty.
        is_pushed: The commit is in a remote branch, as far as the repository knows.
        knows: It has the commit that was asked for.
        changed: Tracked files that differ from the commit, by name.
        unmerged: Those of them that are in conflict.
        submodules: Those with changes of their own, which no patch of this repository has.
        diff_bytes: How long the patch of the tracked files is.
        untracked: Names of files git does not know and does not ignore.
    """

    root: str
    commit: str = ""
    branch: str = ""
    remote: str = ""
    is_pushed: bool = False
    knows: bool = False
    changed: tuple[bytes, ...] = ()
    unmerged: tuple[bytes, ...] = ()
    submodules: tuple[bytes, ...] = ()
    diff_bytes: int = 0
    untracked: tuple[bytes, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether everything is committed."""
        return not (self.changed or self.submodules or self.untracked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Untracked:
    """A file git does not know.

    Attributes:
        size: In bytes.
        link: Where it leads, when it is a symbolic link.
    """

    name: bytes
    size: int
    link: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that does not go along, and why."""

    name: bytes
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What of the uncommitted work can go along.

    Attributes:
        tracked: The patch of the tracked files fits.
        untracked: Untracked files that fit.
        left_out: What does not go along.
    """

    tracked: bool
    untracked: tuple[Untracked, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A patch in its two parts, each as ``git apply`` takes it.

    Attributes:
        tracked: Of the files git knows.
        untracked: Of the files it does not know.
    """

    tracked: bytes = b""
    untracked: bytes = b""


def read_patch(out: str, links: Iterable[Untracked], commit: str) -> Patch:
    """Read the patch the script printed: what is checked out, the two parts, and its end.

    Args:
        out: What it printed.
        links: Symbolic links git does not know; they are no part of that.
        commit: What was checked out before.

    Raises:
        ValueError: It is no such answer, or something else is checked out by now.
    """
    tracked, untracked = lines_at(out, commit, 2, "the patch")
    return Patch(
        tracked=bytes.fromhex(tracked), untracked=bytes.fromhex(untracked) + b"".join(map(link_patch, links))
    )


def lines_at(out: str, commit: str, count: int, what: str) -> list[str]:
    """Read what a script printed between the name of what is checked out and "end".

    Args:
        out: What it printed.
        commit: What was checked out before.
        count: So many lines there are.
        what: What they are, for the error.

    Raises:
        ValueError: It is no such answer, or something else is checked out by now.
    """
    lines = out.splitlines()
    if len(lines) != count + 2 or lines[-1] != "end":
        raise ValueError(f"{what} did not come whole")
    if lines[0] != commit:
        raise ValueError("another commit is checked out by now")
    return lines[1:-1]


def read_state(out: str) -> GitState:
    """Read what the script said about a repository: a line a fact, its name and its value in hexadecimal.

    Raises:
        ValueError: It is no such answer.
    """
    facts: dict[str, bytes] = {}
    for line in out.splitlines():
        key, _, value = line.partition(" ")
        facts[key] = bytes.fromhex(value)
    if "end" not in facts:
        raise ValueError("the answer is not whole")
    rows = [row for line in _text(facts, "status").splitlines() if _is_file(row := line.split(" "))]
    names = [unquoted(" ".join(row[_PATH_AT[row[0]] :])) for row in rows]
    # Nothing of it is staged and its commit is the same: a patch of this repository says nothing about it.
    only_own = {
        name for row, name in zip(rows, names, strict=True) if row[1][:1] == "." and row[2][:2] == "S."
    }
    return GitState(
        root=_text(facts, "root"),
        commit=_text(facts, "commit"),
        branch=_text(facts, "branch"),
        remote=without_credentials(_text(facts, "remote")),
        is_pushed=bool(facts.get("pushed")),
        knows=bool(facts.get("knows")),
        changed=tuple(name for name in names if name not in only_own),
        unmerged=tuple(name for row, name in zip(rows, names, strict=True) if row[0] == "u"),
        submodules=tuple(
            name
            for row, name in zip(rows, names, strict=True)
            if row[2][:1] == "S" and set(row[2][2:]) & {"M", "U"}
        ),
        diff_bytes=int(_text(facts, "bytes").strip() or 0),
        untracked=tuple(unquoted(line) for line in _text(facts, "untracked").splitlines()),
    )


_PATH_AT: Final = {"1": 8, "u": 10}
"""Which word of a status line the path begins with, by what the line begins with."""


def _is_file(row: Sequence[str]) -> bool:
    return len(row) > _PATH_AT.get(row[0], len(row))


def _text(facts: dict[str, bytes], key: str) -> str:
    return facts.get(key, b"").decode("utf-8", "surrogateescape").removesuffix("\n")


def read_sizes(names: Sequence[bytes], out: str) -> list[Untracked | LeftOut]:
    """Read what the script said about untracked files: a line a file, in their order.

    Raises:
        ValueError: It is no such answer.
    """
    lines = out.splitlines()
    if len(lines) != len(names):
        raise ValueError("the answer is not whole")
    return [_measured(name, line) for name, line in zip(names, lines, strict=True)]


def _measured(name: bytes, line: str) -> Untracked | LeftOut:
    kind, _, value = line.partition(" ")
    if name.endswith(b"/"):
        return LeftOut(name=name, why="a repository of its own")
    if kind == "link":
        target = bytes.fromhex(value).removesuffix(b"\n")
        return Untracked(name=name, size=len(target), link=target)
    if name == b"-":
        return LeftOut(name=name, why="git takes this name for its input")
    if kind == "file" and value.strip().isdigit():
        return Untracked(name=name, size=int(value))
    return LeftOut(name=name, why="it cannot be read")


def what_fits(state: GitState, found: Iterable[Untracked | LeftOut], most: int = MOST_BYTES) -> Work:
    """Give what goes along: the changes of tracked files first, then untracked files, the small ones first.

    Args:
        state: How the repository stands.
        found: Its untracked files.
        most: So many bytes there may be.
    """
    left_out = [LeftOut(name=name, why="a submodule's own changes") for name in state.submodules]
    has_room = state.diff_bytes <= most
    if not has_room:
        why = f"the patch of all changed files has {size_text(state.diff_bytes)}, which do not fit"
        left_out += [LeftOut(name=name, why=why) for name in state.changed]
    room = most - state.diff_bytes if has_room else most
    goes: set[bytes] = set()
    found = list(found)
    files = [one for one in found if isinstance(one, Untracked)]
    for file in sorted(files, key=lambda one: one.size):
        room -= file.size
        if room >= 0:
            goes.add(file.name)
    for one in found:
        if isinstance(one, LeftOut):
            left_out.append(one)
        elif one.name not in goes:
            left_out.append(LeftOut(name=one.name, why=f"{size_text(one.size)} do not fit"))
    more = len(state.untracked) - len(found)
    if more > 0:
        names = f"{more} more untracked {'file' if more == 1 else 'files'}"
        left_out.append(LeftOut(name=b"", why=f"{names}: only {len(found)} are looked at"))
    return Work(
        tracked=has_room,
        untracked=tuple(file for file in files if file.name in goes),
        left_out=tuple(left_out),
    )


def escaped(name: bytes) -> str:
    """Give a name as plain characters, for ``printf %b`` of any shell."""
    return "".join(chr(byte) if byte in _PLAIN else f"\\0{byte:03o}" for byte in name)


def link_patch(file: Untracked) -> bytes:
    """Give the patch of a new symbolic link: git itself follows one that is compared with nothing."""
    assert file.link is not None
    a_name, b_name = _quoted(b"a/" + file.name), _quoted(b"b/" + file.name)
    # Git ends a name with blanks by a tab in the second place.
    tab = b"\t" if b" " in b_name and not b_name.startswith(b'"') else b""
    lines = file.link.split(b"\n")
    return (
        b"diff --git %b %b\nnew file mode 120000\n--- /dev/null\n+++ %b%b\n" % (a_name, b_name, b_name, tab)
        + b"@@ -0,0 +1%b @@\n" % (b",%d" % len(lines) if len(lines) > 1 else b"")
        + b"".join(b"+%b\n" % line for line in lines)
        + b"\\ No newline at end of file\n"
    )


def _quoted(path: bytes) -> bytes:
    if not any(byte in _QUOTED for byte in path):
        return path
    body = b"".join(b"\\%03o" % byte if byte in _QUOTED else bytes([byte]) for byte in path)
    return b'"%b"' % body


def without_credentials(url: str) -> str:
    """Give the URL of a remote without anything secret in it; empty where it cannot be told what is.

    A user's name stays where it is one, for SSH, and goes for HTTP, where it often is a token.
    """
    if web := _WEB.match(url):
        scheme, authority, path = web.groups()
        user, _, place = authority.rpartition("@")
        if _HOST_AND_PORT.fullmatch(place) is None or "@" in url[web.end(2) :]:
            return ""  # a password with a slash or a question mark in it ends the authority early
        name = user.partition(":")[0]
        keeps = f"{name}@" if name and scheme.lower().split("::")[-1] in _WITH_NAMES else ""
        return f"{scheme}{keeps}{place}{path}"
    if "::" in url:
        return ""  # of a helper of its own, which takes any words
    scp = _LIKE_SCP.fullmatch(url)
    if scp is None or "@" in scp[3]:
        return url if "@" not in url else ""
    user, host, path = scp.groups()
    return f"{user}@{host}:{path}" if user else f"{host}:{path}"


_WITH_NAMES: Final = ("ssh://", "git+ssh://", "ssh+git://")
