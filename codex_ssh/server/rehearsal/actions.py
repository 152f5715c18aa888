"""What the rehearsal really does to the workspace: run a command, write a file.

Lives here: processes, files and their diffs. Not here: asking first
(:mod:`codex_ssh.server.rehearsal.actor`). There is no sandbox: what was approved runs as the user.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import difflib
import hashlib
import os
import pwd
import re
import shlex
import signal
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Final

from codex_ssh.core.value import dataclass
from codex_ssh.server.rehearsal.wire import Shape

COMMAND_SECONDS: Final = 600
"""Longest a command may run."""

QUIET_SECONDS: Final = 0.25
"""Output of the first moment is not streamed: it comes with the end of the item, as with the real server."""

MAX_OUTPUT_BYTES: Final = 1024 * 1024

_GRACE_SECONDS: Final = 0.5
_READ_BYTES: Final = 64 * 1024
_SHELLS: Final = ("bash", "zsh", "sh", "dash", "ksh")
_SECRET_NAME: Final = re.compile("KEY|SECRET|TOKEN|PASSWORD", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """How a command ended.

    Attributes:
        exit_code: Negative for a signal, as the shell's own code otherwise.
        output: Both streams, at most :data:`MAX_OUTPUT_BYTES`.
        process_id: Empty when nothing could be started.
        milliseconds: How long it took.
    """

    exit_code: int
    output: str
    process_id: str
    milliseconds: int


def environment_of_commands() -> dict[str, str]:
    """Give what programs find in their environment: ours, but for what its names call secret."""
    return {name: value for name, value in os.environ.items() if not _SECRET_NAME.search(name)}


def shell_argv(command: str) -> tuple[str, ...]:
    """Give the argv of a command line, by the user's login shell."""
    shell = pwd.getpwuid(os.geteuid()).pw_shell
    if os.path.basename(shell) not in _SHELLS or not os.access(shell, os.X_OK):
        shell = "/bin/sh"
    return (shell, "-lc", command)


def command_actions(command: str, cwd: str) -> list[Shape]:
    """Say what a command is about; only the plainest are understood."""
    with contextlib.suppress(ValueError):
        words = shlex.split(command)
        if len(words) == 2 and words[0] == "cat" and re.fullmatch(r"cat [\w./-]+", command):
            name = os.path.basename(words[1])
            return [{"type": "read", "command": command, "name": name, "path": os.path.join(cwd, words[1])}]
        if words == ["ls"]:
            return [{"type": "listFiles", "command": command, "path": None}]
    return [{"type": "unknown", "command": command}]


async def run_command(
    command: str, cwd: str, on_output: Callable[[str], None], *, quiet_seconds: float = QUIET_SECONDS
) -> CommandResult:
    """Run a command to its end; cancellation kills it and everything it started.

    Args:
        command: For the shell.
        cwd: Where.
        on_output: Told each piece of output once the first moment is over.
        quiet_seconds: How long that moment is.
    """
    started = time.monotonic()
    loud_at = started + quiet_seconds
    output = bytearray()
    async with _open_pipe() as (pipe, end):
        try:
            process = await asyncio.create_subprocess_exec(
                *shell_argv(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=end,
                stderr=end,
                cwd=cwd,
                env=environment_of_commands(),
                start_new_session=True,
            )
        except OSError as error:
            return CommandResult(exit_code=-1, output=f"{error}\n", process_id="", milliseconds=0)
        finally:
            os.close(end)
        try:
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(_read(pipe, output, on_output, loud_at))
                try:
                    async with asyncio.timeout(COMMAND_SECONDS):
                        await process.wait()
                    # Something left in the background may hold the pipe open for ever.
                    await asyncio.wait([reading], timeout=_GRACE_SECONDS)
                except TimeoutError:
                    output += f"\nstopped after {COMMAND_SECONDS} s\n".encode()
                reading.cancel()
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return CommandResult(
        exit_code=-1 if process.returncode is None else process.returncode,
        output=bytes(output).decode("utf-8", "replace"),
        process_id=str(process.pid),
        milliseconds=int((time.monotonic() - started) * 1000),
    )


@contextlib.asynccontextmanager
async def _open_pipe() -> AsyncGenerator[tuple[asyncio.StreamReader, int], None]:
    """Give a reader and the end to write to, which the caller closes.

    With ``stdout=PIPE`` asyncio's ``wait`` would wait for everybody who holds the pipe, not for the process.
    """
    here, there = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(here, "rb", 0)
    )
    try:
        yield reader, there
    finally:
        transport.close()


async def _read(
    pipe: asyncio.StreamReader,
    output: bytearray,
    on_output: Callable[[str], None],
    loud_at: float,
) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while data := await pipe.read(_READ_BYTES):
        output += data[: max(MAX_OUTPUT_BYTES - len(output), 0)]
        text = decoder.decode(data)
        if text and time.monotonic() >= loud_at:
            on_output(text)


class Unwritable(Exception):
    """A file cannot be written; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A change to one file, not yet made.

    Attributes:
        path: Absolute.
        name: Relative to the workspace.
        before: The content as it is, None when there is no such file.
        after: The content as it shall be.
    """

    path: Path
    name: str
    before: str | None
    after: str

    @property
    def shape(self) -> Shape:
        """The change on the wire: the whole text of a new file, the hunks of a changed one."""
        if self.before is None:
            return {"path": str(self.path), "kind": {"type": "add"}, "diff": self.after}
        kind = {"type": "update", "move_path": None}
        return {"path": str(self.path), "kind": kind, "diff": "".join(self._hunks())}

    @property
    def git_diff(self) -> str:
        """The change as git writes it."""
        old = "0" * 40 if self.before is None else _blob_id(self.before)
        mode = "new file mode 100644\n" if self.before is None else ""
        source = "/dev/null" if self.before is None else f"a/{self.name}"
        return (
            f"diff --git a/{self.name} b/{self.name}\n{mode}index {old}..{_blob_id(self.after)}\n"
            f"--- {source}\n+++ b/{self.name}\n" + "".join(self._hunks())
        )

    def _hunks(self) -> list[str]:
        before = (self.before or "").splitlines(keepends=True)
        lines = list(difflib.unified_diff(before, self.after.splitlines(keepends=True), n=3))[2:]
        return [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]

    def make(self) -> None:
        """Write the file.

        Raises:
            Unwritable: It cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self.after, encoding="utf-8")
        except OSError as error:
            raise Unwritable(str(error)) from error


def plan_change(cwd: str, name: str, text: str) -> FileChange:
    """Look at a file that shall be written.

    Raises:
        Unwritable: It is outside the workspace, or cannot be read as text.
    """
    root = Path(cwd).resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root) or path == root:
        raise Unwritable(f"{name!r} is outside the workspace")
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise Unwritable(f"{name!r} cannot be read: {error}") from error
    return FileChange(path=path, name=str(path.relative_to(root)), before=before, after=text)


def _blob_id(text: str) -> str:
    raw = text.encode("utf-8")
    return hashlib.sha1(b"blob %d\0%s" % (len(raw), raw), usedforsecurity=False).hexdigest()
