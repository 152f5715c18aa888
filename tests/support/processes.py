"""Processes as tests see them: run one to its end, walk a tree, find those of one environment.

Linux only: reads ``/proc``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import until

PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that ended."""

    code: int
    out: str
    err: str


async def run(
    argv: Sequence[str | Path],
    *,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = 60,
) -> Finished:
    """Run a program to its end; killed with its children when it takes too long.

    Args:
        argv: Program and arguments.
        stdin: Text it reads.
        environment: The whole environment; None is ours.
        cwd: Where it runs; None is here.
        seconds: The longest it may take.

    Raises:
        TimeoutError: It did not end in time.
    """
    process = await asyncio.create_subprocess_exec(
        *map(str, argv),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=cwd,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate(stdin.encode())
    finally:
        if process.returncode is None:
            kill([process.pid, *descendants(process.pid)])
            await process.wait()
    assert process.returncode is not None
    return Finished(
        code=process.returncode,
        out=out.decode(errors="replace"),
        err=err.decode(errors="replace"),
    )


def descendants(pid: int) -> list[int]:
    """Every process below this one, parents first."""
    children: dict[int, list[int]] = {}
    for child in _pids():
        children.setdefault(parent(child), []).append(child)
    found, todo = list[int](), [pid]
    while todo:
        below = children.get(todo.pop(0), [])
        found += below
        todo += below
    return found


def tree(pid: int) -> list[int]:
    """This process and every one below it."""
    return [pid, *descendants(pid)]


def parent(pid: int) -> int:
    """The parent's id; 0 when the process is gone."""
    try:
        # The name in the second field may hold blanks and parentheses: cut after the last one.
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    return _state(PROC / str(pid)) not in ("", "Z", "X")


def is_working(pid: int) -> bool:
    """Whether a thread of this process or below it, but the one that asks, wants a processor or a disk.

    On a loaded machine that tells a program that has nothing to say from one that did not get there yet.
    """
    return any(
        _state(thread) in ("R", "D")
        for process in tree(pid)
        for thread in _threads(process)
        if int(thread.name) != threading.get_native_id()
    )


def _threads(pid: int) -> list[Path]:
    try:
        return list((PROC / str(pid) / "task").iterdir())
    except OSError:
        return []


def _state(place: Path) -> str:
    try:
        return (place / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def command_line(pid: int) -> list[str]:
    """The argv of a process; empty when it is gone."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().decode().split("\0")[:-1]
    except OSError:
        return []


def environment(pid: int) -> bytes:
    """The environment a process had at its start; empty when it is gone."""
    try:
        return (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return b""


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    # What clock_getcpuclockid(3) makes of a pid on Linux; /proc knows hundredths of a second only.
    return time.clock_gettime((~pid << 3) | 2)


def memory_mib(pid: int) -> tuple[float, float]:
    """The resident and the proportional set size of a process."""
    found = {"Rss": 0, "Pss": 0}
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in found:
            found[name] = int(value.split()[0])
    return found["Rss"] / 1024, found["Pss"] / 1024


def with_variable(name: str, value: str) -> list[int]:
    """Every process whose environment at its start held NAME=VALUE: finds detached ones too."""
    wanted = f"{name}={value}".encode()
    return [pid for pid in _pids() if wanted in environment(pid).split(b"\0")]


def kill(pids: Iterable[int], number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to each; those already gone are fine."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill a child of ours and everything below it, and wait until they are gone."""
    below = descendants(process.pid)
    if process.returncode is None:
        process.kill()
    await process.wait()
    kill(below)
    await until(lambda: not any(map(is_alive, below)), f"the children of {process.pid} are gone")


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


async def freeze(*pids: int) -> None:
    """Stop processes, and wait until all their threads have: a signal takes a moment to reach them."""
    kill(pids, signal.SIGSTOP)

    def stopped() -> bool:
        return {_state(thread) for pid in pids for thread in _threads(pid)} <= {"T", "Z", ""}

    await until(stopped, f"{pids} stand still")
