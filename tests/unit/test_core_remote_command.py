"""What is run on the devbox, and how its answer is read."""

from __future__ import annotations

import pytest

from codex_ssh.core.remote_command import Ran, command_exec, git_branch, read_branch


def test_the_call_is_what_the_server_wants() -> None:
    call = command_exec(["git", "status"], cwd="/w", seconds=1.5, most_bytes=100)
    assert call.method == "command/exec"
    assert call.params == {
        "command": ["git", "status"],
        "cwd": "/w",
        "timeoutMs": 1500,
        "outputBytesCap": 100,
    }
    assert "cwd" not in command_exec(["ls"]).params
    assert call.decode({"exitCode": 3, "stdout": "a", "stderr": "b"}) == Ran(code=3, out="a", err="b")
    assert call.decode({}) == Ran(code=-1, out="", err="")


@pytest.mark.parametrize(
    ("ran", "branch"),
    [
        (Ran(code=0, out="topic/x\n", err=""), "topic/x"),
        (Ran(code=1, out="", err=""), "detached"),
        (Ran(code=128, out="", err="fatal: not a git repository"), ""),
        (Ran(code=1, out="", err="bwrap: no permissions"), ""),
        (Ran(code=-1, out="", err=""), ""),
    ],
)
def test_the_branch_is_read_from_how_git_ended(ran: Ran, branch: str) -> None:
    assert git_branch("/w").params["cwd"] == "/w"
    assert read_branch(ran) == branch
