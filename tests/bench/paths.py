"""What passes through a link: messages, notifications and bytes, ours beside ``ssh -L``, by turns.

The client is a process of its own (:mod:`tests.bench.paths_child`), at the far end of a line where there is
one, and the app server is one that does what is wanted (:mod:`tests.bench.app_server`).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tests.bench.devbox import ALIAS, client_environment, name_host_key
from tests.bench.line import Line, Relay, open_line
from tests.support import processes
from tests.support.sshd import Sshd, open_sshd

CIPHER: Final = "Ciphers aes128-gcm@openssh.com"
"""The same for both: what a cipher costs is not what is asked."""

LONGEST_SECONDS: Final = 180
Rows = dict[str, dict[str, Any]]


@asynccontextmanager
async def open_app_server(home: Path) -> AsyncGenerator[int, None]:
    """Run the app server and give its port; home is the HOME of the login it is to be of."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.app_server", "app-server", str(home / ".codex")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=client_environment(home),
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            port = int(await process.stdout.readline())
        yield port
    finally:
        await processes.end(process)


async def measure_path(
    what: str, how_much: int, place: Path, *, round_trip: float = 0.0, kind: str = ""
) -> Rows:
    """Measure one of ``latency``, ``ticks``, ``throughput`` and ``flood``.

    Args:
        what: Which.
        how_much: Requests of a round, notifications, MiB, notifications.
        place: An empty or missing directory.
        round_trip: Of the line, in seconds; without one there is no line.
        kind: Of the line.
    """
    async with (
        open_line(kind if round_trip else "relay") as line,
        open_sshd(place / "sshd", lines=line.server_lines) as sshd,
        open_app_server(sshd.home) as port,
    ):
        (sshd.home / ".codex").mkdir()
        (here := place / "here").mkdir()
        name_host_key(sshd)
        if not round_trip:
            found = await _child(sshd, here, ("127.0.0.1", sshd.port), Relay(), port, 0.0, what, how_much)
        else:
            async with line.to(sshd.port, round_trip) as way:
                at = (way.host, way.port)
                found = await _child(sshd, here, at, line, port, round_trip, what, how_much)
    return {name: {**row, **({"line": line.kind} if round_trip else {})} for name, row in found.items()}


async def _child(
    sshd: Sshd,
    here: Path,
    at: tuple[str, int],
    line: Line,
    port: int,
    round_trip: float,
    what: str,
    how_much: int,
) -> Rows:
    host, ssh_port = at
    config = sshd.client_config(
        f"HostName {host}", f"Port {ssh_port}", f"HostKeyAlias {ALIAS}", CIPHER, name="config_paths"
    )
    done = await processes.run(
        [
            *line.prefix,
            *(sys.executable, "-m", "tests.bench.paths_child", config, sshd.alias),
            *(str(port), str(round_trip), what, str(how_much)),
        ],
        environment=client_environment(here),
        seconds=LONGEST_SECONDS,
    )
    assert done.code == 0, done.err
    found: Rows = json.loads(done.out)
    return found
