"""Runs the program as a person does: another process, a home of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.processes import Finished, run

PROGRAM = (sys.executable, "-W", "error", "-m", "codex_ssh")
"""The program with every warning an error: leaks show."""


def client_environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a laptop with an empty home and nothing of this machine's own settings."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONDEVMODE": "1",
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        **more,
    }


async def codex_ssh(
    *words: str | Path, home: Path, stdin: str = "", environment: Mapping[str, str] | None = None
) -> Finished:
    """Run ``codex-ssh WORDS`` to its end, without a terminal."""
    return await run(
        [*PROGRAM, *words], stdin=stdin, environment=client_environment(home, **(environment or {}))
    )
