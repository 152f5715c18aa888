"""Small programs of this machine, run to their end in a bounded time: clipboards, notifications, openers.

Lives here: running one. Not here: which one and why. It is started from a list of words, without a shell,
and has no terminal: what it wants to draw or ask is nobody's business while a TUI has the screen.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

from codex_ssh.core.value import dataclass

log = logging.getLogger(__name__)

_CHUNK: Final = 256 * 1024
_DRAIN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A program that ended.

    Attributes:
        code: Its exit code; minus the signal that ended it.
        out: What it wrote to stdout, as far as that was asked for.
    """

    code: int
    out: bytes = field(default=b"", repr=False)


async def run_program(
    words: Sequence[str],
    *,
    seconds: float,
    stdin: bytes = b"",
    most: int = 0,
    environment: Mapping[str, str] | None = None,
    may_stay: bool = False,
) -> Ran | None:
    """Run a program to its end.

    Args:
        words: Program and arguments.
        seconds: The longest it may take; then it is killed with all it started.
        stdin: What it reads.
        most: So many bytes of its stdout are given; when it writes more it is stopped after one byte more.
            0 wants none: then children that live on, such as those that serve a clipboard, hold nothing of
            ours open.
        environment: Its variables; None is ours.
        may_stay: What it started is left alone when the time is over.

    Returns:
        None when it cannot be started, or did not end in time.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=PIPE if stdin else DEVNULL,
            stdout=PIPE if most else DEVNULL,
            stderr=DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        log.info("%s cannot be started: %s", words[0], error.strerror)
        return None
    out = b""
    try:
        async with asyncio.timeout(seconds):
            if process.stdin is not None:
                await _feed(process.stdin, stdin)
            if process.stdout is not None:
                out = await _read(process.stdout, most)
            if len(out) <= most:
                await process.wait()
    except TimeoutError:
        log.info("%s did not end within %g s", words[0], seconds)
        return None
    finally:
        await _end(process, with_children=not may_stay)
    assert process.returncode is not None
    return Ran(code=process.returncode, out=out)


async def _feed(pipe: asyncio.StreamWriter, content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it did not want all of it
        pipe.write(content)
        await pipe.drain()
        pipe.close()
        await pipe.wait_closed()


async def _read(pipe: asyncio.StreamReader, most: int) -> bytes:
    found = bytearray()
    while len(found) <= most and (chunk := await pipe.read(min(_CHUNK, most + 1 - len(found)))):
        found += chunk
    return bytes(found)


async def _end(process: Process, *, with_children: bool) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if with_children:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    if process.stdout is not None:
        # asyncio takes a program for ended once its pipes are, and what is left in one keeps it open.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while await process.stdout.read(_CHUNK):
                    pass
    await process.wait()
