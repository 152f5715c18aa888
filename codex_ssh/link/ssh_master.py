"""A master ``ssh`` of our own: started for one host, logged in, ended with the block.

Lives here: its command line, its words, its end.
Not here: what rides it (:mod:`codex_ssh.link.ssh_openssh`), and what its words mean
(:mod:`codex_ssh.link.ssh_openssh_failure`).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from io import FileIO
from pathlib import Path
from typing import Final

from codex_ssh.core.host import Host
from codex_ssh.core.question import Prompter
from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.core.ssh_options import SshOptions, ssh_arguments
from codex_ssh.errors import ConfigError, HostUnreachable, Stage
from codex_ssh.link.ssh_askpass import AskpassServer
from codex_ssh.link.ssh_openssh_failure import failure_of, is_about_a_failure
from codex_ssh.link.ssh_patience import Patience, PatientPrompter

_POLL_SECONDS: Final = 0.01
_END_SECONDS: Final = 2.0
_WORDS_SECONDS: Final = 0.5
_LINES_KEPT: Final = 400
_LINE_LIMIT: Final = 64 * 1024

_ALWAYS: Final = (
    "-N", "-T",
    "-o", "ControlMaster=yes", "-o", "ControlPersist=no",
    "-o", "RemoteCommand=none", "-o", "RequestTTY=no", "-o", "PermitLocalCommand=no",
    "-o", "ClearAllForwardings=yes", "-o", "ForwardX11=no", "-o", "Tunnel=no",
    "-o", "ConnectionAttempts=1", "-o", "LogLevel=INFO", "-o", "VisualHostKey=no",
    "-o", "StreamLocalBindMask=0177",
    "-o", "ForkAfterAuthentication=no", "-o", "ChannelTimeout=none", "-o", "AddKeysToAgent=no",
    "-o", "FingerprintHash=sha256",
)  # fmt: skip
"""What wins over the user's config: ``ssh`` takes the first value it sees."""

_NEW: Final = ("ForkAfterAuthentication", "ChannelTimeout", "AddKeysToAgent", "FingerprintHash")
"""Those of them that an old ``ssh`` does not know."""


class Master:
    """A running ``ssh``, and its words.

    Args:
        tell: Gets the lines that are not about a failure.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._torn = b""
        self.lines: list[str] = []
        self.dropped = 0
        """Lines no longer kept: with :attr:`lines`, every line has a number."""
        self.said_more = asyncio.Event()
        self.silent = asyncio.Event()
        """Set when nothing more can come."""

    def heard(self, data: bytes) -> None:
        """It said something on stderr; nothing means that nobody holds its stderr any more."""
        *whole, self._torn = (self._torn + (data or b"\n"))[-_LINE_LIMIT:].split(b"\n")
        for line in whole:
            text = line.decode(errors="replace").rstrip("\r")
            self.lines.append(text)
            if text.strip() and not is_about_a_failure(text):
                self._tell(text)
        self.dropped += len(self.lines[:-_LINES_KEPT])
        del self.lines[:-_LINES_KEPT]
        self.said_more.set()
        if not data:
            self.silent.set()

    def since(self, number: int) -> list[str]:
        """The lines from a number on."""
        return self.lines[max(number - self.dropped, 0) :]

    @property
    def count(self) -> int:
        """The number the next line gets."""
        return self.dropped + len(self.lines)


@asynccontextmanager
async def open_master(
    directory: Path, host: Host, options: SshOptions, prompter: Prompter, config: SshConfig
) -> AsyncGenerator[tuple[Master, str], None]:
    """Log in, and hold the master while the block lasts; gives its control socket too.

    Raises:
        ConfigError: There is no ``ssh``, or it refuses its config.
        HostUnreachable, HostKeyRefused, LoginRefused, ForwardError: It did not get in.
    """
    program = shutil.which("ssh")
    if program is None:
        raise ConfigError("there is no ssh program on this machine", hint="install it, or use --ssh asyncssh")
    name, path = str(host), str(directory / "c")
    patience = Patience(options.login_timeout + options.connect_timeout)
    pids: list[int] = []
    asking = AskpassServer(
        directory, PatientPrompter(prompter, patience), name, lambda pid: "" if pid in pids else _hop_of(pid)
    )
    master = Master(lambda text: prompter.tell(name, text))
    control = ["-o", f'ControlPath="{path.replace("%", "%%")}"']
    lent = [] if config.forward_agent else ["-o", "ForwardAgent=no"]
    # The first value wins here too, so theirs goes along: a config shared with a Mac has such a line.
    unknown = ["-o", f"IgnoreUnknown={','.join([*_NEW, *config.others.get('ignoreunknown', ())])}"]
    flags = [*unknown, *_ALWAYS, *lent, *_limits(options, config), *control]
    argv = [program, *flags, *ssh_arguments(host, options)]
    async with asking.serve(), _running(argv, asking.environment(), master) as process:
        pids.append(process.pid)
        try:
            async with patience.limit():
                await _log_in(path, process, master, asking, config, name)
        except TimeoutError:
            raise HostUnreachable(
                "the login took too long",
                stage=Stage.SSH,
                host=name,
                said="\n".join(master.lines[-4:]),
                hint=f"see what ssh does: {config.by_hand}",
            ) from None
        yield master, path


@asynccontextmanager
async def _running(
    argv: list[str], environment: Mapping[str, str], master: Master
) -> AsyncGenerator[subprocess.Popen[bytes], None]:
    """Run it while the block lasts; with it ends everything it started."""
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        # A pipe, since a ProxyCommand inherits it: /dev/stderr cannot be opened on a socket.
        reading, writing = os.pipe()
        words, their_words = stack.enter_context(FileIO(reading)), stack.enter_context(FileIO(writing, "w"))
        os.set_blocking(reading, False)
        # Not asyncio's own: cancelled while it connects the pipes, it waits for ever (CPython 3.11).
        process = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=their_words,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        their_words.close()
        life, their_life = (stack.enter_context(end) for end in socket.socketpair())
        # Ends the master when we are killed: it would hold the connection for ever.
        guard = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond
            ["/bin/sh", "-c", 'read -r never; kill "$0"', str(process.pid)],
            stdin=their_life.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        their_life.close()

        def listen() -> None:
            data = words.read(_LINE_LIMIT)
            if data is None:
                return
            if not data:
                loop.remove_reader(words)
            master.heard(data)

        loop.add_reader(words, listen)
        try:
            yield process
        finally:
            loop.remove_reader(words)
            guard.kill()
            guard.wait()
            life.close()
            await _end(process)


async def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it, then make it."""
    try:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, _END_SECONDS)
    finally:
        # Also what is left when only ssh has ended.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _log_in(
    path: str,
    process: subprocess.Popen[bytes],
    master: Master,
    asking: AskpassServer,
    config: SshConfig,
    name: str,
) -> None:
    while not Path(path).exists():  # noqa: ASYNC240 - a look that takes no time
        if asking.failure.done():
            raise asking.failure.result()
        if process.poll() is not None:
            await bounded(master.silent.wait(), _WORDS_SECONDS)
            if asking.failure.done():
                raise asking.failure.result()
            raise failure_of(master.lines, config, name, asking.declined)
        await asyncio.sleep(_POLL_SECONDS)


async def bounded(waiting: Awaitable[object], seconds: float) -> None:
    """Wait so long and no longer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await waiting


def _limits(options: SshOptions, config: SshConfig) -> list[str]:
    """The time limits, in the whole seconds ``ssh`` takes."""
    interval, count = options.keepalive_interval, options.keepalive_count
    if config.alive_interval and (not interval or config.alive_interval <= interval):
        interval, count = config.alive_interval, config.alive_count
    elif 0 < interval < 2:
        # ssh takes whole seconds: more and shorter ones, and not more patience.
        interval, count = 1, int(interval * (count + 1)) - 1
    connect = config.connect_timeout or options.connect_timeout
    return [
        *("-o", f"ServerAliveInterval={math.ceil(interval)}", "-o", f"ServerAliveCountMax={max(count, 1)}"),
        *("-o", f"ConnectTimeout={max(math.ceil(connect), 1)}"),
    ]


def _hop_of(pid: int) -> str:
    """The host an ``ssh`` below ours logs in to: the last word of its command line."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return ""
    return words[-1] if len(words) > 1 else ""
