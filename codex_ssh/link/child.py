"""A devbox without an SSH server: reached by a command of this machine that gives a shell there (``--exec``).

Lives here: the holder, which stands for the connection, and running scripts and byte streams by more
children. Not here: one child (:mod:`codex_ssh.link.child_channel`), and everything a stage does with it.

``docker exec -i NAME``, ``kubectl exec -i POD --``, ``su USER -c``: each child is that command with one more
word, ``/bin/sh``, which takes its script from stdin. Nothing but that word is put on the command line, so it
does not matter whether the command wants words or a shell line. There are no channels to ports and sockets:
a program there joins them (:mod:`codex_ssh.link.bridge`).

The holder is a shell that does nothing but give back lines. It is there before anything else runs, so a
command that does not work is known at once and by its own words, and its end is the end of the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shlex
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NoReturn, TypeVar

from codex_ssh.core.host import Host
from codex_ssh.errors import ConfigError, ForwardError, HostUnreachable, LinkLost, Stage
from codex_ssh.link.child_channel import LINGER_SECONDS, ChildChannel, ChildEnded
from codex_ssh.link.ssh import Ran, Ssh
from codex_ssh.link.ssh_channel import ExecTransport
from codex_ssh.link.ssh_script import ScriptSession
from codex_ssh.local.tasks import open_tasks

P = TypeVar("P", bound=asyncio.Protocol)

START_TIMEOUT_SECONDS: Final = 30.0
"""How long the command may take until its shell answers."""

BEAT_SECONDS: Final = 20.0
"""How often the holder is asked for a line, and how long it may take to give it."""

END_SECONDS: Final = 3 * LINGER_SECONDS
"""How long the end of all children is waited for; one of another user's cannot be killed."""

_LOSS_SETTLES_SECONDS: Final = 0.5
"""How long after a child's failure the holder's end is waited for: it says more."""

_SHELLS: Final = ("sh", "ash", "bash", "dash", "ksh", "zsh")


def shell_words(command: Sequence[str]) -> tuple[str, ...]:
    """Give the words of every child: the command, and a shell behind it unless it ends in one."""
    if command[-1].rpartition("/")[2] in _SHELLS:
        return tuple(command)
    return (*command, "/bin/sh")


@asynccontextmanager
async def open_child_host(host: Host, command: Sequence[str]) -> AsyncGenerator[Ssh, None]:
    """Reach a devbox by a command, and hold it while the block lasts.

    Args:
        host: What the user calls it; the word for messages.
        command: Program and arguments; run without a shell.

    Raises:
        ConfigError: There is no such program.
        HostUnreachable: It did not give a shell; ``said`` is what it said.
    """
    devbox = ChildHost(str(host), shell_words(command))
    try:
        async with open_tasks() as tasks:
            await devbox.open()
            tasks.start(devbox.beat())
            yield devbox
    finally:
        await devbox.close()


class ChildHost:
    """A devbox behind a command; implements :class:`codex_ssh.link.ssh.Ssh`.

    Args:
        host: The word for messages.
        words: Program and arguments of every child.
    """

    is_borrowed = False

    def __init__(self, host: str, words: Sequence[str]) -> None:
        self._host = host
        self._words = words
        self._loop = asyncio.get_running_loop()
        self._children: set[ChildChannel] = set()
        self._holder = _Holder(self._loop)
        self._closing = False

    @property
    def host(self) -> str:
        """What the user calls it."""
        return self._host

    @property
    def user(self) -> str:
        """Nobody knows before the devbox is asked."""
        return ""

    async def open(self) -> None:
        """Start the holder.

        Raises:
            ConfigError, HostUnreachable: As :func:`open_child_host`.
        """
        marker = _marker()
        script = f'echo {marker}\nwhile IFS= read -r line; do echo "$line"; done\n'
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                await self._start(self._holder, greeting=(script, marker))
        except ChildEnded as ended:
            raise HostUnreachable(
                f"{self._shown} gave no shell there: it ended with {ended.how}",
                stage=Stage.SSH,
                host=self._host,
                said=ended.said,
                hint="is it running, and does the command pass stdin on (-i)? try it: "
                f"echo 'echo ok' | {shlex.join(self._words)}",
            ) from None
        except TimeoutError:
            raise HostUnreachable(
                f"{self._shown} gave no shell within {START_TIMEOUT_SECONDS:.0f} seconds",
                stage=Stage.SSH,
                host=self._host,
                hint=f"try it: echo 'echo ok' | {shlex.join(self._words)}",
            ) from None

    async def beat(self) -> None:
        """Ask the holder for a line now and then, so that nobody on the way takes it for idle."""
        while not self._holder.lost.done():
            self._holder.beat()
            await asyncio.sleep(BEAT_SECONDS)
            if not self._holder.beaten:
                self._holder.give_up(f"it did not answer for {BEAT_SECONDS:.0f} seconds")

    async def close(self) -> None:
        """End every child and wait for them."""
        self._closing = True
        self._holder.close()
        for child in tuple(self._children):
            child.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                for child in tuple(self._children):
                    await child.wait_gone()

    async def run(self, script: str, *, timeout: float, limit: int = 256 * 1024) -> Ran:
        """Run a POSIX script; see the Protocol. Cancelling it ends the child."""
        session = ScriptSession(script, limit, self._loop)
        async with session.limit(timeout, self._host):
            await self._start(session)
            await session.ended
        ran = session.ran()
        if ran.status != 0 and await self._is_gone():
            raise self._loss()
        return ran

    async def open_tcp(self, factory: Callable[[], P], host: str, port: int) -> tuple[asyncio.Transport, P]:
        """Refuse: a command opens no channels. See the Protocol."""
        self._refuse(f"{host}:{port}")

    async def open_unix(self, factory: Callable[[], P], path: str) -> tuple[asyncio.Transport, P]:
        """Refuse: a command opens no channels. See the Protocol."""
        self._refuse(path)

    async def open_exec(self, factory: Callable[[], P], command: str) -> tuple[asyncio.Transport, P]:
        """Run a command as a byte stream; see the Protocol."""
        made: list[P] = []

        def make_protocol() -> P:
            made.append(factory())
            return made[0]

        marker = _marker()
        transport = ExecTransport(make_protocol, loop=self._loop, peer="exec")
        try:
            # Nothing more is sent before the marker came: some shells read further than the line they run.
            await self._start(transport, greeting=(f"echo {marker}; {command}\n", marker))
        except ChildEnded as ended:
            if await self._is_gone():
                raise self._loss() from None
            raise ForwardError(
                f"{self._shown} gave no shell there: it ended with {ended.how}",
                stage=Stage.FORWARD,
                host=self._host,
                said=ended.said,
            ) from None
        return transport, made[0]

    async def open_subsystem(self, factory: Callable[[], P], name: str) -> tuple[asyncio.Transport, P]:
        """Refuse: there is no SSH server to have one. See the Protocol."""
        self._refuse(name)

    async def wait_lost(self) -> None:
        """Block until the holder is gone; see the Protocol."""
        await asyncio.shield(self._holder.lost)
        if not self._closing:
            raise self._loss()

    async def _start(
        self, session: ScriptSession | ExecTransport | _Holder, *, greeting: tuple[str, str] | None = None
    ) -> None:
        if self._closing or self._holder.lost.done():
            raise self._loss()
        try:
            await ChildChannel.start(session, self._words, self._children, greeting=greeting)
        except OSError as error:
            raise ConfigError(
                f"exec: {self._words[0]!r} cannot be run: {error.strerror or error}",
                hint="it is a program of this machine and its arguments, without a shell",
            ) from error

    async def _is_gone(self) -> bool:
        try:
            async with asyncio.timeout(_LOSS_SETTLES_SECONDS):
                await asyncio.shield(self._holder.lost)
        except TimeoutError:
            return False
        return True

    def _loss(self) -> LinkLost:
        return LinkLost(
            "the connection was closed" if self._closing else f"{self._shown} ended",
            stage=Stage.SSH,
            host=self._host,
            said="" if self._closing else self._holder.why,
        )

    def _refuse(self, where: str) -> NoReturn:
        raise ForwardError(
            f"there is no channel to {where}: a command gives none",
            stage=Stage.FORWARD,
            host=self._host,
            hint="only what a program there can do works over --exec",
        )

    @property
    def _shown(self) -> str:
        return f"`{shlex.join(self._words)}`"


def _marker() -> str:
    return f"codex-ssh-{secrets.token_hex(8)}"


class _Holder:
    """The session on the holder's child: gives it a line, and knows whether it came back."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.lost: asyncio.Future[None] = loop.create_future()
        self.beaten = True
        self._why = ""
        self._said = b""
        self._channel: ChildChannel | None = None

    @property
    def why(self) -> str:
        """Why it ended, by its own words if it had any."""
        return self._said.decode(errors="replace").strip() or self._why

    def beat(self) -> None:
        """Ask for a line."""
        self.beaten = False
        if self._channel is not None:
            self._channel.write(b"\n")

    def give_up(self, why: str) -> None:
        """Count it as lost."""
        self._why = why
        if self._channel is not None:
            self._channel.abort()
        self._end()

    def close(self) -> None:
        """It is not needed any more."""
        self._end()

    def connection_made(self, channel: ChildChannel) -> None:
        """The shell there has answered."""
        self._channel = channel

    def session_started(self) -> None:
        """It can be written to."""

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """A line came back, or words on stderr."""
        if datatype is None:
            self.beaten = True
        else:
            self._said = (self._said + data)[-4096:]

    def eof_received(self) -> bool:
        """Stderr may still come."""
        return True

    def exit_status_received(self, status: int) -> None:
        """It ended by itself."""
        self._why = self._why or f"exit status {status}"

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: FBT001 - asyncssh's signature
        """It was killed."""
        self._why = self._why or f"signal {signal}"

    def pause_writing(self) -> None:
        """A line now and then fills nothing."""

    def resume_writing(self) -> None:
        """See there."""

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._channel = None
        self._end()

    def _end(self) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
