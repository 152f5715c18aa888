"""The command that joins a thread is one a shell takes, whatever the names are."""

from __future__ import annotations

import shlex

from codex_ssh.core.attach_command import attach_command


def test_the_usual_one() -> None:
    assert attach_command("devbox", "t-1") == "codex-ssh devbox --resume t-1 --approve-only"


def test_odd_names_stay_one_word_each() -> None:
    odd = "x; rm -rf ~ $(y) '\n"
    assert shlex.split(attach_command(odd, odd)) == ["codex-ssh", odd, "--resume", odd, "--approve-only"]
