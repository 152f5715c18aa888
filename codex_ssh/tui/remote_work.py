"""The uncommitted work of a repository on the devbox, whole: how it stands, and a patch of it.

Lives here: asking, and the bounds. Not here: what is run there (``git_*.sh`` beside this module), reading
what it says (:mod:`codex_ssh.core.git_work`), commits (:mod:`codex_ssh.tui.remote_commits`), and a diff to
look at (:mod:`codex_ssh.tui.remote_git`).
Nothing here imports Textual.

Each script is one command of the app server's, in a sandbox that lets it write nothing; what it is given are
words behind it, never a part of its text. What comes back is hexadecimal: an answer of the app server is
text, and patches and names are bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Final, TypeVar

from codex_ssh.core.git_work import (
    MOST_BYTES,
    MOST_UNTRACKED,
    GitState,
    LeftOut,
    Patch,
    Untracked,
    Work,
    escaped,
    read_patch,
    read_sizes,
    read_state,
)
from codex_ssh.core.remote_command import TIMED_OUT, Ran, command_exec
from codex_ssh.errors import DevboxFailed, RpcFailed
from codex_ssh.tui.caller import Caller

T = TypeVar("T")

LOOK_SECONDS: Final = 20.0
PATCH_SECONDS: Final = 60.0
"""Git starts once for every untracked file."""

_LIST_BYTES: Final = 4 * 2**20
_HEX: Final = 2
_ROOM: Final = 2
"""A patch of many short lines is twice as long as its files, and one of a binary file a quarter longer."""

_NO_GIT: Final = 3


async def git_state(caller: Caller, cwd: str, *, commit: str = "") -> GitState:
    """Give how the repository of a directory stands.

    Args:
        caller: Who asks.
        cwd: The directory.
        commit: A commit to look for.

    Raises:
        DevboxFailed: It is no repository, or git does not do it.
        RpcFailed, LinkLost
    """
    ran = await run_git(caller, cwd, "git_state.sh", [commit], LOOK_SECONDS, _HEX * _LIST_BYTES)
    return read_answer(ran, cwd, read_state)


async def untracked_files(caller: Caller, state: GitState) -> list[Untracked | LeftOut]:
    """Give the untracked files with their sizes, the first ones where there are too many; raises as above."""
    names = state.untracked[:MOST_UNTRACKED]
    if not names:
        return []
    words = [escaped(name) for name in names]
    ran = await run_git(caller, state.root, "git_sizes.sh", words, LOOK_SECONDS, _LIST_BYTES)
    return read_answer(ran, state.root, partial(read_sizes, names))


async def patch_of(caller: Caller, state: GitState, work: Work) -> Patch:
    """Give the patch of what goes along.

    Raises:
        DevboxFailed: Git does not do it, or something changed since it was looked at.
        RpcFailed, LinkLost
    """
    links = [one for one in work.untracked if one.link is not None]
    words = [escaped(one.name) for one in work.untracked if one.link is None]
    which = "tracked" if work.tracked and state.changed else "none"
    most = _HEX * _ROOM * MOST_BYTES + _LIST_BYTES
    ran = await run_git(caller, state.root, "git_patch.sh", [which, *words], PATCH_SECONDS, most)
    try:
        found = read_patch(ran.out, links, state.commit)
    except ValueError as error:
        raise DevboxFailed(f"git in {state.root}: {error}", hint=complaint_of(ran)) from None
    if complaint := complaint_of(ran):
        raise DevboxFailed(f"git in {state.root}: {complaint}")
    return found


async def run_git(
    caller: Caller, cwd: str, name: str, words: Sequence[str], seconds: float, most_bytes: int
) -> Ran:
    """Run one of the scripts, in a sandbox that lets it write nothing, and give what it said.

    Args:
        caller: Who asks.
        cwd: A directory of the repository.
        name: The script's file.
        words: Its words.
        seconds: How long it may take.
        most_bytes: How much it may say.

    Raises:
        DevboxFailed: There is no repository, no git, or it took too long.
        RpcFailed, LinkLost
    """
    script = _read("git_form.sh") + _read(name)
    call = command_exec(
        ["sh", "-c", script, "sh", *words], cwd=cwd, seconds=seconds, most_bytes=most_bytes, reads_only=True
    )
    try:
        ran = await caller.call(call)
    except RpcFailed as failed:
        if "failed to spawn" in failed.said:
            raise DevboxFailed(f"git cannot be run in {cwd}: {failed.said}") from None
        raise
    if ran.code == TIMED_OUT:
        raise DevboxFailed(f"git took longer than {seconds:.0f} s in {cwd}")
    if ran.code == _NO_GIT:
        if "not a git repository" in ran.err:
            raise DevboxFailed(f"{cwd} is not in a git repository")
        raise DevboxFailed(f"git in {cwd}: {complaint_of(ran)}")
    return ran


def read_answer(ran: Ran, where: str, read: Callable[[str], T]) -> T:
    """Give what a script printed, read.

    Args:
        ran: What it said.
        where: The directory it was asked about.
        read: Reads it, or raises ValueError.

    Raises:
        DevboxFailed: It cannot be read: with what git complained of, if it did.
    """
    try:
        return read(ran.out)
    except ValueError as error:
        raise DevboxFailed(f"git in {where}: {complaint_of(ran) or error}") from None


def complaint_of(ran: Ran) -> str:
    """Give the last line git complained in; empty where it did not."""
    lines = [line for line in ran.err.splitlines() if line.strip() and not line.startswith("warning: ")]
    return lines[-1] if lines else ""


@cache
def _read(name: str) -> str:
    """Give a script without its comments."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return "".join(f"{line}\n" for line in lines if not line.startswith("#"))
