"""A program on a real terminal: a private tmux server, keys in, screen out."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import processes
from tests.support.require import require_program
from tests.support.waiting import until

CONFIG = """\
set -g status off
set -g remain-on-exit on
set -g history-limit 5000
set -g default-terminal tmux-256color
set -g assume-paste-time 0
set -s escape-time 0
set -s exit-empty on
set -s set-clipboard on
"""

STAY = """\
exec 3>&2 2>/dev/null
trap : INT QUIT
/bin/sh -c 'echo $$ >"$0/pid"; exec "$@"' "$0" "$@" 2>&3 3>&-
echo $? >"$0/exit.new"
/bin/mv "$0/exit.new" "$0/exit"
exec /bin/sleep 86400
"""
"""Runs a program and stays when it has ended, as a shell does, with what it says of its end in files.

tmux takes the end of its own child for the end of the terminal: what the child wrote last may be unread, and
is lost (tmux up to 3.6); and sometimes 3.3a misses the signal of that end.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tmux:
    """One program on a terminal of its own; the screen stays when the program ends."""

    directory: Path
    _program: Path
    _environment: Mapping[str, str]

    @property
    def socket(self) -> Path:
        """The server's."""
        return self.directory / "socket"

    async def command(self, *argv: str, stdin: str = "") -> str:
        """Run one tmux command and give what it prints."""
        done = await processes.run(
            [self._program, "-S", self.socket, *argv],
            stdin=stdin,
            environment=self._environment,
            seconds=20,
        )
        assert done.code == 0, f"tmux {argv}: {done.err}"
        return done.out

    async def type(self, text: str) -> None:
        """Type the text, character by character; no Enter."""
        await self.command("send-keys", "-l", "--", text)

    async def key(self, *names: str) -> None:
        """Press keys by their tmux names: ``Enter``, ``C-c``, ``Escape``, ``Up``, ``M-Enter``."""
        await self.command("send-keys", *names)

    async def paste(self, text: str) -> None:
        """Paste in brackets, as a terminal does."""
        await self.command("load-buffer", "-", stdin=text)
        await self.command("paste-buffer", "-p", "-r")

    async def screen(self, *, escapes: bool = False) -> str:
        """The visible screen as text; with colours when asked."""
        return await self.command("capture-pane", "-p", *(["-e"] if escapes else []))

    async def history(self) -> str:
        """The screen and what has scrolled away above it."""
        return await self.command("capture-pane", "-p", "-J", "-S", "-")

    async def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        await self.command("resize-window", "-x", str(columns), "-y", str(lines))

    async def pid(self) -> int:
        """The program's process."""
        file = self.directory / "pid"
        return int(await until(lambda: file.exists() and file.read_text().strip(), "the program runs"))

    async def full_screen(self) -> bool:
        """Whether the program is on the alternate screen."""
        return (await self.command("display-message", "-p", "#{alternate_on}")).strip() == "1"

    async def wait_screen(self, wanted: Callable[[str], bool], what: str, *, seconds: float = 20) -> str:
        """Wait for a screen that satisfies, and give it; the error shows the last one.

        It has to satisfy at two looks in a row: one look may fall into a frame that is being written,
        above new and below still old.
        """
        last, looks = "", 0

        async def look() -> str:
            nonlocal last, looks
            last = await self.screen()
            looks = looks + 1 if wanted(last) else 0
            return last if looks > 1 else ""

        return await until(look, what, seconds=seconds, show=lambda: _framed(last))

    async def wait_text(self, *texts: str, seconds: float = 20) -> str:
        """Wait until every text is on one and the same screen, each within one line."""
        return await self.wait_screen(
            lambda screen: all(text in screen for text in texts),
            f"{' and '.join(map(repr, texts))} on the screen",
            seconds=seconds,
        )

    async def wait_gone(self, text: str, *, seconds: float = 20) -> str:
        """Wait until the text is not on the screen."""
        return await self.wait_screen(
            lambda screen: text not in screen, f"{text!r} gone from the screen", seconds=seconds
        )

    async def wait_exit(self, *, seconds: float = 20) -> int:
        """Wait for the program's end and give its exit code (128 + N when a signal N ended it)."""
        last = ""
        file = self.directory / "exit"

        async def ended() -> bool:
            nonlocal last
            last = await self.screen()
            return file.exists()

        await until(ended, "the program ends", seconds=seconds, show=lambda: _framed(last))
        return int(file.read_text())


def _framed(screen: str) -> str:
    return "\n".join(["--- screen", *(f"| {line}" for line in screen.splitlines()), "---"])


@asynccontextmanager
async def open_tmux(
    argv: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    columns: int = 80,
    lines: int = 24,
    leads: bool = False,
) -> AsyncGenerator[Tmux, None]:
    """Run a program on a terminal until the block ends.

    Args:
        argv: The program; no shell is involved.
        environment: More variables; of ours it gets PATH only, HOME is private.
        cwd: Where it runs; a private directory when None.
        columns: Width.
        lines: Height.
        leads: The program itself leads the terminal's session, with no shell above it; neither its process
            nor its end is known then.
    """
    program = require_program("tmux", "tmux: apt-get install tmux")
    # Not pytest's directory: a unix socket's path must be short.
    directory = Path(tempfile.mkdtemp(prefix="tmux-"))
    variables = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "SHELL": "/bin/sh",
        "COLORTERM": "truecolor",
        **(environment or {}),
    }
    (directory / "tmux.conf").write_text(CONFIG)
    terminal = Tmux(directory=directory, _program=program, _environment=variables)
    words = [str(word) for word in argv]
    server = 0
    try:
        await terminal.command(
            *("-f", str(directory / "tmux.conf"), "new-session", "-d"),
            *("-x", str(columns), "-y", str(lines), "-c", str(cwd or directory), "--"),
            *(["env", *words] if leads else ["/bin/sh", "-c", STAY, str(directory), *words]),
        )
        server = int(await terminal.command("display-message", "-p", "#{pid}"))
        yield terminal
    finally:
        if server:
            gone = processes.tree(server)
            processes.kill(gone)
            await until(lambda: not any(map(processes.is_alive, gone)), "tmux ends")
        shutil.rmtree(directory, ignore_errors=True)
