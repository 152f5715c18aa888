"""A terminal made of nothing but its end of a pty: what a program writes to it is kept, byte by byte."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import processes
from tests.support.require import require_program
from tests.support.tmux import Tmux
from tests.support.waiting import until

ASKS_NAME = b"\x1b[>q"
"""XTVERSION: what are you called?"""

ASKS_KIND = b"\x1b[c"
"""Primary device attributes; whoever asks waits for an answer."""


@dataclass(slots=True, kw_only=True)
class OuterTerminal:
    """A program's terminal.

    Attributes:
        written: All the program wrote.
        name: What it says when it is asked; empty does not answer.
    """

    name: str
    written: bytearray = field(default_factory=bytearray)
    pid: int = 0
    _handle: int = -1

    def type(self, content: bytes) -> None:
        """Press keys."""
        os.write(self._handle, content)

    async def wait_written(self, content: bytes) -> None:
        """Wait until the program wrote this."""
        await until(
            lambda: content in self.written, f"{content!r} is written", show=lambda: bytes(self.written)
        )

    def _read(self) -> None:
        try:
            chunk = os.read(self._handle, 65536)
        except OSError:  # its end is closed
            asyncio.get_running_loop().remove_reader(self._handle)
            return
        self.written += chunk
        if ASKS_KIND in chunk:
            self.type(b"\x1b[?62;22c")
        if ASKS_NAME in chunk and self.name:
            self.type(f"\x1bP>|{self.name}\x1b\\".encode())


@asynccontextmanager
async def open_outer_terminal(
    argv: Sequence[str | Path], environment: Mapping[str, str], *, name: str = ""
) -> AsyncGenerator[OuterTerminal, None]:
    """Run a program on a terminal until the block ends."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *map(str, argv),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    terminal = OuterTerminal(name=name, pid=process.pid, _handle=ours)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, terminal._read)
    try:
        yield terminal
    finally:
        loop.remove_reader(ours)
        await processes.end(process)
        os.close(ours)


@asynccontextmanager
async def shown_in(tmux: Tmux, *, term: str, name: str) -> AsyncGenerator[OuterTerminal, None]:
    """Show a tmux in a terminal of that name, as a person does."""
    program = require_program("tmux", "tmux: apt-get install tmux")
    environment = {"PATH": os.environ["PATH"], "TERM": term, "LANG": "C.UTF-8"}
    argv: list[str | Path] = [program, "-u", "-S", tmux.socket, "attach"]
    async with open_outer_terminal(argv, environment, name=name) as outer:

        async def known() -> bool:
            said = await tmux.command("display-message", "-p", "#{client_termname} #{client_termtype}")
            return said.strip() == f"{term} {name}".strip()

        await until(known, "tmux knows the terminal", show=lambda: bytes(outer.written))
        yield outer
