"""One window of the program, without a TUI: logs in to a host and does what it is told.

Run as a program: ``python -m tests.support.window HOST FILE [USER]``, the second word an ssh config.
It says ``open`` when it is in, and then answers each line on stdin: ``run SCRIPT`` with what the script
printed, ``port N TEXT`` and ``path P TEXT`` with what came back, ``leave`` by its end. A question is a line
``asked KIND``, and the next line its answer. What it has lost it says on a line ``lost WHY``, and then it
connects anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codex_ssh.core.host import parse_host
from codex_ssh.core.question import Question
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import LinkLost
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_client import open_ssh
from codex_ssh.local.parting import Parting, current_parting, set_parting
from tests.support.cli import client_environment

if TYPE_CHECKING:
    import pytest


@dataclass(slots=True, kw_only=True)
class Window:
    """A running one.

    Attributes:
        process: Its process.
        said: What it wrote on stderr so far.
    """

    process: asyncio.subprocess.Process
    said: str = ""

    async def line(self) -> str:
        """Give the next line it says."""
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            return (await self.process.stdout.readline()).decode().rstrip("\n")

    async def ask(self, words: str) -> str:
        """Tell it to do something, and give its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{words}\n".encode())
        return await self.line()

    async def leave(self) -> int:
        """Let it end as a person would, and give its exit code; nothing of it holds our pipes then."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"leave\n")
        async with asyncio.timeout(30):
            _, errors = await self.process.communicate()
        self.said += errors.decode()
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def open_window(
    home: Path, config: Path, host: str, *more: str, opens: bool = True, **environment: str
) -> AsyncGenerator[Window, None]:
    """Run one; it is killed at the end where it still runs.

    Args:
        home: Its HOME; windows meet in ``run`` there.
        config: The ssh config.
        host: Where to.
        more: More words for it.
        opens: Wait until it is in.
        environment: More variables.
    """
    (home / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", __name__, host, str(config), *more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=client_environment(home, XDG_RUNTIME_DIR=str(home / "run"), PYTHONDEVMODE="", **environment),
    )
    window = Window(process=process)
    try:
        if opens:
            first = await window.line()
            assert first == "open", first
        yield window
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def as_another_window(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make whoever connects here one more window of the same person, from now on in this task."""
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    if current_parting() is None:
        set_parting(Parting())


class _Person:
    """Asks whoever runs this program."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines

    async def ask(self, question: Question) -> Secret | None:
        print("asked", question.kind.value, flush=True)
        line = await self._lines.readline()
        return Secret(line.decode().rstrip("\n")) if line else None

    def tell(self, host: str, text: str) -> None:
        print("told", text, flush=True)


class _Echo(asyncio.Protocol):
    def __init__(self) -> None:
        self.heard = b""
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(None)


async def _obey(ssh: Ssh, lines: asyncio.StreamReader) -> None:
    print("open", flush=True)
    while (line := (await lines.readline()).decode().rstrip("\n")) not in ("leave", ""):
        what, _, words = line.partition(" ")
        if what == "run":
            ran = await ssh.run(words, timeout=20)
            print(ran.stdout.decode().strip(), ran.status, flush=True)
            continue
        where, _, text = words.partition(" ")
        if what == "port":
            transport, echo = await ssh.open_tcp(_Echo, "127.0.0.1", int(where))
        else:
            transport, echo = await ssh.open_unix(_Echo, where)
        transport.write(text.encode())
        transport.write_eof()
        await echo.ended
        print(echo.heard.decode(), flush=True)


async def _main(host: str, config: str, user: str = "") -> int:
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    stdin, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    options = SshOptions(config_file=config, user=user, share=True)
    with contextlib.closing(stdin):
        return await _stay(host, options, lines)


async def _stay(host: str, options: SshOptions, lines: asyncio.StreamReader) -> int:
    loop = asyncio.get_running_loop()
    while True:
        try:
            async with open_ssh(parse_host(host), options, _Person(lines)) as ssh:
                obeying = loop.create_task(_obey(ssh, lines))
                losing = loop.create_task(ssh.wait_lost())
                await asyncio.wait([obeying, losing], return_when=asyncio.FIRST_COMPLETED)
                losing.cancel()
                if obeying.done():
                    await obeying
                    return 0
                obeying.cancel()
                await losing
        except LinkLost as lost:
            print("lost", lost.said, flush=True)


if __name__ == "__main__":
    from codex_ssh.cli.run import run_async
    from codex_ssh.errors import Interrupted
    from codex_ssh.local.parting import end_at_once

    try:
        code = run_async(_main(*sys.argv[1:]))
    except Interrupted as interrupted:
        code = interrupted.exit_code
    end_at_once(code)
    sys.exit(code)
