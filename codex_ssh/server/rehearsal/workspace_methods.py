"""Requests about the workspace beside any thread: list and read files, run a program.

Lives here: one function a method, which answers it. Not here: commands of a turn
(:mod:`codex_ssh.server.rehearsal.actions`).

Source: what codex 0.163 and 0.169 answer. There is no sandbox: a program that shall only read is trusted to.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from codex_ssh.core.rpc import Request, RequestId
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal.actions import environment_of_commands
from codex_ssh.server.rehearsal.hub import Session
from codex_ssh.server.rehearsal.params import Params
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.wire import Refused, Shape

INTERNAL_ERROR: Final = -32603
"""What codex answers where the system said no."""

TIMED_OUT: Final = 124

DEFAULT_MS: Final = 10_000
DEFAULT_BYTES: Final = 1024 * 1024

_READ_BYTES: Final = 64 * 1024


def read_directory(registry: Registry, session: Session, request: Request) -> None:
    """List a directory."""
    del registry
    path = _path(request.params)
    try:
        names = sorted(path.iterdir())
    except OSError as error:
        raise _said_no(error) from None
    entries = [{"fileName": one.name, "isDirectory": one.is_dir(), "isFile": one.is_file()} for one in names]
    session.reply(request.id, {"entries": entries})


def read_file(registry: Registry, session: Session, request: Request) -> None:
    """Read a whole file."""
    del registry
    path = _path(request.params)
    if path.exists() and not path.is_file():
        raise Refused(f"path `{path}` is not a file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _said_no(error) from None
    session.reply(request.id, {"dataBase64": base64.b64encode(data).decode()})


def get_metadata(registry: Registry, session: Session, request: Request) -> None:
    """Say what stands at a path."""
    del registry
    path = _path(request.params)
    try:
        found = path.stat()
    except OSError as error:
        raise _said_no(error) from None
    shape = {
        "isDirectory": path.is_dir(),
        "isFile": path.is_file(),
        "isSymlink": path.is_symlink(),
        "createdAtMs": 0,
        "modifiedAtMs": int(found.st_mtime * 1000),
    }
    session.reply(request.id, shape)


def command_exec(registry: Registry, session: Session, request: Request) -> None:
    """Run a program; the answer comes when it has ended."""
    params = request.params
    command = params.get("command")
    if not isinstance(command, list):
        raise Refused("Invalid request: missing field `command`")
    if not command:
        raise Refused("command must not be empty")
    milliseconds = read.optional_number(params, "timeoutMs")
    running = _answer(
        session,
        request.id,
        [str(word) for word in command],
        cwd=os.path.join(registry.cwd, read.optional_text(params, "cwd") or ""),
        seconds=(DEFAULT_MS if milliseconds is None else milliseconds) / 1000,
        most_bytes=read.optional_number(params, "outputBytesCap") or DEFAULT_BYTES,
    )
    registry.start(running)


async def _answer(
    session: Session, request_id: RequestId, argv: Sequence[str], *, cwd: str, seconds: float, most_bytes: int
) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=cwd,
            env=environment_of_commands(),
            start_new_session=True,
        )
    except OSError as error:
        session.refuse(request_id, code=INTERNAL_ERROR, message=f"failed to spawn command: {_words(error)}")
        return
    assert process.stdout is not None
    assert process.stderr is not None
    streams: list[bytearray] = [bytearray(), bytearray()]
    code: int | None = None
    try:
        async with asyncio.timeout(seconds):
            async with asyncio.TaskGroup() as group:
                for pipe, kept in zip((process.stdout, process.stderr), streams, strict=True):
                    group.create_task(_keep(pipe, kept, most_bytes))
            code = await process.wait()
    except TimeoutError:
        code = TIMED_OUT
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    out, err = (bytes(kept).decode("utf-8", "replace") for kept in streams)
    session.reply(request_id, {"exitCode": code, "stdout": out, "stderr": err})


async def _keep(pipe: asyncio.StreamReader, kept: bytearray, most_bytes: int) -> None:
    while data := await pipe.read(_READ_BYTES):
        kept += data[: max(most_bytes - len(kept), 0)]


def _path(params: Params) -> Path:
    path = read.text(params, "path")
    if not path.startswith("/"):
        raise Refused("Invalid request: AbsolutePathBuf deserialized without a base path")
    return Path(path)


def _said_no(error: OSError) -> Refused:
    return Refused(_words(error), code=INTERNAL_ERROR)


def _words(error: OSError) -> str:
    return f"{error.strerror} (os error {error.errno})"


def profiles(registry: Registry, session: Session, request: Request) -> None:
    """List the permission profiles; nothing is ruled out."""
    del registry
    data: list[dict[str, Any]] = [
        {"id": name, "description": None, "allowed": True}
        for name in (":read-only", ":workspace", ":danger-full-access")
    ]
    shape: Shape = {"data": data, "nextCursor": None}
    session.reply(request.id, shape)
