"""What git on the devbox knows about a directory: branches, commits, and all that is not committed.

Lives here: the commands that are run there, which only read, and their bounds. Not here: showing it.
Nothing here imports Textual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from codex_ssh.core.remote_command import TIMED_OUT, Ran, command_exec
from codex_ssh.core.value import dataclass
from codex_ssh.errors import DevboxFailed, RpcFailed
from codex_ssh.tui.caller import Caller

GIT_SECONDS: Final = 20.0
DIFF_BYTES: Final = 4 * 2**20
"""A diff beyond this is cut; a link in the Alps takes a while for it as it is."""

LIST_BYTES: Final = 256 * 1024
COMMITS: Final = 50
UNTRACKED_AT_MOST: Final = 50
"""So many untracked files are shown with what is in them; of the others the names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit: its full id, its first line, and how old it is in words."""

    sha: str
    title: str
    age: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingTree:
    """All that is not committed.

    Attributes:
        diff: As git prints it, untracked files as new ones.
        is_cut: It was longer than :data:`DIFF_BYTES`.
        left_out: Untracked files beyond :data:`UNTRACKED_AT_MOST`.
    """

    diff: str
    is_cut: bool = False
    left_out: tuple[str, ...] = ()


async def branches(caller: Caller, cwd: str) -> tuple[tuple[str, ...], str]:
    """Give the branches, the one touched last first, and the name of the current one, which may be empty.

    Raises:
        DevboxFailed, RpcFailed, LinkLost
    """
    listed = await _git(
        caller,
        cwd,
        "for-each-ref",
        "--sort=-committerdate",
        "--format=%(refname:short)",
        "refs/heads",
        "refs/remotes",
    )
    current = await _run(caller, cwd, "symbolic-ref", "--short", "-q", "HEAD")
    names = tuple(name for name in listed.splitlines() if name and not name.endswith("/HEAD"))
    return names, current.out.strip()


async def commits(caller: Caller, cwd: str) -> tuple[Commit, ...]:
    """Give the newest commits; raises DevboxFailed, RpcFailed, LinkLost."""
    listed = await _git(caller, cwd, "log", f"-{COMMITS}", "--format=%H%x09%cr%x09%s")
    rows = (line.split("\t", 2) for line in listed.splitlines())
    return tuple(Commit(sha=row[0], age=row[1], title=row[2]) for row in rows if len(row) == 3)


async def working_tree(caller: Caller, cwd: str) -> WorkingTree:
    """Give all that is not committed in the whole repository, untracked files included.

    Raises:
        DevboxFailed: It is no repository, or git does not do it.
        RpcFailed, LinkLost
    """
    cwd = (await _git(caller, cwd, "rev-parse", "--show-toplevel")).removesuffix("\n")
    has_commit = (await _run(caller, cwd, "rev-parse", "-q", "--verify", "HEAD")).code == 0
    base = "HEAD" if has_commit else "--cached"
    diff = await _git(caller, cwd, "diff", *_PLAIN, base, most_bytes=DIFF_BYTES)
    listed = await _git(caller, cwd, "ls-files", "--others", "--exclude-standard", "-z")
    names = [name for name in listed.split("\0") if name]
    room = DIFF_BYTES - len(diff)
    if names and room > 0:
        # Git compares one file with nothing at a time, and a link in the Alps has a second a time.
        new = await _exec(caller, cwd, ["sh", "-c", _EACH_NEW, "sh", *names[:UNTRACKED_AT_MOST]], room)
        diff += new.out
    return WorkingTree(
        diff=diff,
        is_cut=len(diff) >= DIFF_BYTES,
        left_out=tuple(names[UNTRACKED_AT_MOST:]),
    )


_PLAIN: Final = ("--no-color", "--no-ext-diff", "--no-textconv")
"""No program of the user's there has a say in what a diff looks like."""

_GIT: Final = ("git", "-c", "core.fsmonitor=false", "--no-optional-locks", "--no-pager")
"""Optional locks would write to the repository, a pager would wait for ever, and a monitor is a program."""

_EACH_NEW: Final = (
    f'for name; do {" ".join(_GIT)} diff {" ".join(_PLAIN)} --no-index -- /dev/null "$name"; done; true'
)


async def _git(caller: Caller, cwd: str, *words: str, most_bytes: int = LIST_BYTES) -> str:
    found = await _run(caller, cwd, *words, most_bytes=most_bytes)
    if found.code == TIMED_OUT:
        raise DevboxFailed(f"git took longer than {GIT_SECONDS:.0f} s in {cwd}")
    if "not a git repository" in found.err:
        raise DevboxFailed(f"{cwd} is not in a git repository")
    if found.code != 0:
        said: Sequence[str] = found.err.strip().splitlines() or [f"git ended with {found.code}"]
        raise DevboxFailed(said[-1])
    return found.out


async def _run(caller: Caller, cwd: str, *words: str, most_bytes: int = LIST_BYTES) -> Ran:
    return await _exec(caller, cwd, [*_GIT, *words], most_bytes)


async def _exec(caller: Caller, cwd: str, command: Sequence[str], most_bytes: int) -> Ran:
    call = command_exec(command, cwd=cwd, seconds=GIT_SECONDS, most_bytes=most_bytes, reads_only=True)
    try:
        return await caller.call(call)
    except RpcFailed as failed:
        if "failed to spawn" in failed.said:
            raise DevboxFailed(f"git cannot be run in {cwd}: {failed.said}") from None
        raise
