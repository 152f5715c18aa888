"""A line with a delay between a client and an sshd on this machine.

Two kinds. ``tun`` delays packets between two TUN devices, the far one in a network namespace of its own where
the clients run: real TCP runs over it, with its handshake, Nagle's algorithm and delayed acknowledgements.
It needs root and Linux. ``relay`` delays bytes instead, everywhere; it hides what TCP itself would cost.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.support import processes
from tests.support.serving import serving

KINDS: Final = ("tun", "relay")
READY_SECONDS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a client reaches the sshd.

    Attributes:
        host: Its address for the client.
        port: Its port for the client.
    """

    host: str
    port: int


class Line(Protocol):
    """A line that is there; what of it differs by kind."""

    kind: str
    server_lines: tuple[str, ...]
    """For ``sshd_config``."""

    prefix: tuple[str, ...]
    """What a client's command begins with, so that it runs at the far end."""

    def to(self, port: int, round_trip: float) -> contextlib.AbstractAsyncContextManager[Way]:
        """Give the way to a port, with a round-trip time in seconds."""

    def at_far_end(self) -> contextlib.AbstractContextManager[None]:
        """Sockets that are made within the block are at the far end; nothing may be awaited in it."""

    async def cut(self) -> None:
        """Let nothing pass any more, and say so to nobody."""

    async def mend(self) -> None:
        """Let everything pass again that comes from now on."""


def best_kind() -> str:
    """The truest kind this machine can have."""
    programs = all(map(shutil.which, ("ip", "nsenter")))
    return "tun" if os.geteuid() == 0 and programs and Path("/dev/net/tun").exists() else "relay"


@asynccontextmanager
async def open_line(kind: str = "") -> AsyncGenerator[Line, None]:
    """Give a line of a kind; the truest there can be unless one is named."""
    if kind == "relay" or (not kind and best_kind() == "relay"):
        yield Relay()
        return
    try:
        opened = open_tun()
        tun = await opened.__aenter__()
    except (OSError, AssertionError, TimeoutError) as error:
        if kind:
            raise
        print(f"no TUN devices here ({error}): bytes are delayed instead", file=sys.stderr)
        yield Relay()
        return
    try:
        yield tun
    finally:
        await opened.__aexit__(None, None, None)


# ---------------------------------------------------------------- bytes


class Relay:
    """Holds every byte for half a round trip, and a connection's first for a whole one more."""

    kind = "relay"
    server_lines: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._is_whole = asyncio.Event()
        self._is_whole.set()
        self._cuts = 0

    @asynccontextmanager
    async def to(self, port: int, round_trip: float) -> AsyncGenerator[Way, None]:
        """See the Protocol."""

        async def serve(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
            await self._is_whole.wait()
            await asyncio.sleep(round_trip)
            far_in, far_out = await asyncio.open_connection("127.0.0.1", port)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._carry(near_in, far_out, round_trip / 2))
                    group.create_task(self._carry(far_in, near_out, round_trip / 2))
            finally:
                far_out.transport.abort()

        async with serving(serve) as near:
            yield Way(host="127.0.0.1", port=near)

    async def _carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, seconds: float
    ) -> None:
        """Pass on each piece that much later; the pieces stay in order. A connection that was cut is dead."""
        loop = asyncio.get_running_loop()
        cuts = self._cuts
        while piece := await source.read(65536):
            if cuts == self._cuts:
                loop.call_later(seconds, target.write, piece)
        await asyncio.sleep(seconds)
        if cuts == self._cuts:
            target.close()

    @contextmanager
    def at_far_end(self) -> Generator[None, None, None]:
        """See the Protocol: here is there."""
        yield

    async def cut(self) -> None:
        """See the Protocol; bytes that are lost cannot be sent again, so what is open stays dead."""
        self._cuts += 1
        self._is_whole.clear()

    async def mend(self) -> None:
        """See the Protocol."""
        self._is_whole.set()


# ---------------------------------------------------------------- packets


class Tun:
    """Two TUN devices and the program that holds what passes between them.

    Args:
        process: :mod:`tests.bench.tun_line`, which owns the far end's namespace.
        address: Of the near end, where the sshd listens.
    """

    kind = "tun"

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self._process = process
        self._address = address
        self.server_lines: tuple[str, ...] = (f"ListenAddress {address}",)
        self._space = f"/proc/{process.pid}/ns/net"
        self.prefix: tuple[str, ...] = ("nsenter", f"--net={self._space}", "--")

    @asynccontextmanager
    async def to(self, port: int, round_trip: float) -> AsyncGenerator[Way, None]:
        """See the Protocol."""
        await self.tell(f"delay {round_trip / 2}")
        yield Way(host=self._address, port=port)

    @contextmanager
    def at_far_end(self) -> Generator[None, None, None]:
        """See the Protocol: this thread is in the other namespace meanwhile."""
        with open("/proc/thread-self/ns/net") as home, open(self._space) as away:
            enter(away.fileno())
            try:
                yield
            finally:
                enter(home.fileno())

    async def cut(self) -> None:
        """See the Protocol."""
        await self.tell("cut")

    async def mend(self) -> None:
        """See the Protocol."""
        await self.tell("mend")

    async def tell(self, words: str) -> None:
        """Say something to the program and wait until it has done it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n".encode())
        await _hear(self._process)


def enter(namespace: int) -> None:
    """Bring this thread into a network namespace, given as a file descriptor; ``os.setns`` is of 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@asynccontextmanager
async def open_tun() -> AsyncGenerator[Tun, None]:
    """Give a ``tun``; the devices and the namespace end with the program that owns them."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.tun_line"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        device, address = (await _hear(process)).split()
        for words in (("address", "add", f"{address}/30", "dev", device), ("link", "set", device, "up")):
            done = await processes.run(["ip", *words])
            assert done.code == 0, done.err
        yield Tun(process, address)
    finally:
        await processes.end(process)


async def _hear(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(READY_SECONDS):
        said = await process.stdout.readline()
    assert said, "the program that holds the packets ended"
    return said.decode().strip()


async def connect_at_far_end(line: Line, port: int) -> socket.socket:
    """Give a connection to a port on loopback of the far end."""
    with line.at_far_end():
        made = socket.socket()
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    except BaseException:
        made.close()
        raise
    return made
