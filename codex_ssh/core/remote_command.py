"""A command the app server runs on the devbox for us, outside of any thread: ``command/exec``.

Lives here: the call, its outcome, and asking git for the branch of a directory. Not here: commands of a
thread (:mod:`codex_ssh.core.items`), and commands over ssh (:mod:`codex_ssh.link.shell`).

Source: ``CommandExecParams`` of codex 0.163 and 0.169, and what those do. The command is run as the devbox's
own config says (its sandbox, its permissions), or may only read. A program that is not there is refused
with -32603.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from codex_ssh.core.call import Call, said
from codex_ssh.core.fields import number_at, text_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass

_READS_ONLY: Final = {"type": "readOnly"}

TIMED_OUT: Final = 124
"""The exit code of a program that was ended because its time was up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended.

    Attributes:
        code: Its exit code; :data:`TIMED_OUT` when its time was up.
        out, err: What it wrote; remote text, cut where it was longer than the call allowed.
    """

    code: int
    out: str
    err: str


def command_exec(
    argv: Sequence[str],
    *,
    cwd: str = "",
    seconds: float = 10.0,
    most_bytes: int | None = None,
    reads_only: bool = False,
) -> Call[Ran]:
    """Run a program on the devbox and give what it wrote; no shell.

    Args:
        argv: The program and its words.
        cwd: A directory there; empty takes the app server's own.
        seconds: It is ended after so long.
        most_bytes: So much is kept of each stream; None takes the server's own limit.
        reads_only: The devbox's sandbox lets it write nothing and gives it no network.
    """
    params = {
        "command": list(argv),
        "timeoutMs": int(seconds * 1000),
        **said(cwd=cwd, outputBytesCap=most_bytes, sandboxPolicy=_READS_ONLY if reads_only else None),
    }
    return Call(method="command/exec", params=params, decode=_ran, is_repeatable=reads_only)


def git_branch(cwd: str) -> Call[Ran]:
    """Ask git for the branch of a directory; :func:`read_branch` reads the answer.

    ``symbolic-ref`` only reads ``HEAD``: no hook, no file watcher and no index is touched by it, and it knows
    the branch before its first commit too.
    """
    return command_exec(
        ["git", "symbolic-ref", "--short", "--quiet", "HEAD"], cwd=cwd, seconds=5, most_bytes=4096
    )


def read_branch(ran: Ran) -> str:
    """Give the branch; empty without a repository, ``detached`` where ``HEAD`` is on no branch."""
    if ran.code == 1 and not ran.err:
        return "detached"
    return ran.out.strip() if ran.code == 0 else ""


def _ran(result: Json) -> Ran:
    code = number_at(result, "exitCode")
    return Ran(
        code=code if code is not None else -1, out=text_at(result, "stdout"), err=text_at(result, "stderr")
    )
