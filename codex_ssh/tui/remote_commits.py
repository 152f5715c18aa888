"""The commits a repository on one host has and a repository on another one lacks.

Lives here: asking both, and the bounds. Not here: what is run there (``git_*.sh`` beside this module),
reading what it says (:mod:`codex_ssh.core.git_commits`), and what is not committed
(:mod:`codex_ssh.tui.remote_work`). Nothing here imports Textual.

What the other repository lacks is found out by asking it, not from what the first one knows of a remote: it
may have fetched less than was pushed, and more than was pulled.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from codex_ssh.core.git_commits import MOST_SUBJECTS, Commits, read_ancestors, read_commits, read_known
from codex_ssh.core.git_work import MOST_BYTES, GitState
from codex_ssh.errors import DevboxFailed
from codex_ssh.tui.caller import Caller
from codex_ssh.tui.remote_work import LOOK_SECONDS, PATCH_SECONDS, complaint_of, read_answer, run_git

_MOST_ANCESTORS: Final = 500
"""So far back a commit both have is looked for."""

_LIST_BYTES: Final = 64 * 2**10
_ROOM_BYTES: Final = 2**20


async def commits_between(here: Caller, state: GitState, there: Caller, other: GitState) -> Commits | None:
    """Give the commits up to the one that is checked out here, without those that are there.

    Args:
        here: Who asks on this side.
        state: How its repository stands.
        there: Who asks on the other side.
        other: How that one stands.

    Returns:
        None where there is nothing to bring: it is there already, or the two have nothing in common.

    Raises:
        DevboxFailed: Something else is checked out by now, or git does not do it.
        RpcFailed, LinkLost
    """
    if not state.commit or other.knows:
        return None
    common: tuple[str, ...] = ()
    if other.commit:
        ancestors = await _ancestors(here, state)
        common = await _known(there, other, ancestors)
        if not common:
            return None
    words = [str(MOST_BYTES), str(MOST_SUBJECTS), *common]
    most = 2 * MOST_BYTES + _ROOM_BYTES
    continues = not other.commit or other.commit in common
    try:
        ran = await run_git(here, state.root, "git_commits.sh", words, PATCH_SECONDS, most)
    except DevboxFailed as failed:  # a long history is packed before its first byte comes
        return Commits(count=0, subjects=(), continues=continues, bundle=b"", why_not=str(failed))
    complaint = complaint_of(ran)
    try:
        return read_commits(ran.out, state.commit, continues=continues, complaint=complaint)
    except ValueError as error:
        raise DevboxFailed(f"git in {state.root}: {error}", hint=complaint) from None


async def _ancestors(caller: Caller, state: GitState) -> tuple[str, ...]:
    words = [str(_MOST_ANCESTORS)]
    ran = await run_git(caller, state.root, "git_ancestors.sh", words, LOOK_SECONDS, _LIST_BYTES)
    return read_answer(ran, state.root, read_ancestors)


async def _known(caller: Caller, state: GitState, commits: tuple[str, ...]) -> tuple[str, ...]:
    ran = await run_git(caller, state.root, "git_known.sh", commits, LOOK_SECONDS, _LIST_BYTES)
    with suppress(ValueError):
        return read_known(ran.out, commits)
    return ()
