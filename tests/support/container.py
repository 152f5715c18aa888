"""A container without docker: namespaces of its own, and a program that behaves as ``docker exec -i`` does.

The container has a network, a mount table, processes and a host name of its own; its files are this
machine's. It has an empty environment but for ``HOME`` and ``PATH``. Linux only, and for root only.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.require import require_program
from tests.support.waiting import until

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="namespaces need root")

_FIRST_PROCESS = """
import fcntl, signal, socket, struct
lo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(lo, 0x8914, struct.pack("16sH14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP: loopback is down at first
socket.sethostname("box")
print("up", flush=True)
signal.pause()
"""

_DOCKER = """\
#!/bin/sh
if [ "$1 $2" != "exec -i" ]; then echo "unknown command: docker $*" >&2; exit 125; fi
name=$3
shift 3
if [ ! -e {directory}/"$name" ]; then
    echo "Error response from daemon: No such container: $name" >&2
    exit 1
fi
read -r pid <{directory}/"$name"
if ! kill -0 "$pid" 2>/dev/null; then
    echo "Error response from daemon: container $name is not running" >&2
    exit 1
fi
exec nsenter -t "$pid" -m -n -p -u -- env -i HOME={home} PATH={path} "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A running container.

    Attributes:
        name: What ``docker exec`` calls it.
        docker: The program.
        home: HOME inside; ``home/bin`` is first in the PATH there.
        pid: Its first process, as seen from outside; all others end with it.
    """

    name: str
    docker: Path
    home: Path
    pid: int

    @property
    def words(self) -> tuple[str, ...]:
        """The command that gives a shell in it, but for the shell."""
        return (str(self.docker), "exec", "-i", self.name)

    @property
    def command(self) -> str:
        """The same as one text."""
        return shlex.join(self.words)

    def install(self, program: Path, name: str) -> None:
        """Put a program on its PATH, as a link."""
        (self.home / "bin" / name).symlink_to(program)

    def pids(self) -> list[int]:
        """Every process in it but the first."""
        mine = os.readlink(f"/proc/{self.pid}/ns/pid")
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "ns" / "pid") == mine:
                    found.append(int(entry.name))
            except OSError:
                continue
        return [pid for pid in found if pid != self.pid and processes.is_alive(pid)]

    async def stop(self) -> None:
        """End it with all that runs in it."""
        processes.kill([self.pid])
        await until(lambda: not processes.is_alive(self.pid), "the container ends")


@asynccontextmanager
async def open_container(directory: Path, name: str = "box") -> AsyncGenerator[Container, None]:
    """Run a container until the block ends.

    Args:
        directory: An empty or missing one.
        name: What ``docker exec`` calls it.
    """
    unshare = require_program("unshare", "unshare: apt-get install util-linux")
    require_program("nsenter", "nsenter: apt-get install util-linux")
    home = directory / "home"
    (home / "bin").mkdir(parents=True)
    home.chmod(0o700)
    process = await asyncio.create_subprocess_exec(
        unshare, "-m", "-n", "-p", "-u", "--fork", "--kill-child", "--mount-proc",
        sys.executable, "-c", _FIRST_PROCESS,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        if await process.stdout.readline() != b"up\n":
            pytest.skip(f"no namespaces here: {(await process.stderr.read()).decode().strip()}")
        (pid,) = processes.descendants(process.pid)
        (directory / name).write_text(f"{pid}\n")
        docker = directory / "docker"
        path = f"{home / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        docker.write_text(_DOCKER.format(directory=directory, home=home, path=path))
        docker.chmod(0o755)
        yield Container(name=name, docker=docker, home=home, pid=pid)
    finally:
        await processes.end(process)
