"""A devbox to measure against: OpenSSH's sshd and a real codex, and a private home for the clients here.

Lives here: what is connected to and how a client of each kind gets there. Not here: the line between
(:mod:`tests.bench.line`), and clocks.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.client import Client, upgrade
from tests.bench.line import Line, Relay, connect_at_far_end
from tests.support import processes
from tests.support.codex import CodexAppServer, open_codex, require_codex
from tests.support.require import require_program
from tests.support.sshd import Sshd, open_sshd

LOOK_SECONDS: Final = 0.005
"""How often the recipe's port is tried until ``ssh -L`` listens."""

LONGEST_SECONDS: Final = 60
ALIAS: Final = "bench"
"""What ``known_hosts`` calls it, whatever way leads there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Devbox:
    """One that runs.

    Attributes:
        here: HOME of our clients: what one visit learned, the next one knows.
    """

    sshd: Sshd
    codex: CodexAppServer
    here: Path

    def config(self, host: str, port: int, *lines: str, name: str = "") -> Path:
        """Give a client config whose host is reached there."""
        return self.sshd.client_config(
            f"HostName {host}", f"Port {port}", f"HostKeyAlias {ALIAS}", *lines, name=name or f"config_{port}"
        )

    def environment(self) -> Mapping[str, str]:
        """Give the variables of a client: a home of its own, and compiled modules."""
        return client_environment(self.here)


def client_environment(home: Path) -> dict[str, str]:
    """Give the variables of a client that lives in that home; its modules are compiled, as in daily life."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "SSH_AUTH_SOCK", "CODEX_SSH_CONFIG")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith("XDG_")
    }
    (meeting := home / "run").mkdir(mode=0o700, exist_ok=True)  # where the windows of a person meet
    own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(meeting)}
    return {**kept, **own, "PYTHONPATH": str(Path(__file__).parents[2])}


def name_host_key(sshd: Sshd) -> None:
    """Make ``known_hosts`` know the key by :data:`ALIAS`, whatever way leads there."""
    kind, key, *_ = sshd.host_key.with_suffix(".pub").read_text().split()
    sshd.known_hosts.write_text(f"{ALIAS} {kind} {key}\n")


@asynccontextmanager
async def open_devbox(
    place: Path, line: Line | None = None, *, lines: tuple[str, ...] = ()
) -> AsyncGenerator[Devbox, None]:
    """Run one until the block ends.

    Args:
        place: An empty or missing directory; everything lies below it.
        line: What clients come over.
        lines: More of ``sshd_config``.
    """
    server_lines = (line or Relay()).server_lines
    more = (*lines, *server_lines)
    async with open_sshd(place / "sshd", lines=more) as sshd:
        codex_home, work, here = sshd.home / ".codex", place / "work", place / "here"
        for made in (codex_home, work, here):
            made.mkdir(parents=True)
        name_host_key(sshd)
        binary = require_codex(os.environ.get("BENCH_CODEX", "pypi"))
        async with open_codex(binary, codex_home, cwd=work) as codex:
            yield Devbox(sshd=sshd, codex=codex, here=here)


# ---------------------------------------------------------------- who goes there


@asynccontextmanager
async def ours(devbox: Devbox, config: Path, line: Line, *what: str) -> AsyncGenerator[None, None]:
    """A cold process of ours, connected up to the answer to ``initialize``; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *line.prefix,
        *(sys.executable, "-m", "tests.bench.connect_child", str(config)),
        *(devbox.sshd.alias, devbox.codex.endpoint, *what),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=devbox.environment(),
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            said = await process.stdout.readline()
            assert said == b"up\n", said
        yield
        process.stdin.close()
        async with asyncio.timeout(LONGEST_SECONDS):
            await process.wait()
    finally:
        await processes.end(process)


@asynccontextmanager
async def recipe(devbox: Devbox, config: Path, line: Line, *options: str) -> AsyncGenerator[Client, None]:
    """The documented recipe, up to the answer to ``initialize``.

    That is ``ssh HOST cat TOKEN``, then ``ssh -N -L``, then a client that costs no time.
    """
    token = await run_ssh(devbox, config, line, "cat ~/.codex/app-server-token", *options)
    async with tunnel(devbox, config, line, devbox.codex.port, *options) as port:
        async with asyncio.timeout(LONGEST_SECONDS):
            while True:
                try:
                    client = await upgrade(await connect_at_far_end(line, port), token.strip())
                except OSError:
                    await asyncio.sleep(LOOK_SECONDS)
                else:
                    break
            await client.initialize()
        try:
            yield client
        finally:
            client.abort()


async def run_ssh(devbox: Devbox, config: Path, line: Line, command: str, *options: str) -> str:
    """Give what a command prints that is run over ``ssh``."""
    done = await processes.run(
        [*line.prefix, _ssh(), "-F", config, *options, devbox.sshd.alias, command],
        environment=devbox.environment(),
    )
    assert done.code == 0, done.err
    return done.out


@asynccontextmanager
async def tunnel(
    devbox: Devbox, config: Path, line: Line, port: int, *options: str
) -> AsyncGenerator[int, None]:
    """Run ``ssh -N -L`` to a port there and give ours, at the far end of the line; it may not listen yet."""
    near = free_port()
    process = await asyncio.create_subprocess_exec(
        *(*line.prefix, str(_ssh()), "-F", str(config), *options),
        *("-N", "-L", f"127.0.0.1:{near}:127.0.0.1:{port}", devbox.sshd.alias),
        stdin=asyncio.subprocess.DEVNULL,
        env=devbox.environment(),
    )
    try:
        yield near
    finally:
        await processes.end(process)


def free_port() -> int:
    """Give a port nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _ssh() -> Path:
    return require_program("ssh", "ssh: apt-get install openssh-client")
