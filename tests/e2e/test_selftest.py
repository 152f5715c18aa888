"""``codex-ssh selftest`` from argv to exit code: a real sshd, and a real codex or the rehearsal engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.test_exec import Devbox, codex_named, devbox
from tests.support.cli import codex_ssh
from tests.support.processes import Finished

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

__all__ = ["codex_named", "devbox"]

NAMES = [
    "connect",
    "stream",
    "drop",
    "reset",
    "half-open",
    "burst",
    "large",
    "approval-drop",
    "server-kill",
]


async def selftest(box: Devbox, *words: str) -> Finished:
    return await codex_ssh(
        "selftest", "-F", box.sshd.ssh_config, "--endpoint", box.endpoint, "--no-input", *words, "devbox",
        home=box.home,
    )  # fmt: skip


def lines(done: Finished) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


async def test_every_check_passes_or_says_why_it_was_not_done(devbox: Devbox) -> None:
    done = await selftest(devbox, "--json", "--with-model")
    assert done.code == 0, done.out + done.err
    first, *checks, last = lines(done)
    assert (first["type"], first["host"], first["transport"]) == ("host", "devbox", "ssh")
    assert [one["check"] for one in checks] == NAMES
    outcomes = {one["check"]: one["outcome"] for one in checks}
    assert outcomes.pop("server-kill") == "skipped"
    assert set(outcomes.values()) == {"ok"}, done.out
    assert (last["type"], last["outcome"], last["failed"], last["thread"]) == ("result", "ok", 0, "deleted")
