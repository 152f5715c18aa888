"""The servers that are measured: a real codex by itself, and our listener with each engine."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.integration.app_server_command import open_command
from tests.support import processes
from tests.support.codex import TEST_TOKEN, open_codex, require_codex, write_token
from tests.support.tls import write_certificates

NAMES = ("codex", "hub", "hub wss", "rehearsal", "rehearsal wss")

DESCRIPTIONS = {
    "codex": "`codex app-server --listen ws://`",
    "hub": "`codex-ssh app-server --engine codex --listen ws://`",
    "hub wss": "the same with `wss://`",
    "rehearsal": "`codex-ssh app-server --engine rehearsal --listen ws://`",
    "rehearsal wss": "the same with `wss://`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One that runs.

    Attributes:
        pid: Its process; the engine, if any, is a child.
        tls: For a client of ``wss``.
    """

    name: str
    port: int
    pid: int
    tls: ssl.SSLContext | None = None
    token: str = TEST_TOKEN

    def memory_kib(self) -> int:
        """Proportional set size of the process itself, without its engine."""
        return _memory_kib(self.pid)

    def engine_memory_kib(self) -> int:
        """The same of its children."""
        return sum(_memory_kib(pid) for pid in processes.descendants(self.pid))

    def cpu_seconds(self) -> float:
        """Processor time of the process itself so far."""
        return processes.cpu_seconds(self.pid)


def _memory_kib(pid: int) -> int:
    with suppress(OSError):  # codex has children that live for a moment
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


@asynccontextmanager
async def open_server(name: str, place: Path) -> AsyncGenerator[Server, None]:
    """Run one of :data:`NAMES` with a token."""
    directory = place / name.replace(" ", "-")
    home, work = directory / "codex-home", directory / "work"
    for made in (home, work):
        made.mkdir(parents=True)
    binary = require_codex(os.environ.get("BENCH_CODEX", "pypi"))
    if name == "codex":
        async with open_codex(binary, home, cwd=work) as codex:
            yield Server(name=name, port=codex.port, pid=codex.pid)
        return
    engine = "codex" if name.startswith("hub") else "rehearsal"
    words: list[str | Path] = ["--engine", engine, "--ws-auth", "capability-token", "--ws-token-file"]
    words.append(write_token(home))
    tls = None
    if name.endswith("wss"):
        ca_file, chain = write_certificates(directory / "tls", "127.0.0.1")
        words += ["--listen", "wss://127.0.0.1:0", "--tls-cert", chain, "--tls-key", chain]
        tls = ssl.create_default_context(cafile=ca_file)
    else:
        words += ["--listen", "ws://127.0.0.1:0"]
    variables = {"CODEX_HOME": str(home), "HOME": str(directory), "CODEX_SSH_CODEX": str(binary.path)}
    async with open_command(*words, cwd=work, tmp_path=directory, environment=variables) as command:
        port = int(command.endpoint.rpartition(":")[2])
        yield Server(name=name, port=port, pid=command.process.pid, tls=tls)
