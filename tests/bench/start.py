"""How soon a command says something: the help, a completion, and the first sign of life of a connect."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.devbox import client_environment
from tests.bench.tui import open_terminal
from tests.support import processes
from tests.support.serving import serving

HOSTS: Final = 20
LONGEST_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What was measured.

    Attributes:
        median_ms: From the start of the process to its end, or to the first sign of life.
        best_ms: The quickest of them.
    """

    rounds: int
    median_ms: float
    best_ms: float


async def measure_start(place: Path, *, rounds: int) -> dict[str, Start]:
    """Start each by turns."""
    here = place / "here"
    (here / ".ssh").mkdir(parents=True)
    lines = (f"Host box-{number}\n    HostName box-{number}.example.org\n" for number in range(HOSTS))
    (here / ".ssh" / "config").write_text("".join(lines))
    environment = client_environment(here)
    ours = _program()

    async def run(*argv: str) -> float:
        began = time.perf_counter()
        done = await processes.run(argv, environment=environment)
        assert done.code == 0, done.err
        return time.perf_counter() - began

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.get_running_loop().create_future()

    async with serving(silent) as port:
        words = ("-p", str(port), "-o", "StrictHostKeyChecking=no", "--no-input", "127.0.0.1")

        async def sign_of_life() -> float:
            began = time.perf_counter()
            async with open_terminal(*ours, "connect", *words, environment=environment) as terminal:
                async with asyncio.timeout(LONGEST_SECONDS):
                    return await terminal.first - began

        ways: dict[str, Callable[[], Awaitable[float]]] = {
            "python -c pass": lambda: run(sys.executable, "-c", "pass"),
            "--help": lambda: run(*ours, "--help"),
            "completion": lambda: run(*ours, "hosts"),
            "first sign of life": sign_of_life,
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, way in ways.items():
                seconds = await way()
                took[name] += [seconds] if number else []  # what is read from disk once does not count
    return {
        name: Start(rounds=rounds, median_ms=1000 * statistics.median(each), best_ms=1000 * min(each))
        for name, each in took.items()
    }


def _program() -> tuple[str, ...]:
    """Give the command as it was installed; as a module where it was not."""
    installed = Path(sys.executable).parent / "codex-ssh"
    return (str(installed),) if installed.exists() else (sys.executable, "-m", "codex_ssh")
