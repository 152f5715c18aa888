"""What our own programs take in memory: ``exec``, the TUI, links, a long history."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tests.bench.devbox import ALIAS, client_environment, name_host_key
from tests.bench.paths import open_app_server
from tests.bench.tui import open_terminal
from tests.support import processes
from tests.support.long_history import ANSWER, answered, open_thread
from tests.support.sshd import Sshd, open_sshd

SETTLES_SECONDS: Final = 1.0
"""Nothing happens any more then."""

LONGEST_SECONDS: Final = 60
MIB: Final = 2**20

Rows = dict[str, dict[str, Any]]


@asynccontextmanager
async def open_bench(place: Path) -> AsyncGenerator[tuple[Sshd, int, list[str], dict[str, str]], None]:
    """Give an sshd, the port of an app server there, our words for going there, and the variables."""
    async with open_sshd(place / "sshd") as sshd, open_app_server(sshd.home) as port:
        (sshd.home / ".codex").mkdir()
        (here := place / "here").mkdir()
        name_host_key(sshd)
        config = sshd.client_config(f"HostKeyAlias {ALIAS}", name="config_bench")
        words = ["-F", str(config), "--endpoint", f"ws://127.0.0.1:{port}", "--no-input", sshd.alias]
        yield sshd, port, words, client_environment(here)


async def measure_memory(place: Path) -> Rows:
    """Measure all of it."""
    found: Rows = {}
    ours = [sys.executable, "-m", "codex_ssh"]
    async with open_bench(place / "links") as (sshd, port, words, environment):
        found["exec"] = await _exec([*ours, "exec", "--json", *words, "do something"], environment)
        async with open_terminal(*ours, "connect", *words, environment=environment) as terminal:
            painted = terminal.watch("╭")
            async with asyncio.timeout(LONGEST_SECONDS):
                await painted
            await asyncio.sleep(SETTLES_SECONDS)
            rss, pss = terminal.memory_mib()
            found["TUI"] = {"rss_mib": rss, "pss_mib": pss}
        config = Path(words[1])
        rows = await measure_links(config, sshd.alias, port, (1, 10), environment)
        for name, row in zip(("one host", "ten hosts"), rows, strict=True):
            found[name] = {"rss_mib": row["rss_mib"], "pss_mib": row["pss_mib"]}
    for size in (20, 100):
        rss, pss = await _history(place / f"history-{size}", size * MIB)
        found[f"history of {size} MiB"] = {"rss_mib": rss, "pss_mib": pss}
    return found


async def measure_links(
    config: Path, alias: str, port: int, counts: Sequence[int], environment: dict[str, str]
) -> list[dict[str, Any]]:
    """Give the rows of :mod:`tests.bench.links_child`."""
    done = await processes.run(
        [sys.executable, "-m", "tests.bench.links_child", str(config), alias, str(port), *map(str, counts)],
        environment=environment,
        seconds=2 * LONGEST_SECONDS,
    )
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


async def _exec(argv: Sequence[str], environment: dict[str, str]) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            while b"turn/started" not in (line := await process.stdout.readline()):
                assert line, "exec ended"
        await asyncio.sleep(SETTLES_SECONDS)
        rss, pss = processes.memory_mib(process.pid)
    finally:
        await processes.end(process)
    return {"rss_mib": rss, "pss_mib": pss}


async def _history(place: Path, size: int) -> tuple[float, float]:
    """Open a thread of so many bytes in the TUI."""
    place.mkdir(parents=True)
    async with open_thread(place) as (port, thread):
        thread.turns += map(answered, range(size // len(ANSWER)))
        child = (sys.executable, "-m", "tests.bench.tui_child", port, thread.id)
        async with open_terminal(*child, environment=client_environment(place)) as terminal:
            shown = terminal.watch("a line of an answer")
            async with asyncio.timeout(LONGEST_SECONDS):
                await shown
            await asyncio.sleep(2 * SETTLES_SECONDS)
            return terminal.memory_mib()
