"""A dev server, and what a browser here sees of it.

Devbox and laptop are one machine in the tests. A server that listens on 127.0.0.2 is on the devbox's loopback
all the same, and leaves its port on 127.0.0.1, where ours would listen, free.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.support import processes
from tests.support.require import require_program
from tests.support.waiting import until

THERE = "127.0.0.2"

_WORKERS = 16
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_PORTS = range(12000 + _WORKER, 20000, _WORKERS)
"""None that the kernel gives away, and 10000 more is none either; nor one of a test beside this one."""


def free_port() -> int:
    """Give a port nobody has on any loopback address, nor the one 10000 above it."""
    for port in random.sample(_PORTS, 100):
        if not any(
            _listens(address, at) for address in ("127.0.0.1", THERE, "::1") for at in (port, port + 10000)
        ):
            return port
    raise AssertionError("no free port")


@asynccontextmanager
async def open_dev_server(port: int, *, address: str = THERE) -> AsyncGenerator[None, None]:
    """Run ``python3 -m http.server`` until the block ends; it serves an empty directory's listing."""
    program = require_program("python3", "apt-get install python3")
    process = await asyncio.create_subprocess_exec(
        program, "-m", "http.server", str(port), "--bind", address, "--directory", "/proc/self/task",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until(lambda: _listens(address, port), "the dev server listens")
        yield
    finally:
        await processes.end(process)


def _listens(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        return probe.connect_ex((address, port)) == 0


async def page(port: int, *, address: str = "127.0.0.1") -> str:
    """Give the first line of what a browser gets at a port here; empty when it gets nothing."""
    try:
        async with asyncio.timeout(15):
            reader, writer = await asyncio.open_connection(address, port)
            try:
                writer.write(b"GET / HTTP/1.0\r\n\r\n")
                return (await reader.readline()).decode().strip()
            finally:
                writer.close()
    except OSError:
        return ""


OK = "HTTP/1.0 200 OK"
