"""The SSH stage by the user's own ``ssh``: one master connection, everything else rides it.

Lives here: a master of our own or the one the user has open already, running scripts, opening channels, and
saying why the connection was lost.
Not here: starting a master (:mod:`codex_ssh.link.ssh_master`), the control socket
(:mod:`codex_ssh.link.ssh_mux`), questions (:mod:`codex_ssh.link.ssh_askpass`), and when this client is taken
(:mod:`codex_ssh.link.ssh_client`).

A master of the user's own is never ended and never changed: only what we opened on it is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import os
import re
import socket
import stat
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar, cast

from codex_ssh.core.host import Host
from codex_ssh.core.question import Prompter
from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ForwardError, LinkLost, Stage
from codex_ssh.link.ssh import Ran, Ssh
from codex_ssh.link.ssh_channel import ChannelTransport, ExecTransport
from codex_ssh.link.ssh_master import Master, bounded, open_master
from codex_ssh.link.ssh_mux import Mux, MuxRefused, is_alive
from codex_ssh.link.ssh_mux_channel import Session
from codex_ssh.link.ssh_mux_wire import MuxError
from codex_ssh.link.ssh_script import SHELL, ScriptSession, refuse_windows
from codex_ssh.local.files import private_temp_dir

P = TypeVar("P", bound=asyncio.Protocol)

_END_SECONDS: Final = 2.0
_WORDS_SECONDS: Final = 0.5
"""How long the master's own words for a refusal are waited for: they come by another pipe."""


@asynccontextmanager
async def open_openssh(
    host: Host, options: SshOptions, prompter: Prompter, config: SshConfig
) -> AsyncGenerator[Ssh, None]:
    """Log in by the user's own ``ssh``, or ride its live master, while the block lasts.

    Args:
        host: As typed.
        options: The SSH flags, and the limits.
        prompter: Gets every question, of every hop.
        config: What the host was resolved to.

    Raises:
        ConfigError: There is no ``ssh``, or it refuses its config.
        HostUnreachable, HostKeyRefused, LoginRefused, ForwardError: As :mod:`codex_ssh.link.ssh_hops`.
    """
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(private_temp_dir(for_sockets=True))
        log, path = None, live_control_path(config)
        if not path or not await is_alive(path):
            log, path = await stack.enter_async_context(
                open_master(directory, host, options, prompter, config)
            )
        ssh = OpenSsh(Mux(path, directory), host=str(host), config=config, log=log)
        watch = await ssh.watch()
        transport, _ = await loop.create_connection(lambda: _Watch(ssh), sock=watch)
        try:
            yield ssh
        finally:
            transport.abort()
            await ssh.close()


def live_control_path(config: SshConfig) -> str:
    """Give the control socket the user's config names, if one of this user's is there; else empty.

    That somebody still answers on it shows when it is used.
    """
    path = next(iter(config.others.get("controlpath", ())), "none")
    if path == "none":
        return ""
    try:
        facts = Path(path).stat()
    except OSError:
        return ""
    return path if stat.S_ISSOCK(facts.st_mode) and facts.st_uid == os.getuid() else ""


class _Watch(asyncio.Protocol):
    """Holds a connection to the control socket, which ends when the master does."""

    def __init__(self, ssh: OpenSsh) -> None:
        self._ssh = ssh

    def connection_lost(self, exc: Exception | None) -> None:
        self._ssh.set_lost()


class OpenSsh:
    """A master connection; implements :class:`codex_ssh.link.ssh.Ssh`.

    Args:
        mux: Its control socket.
        host: As typed; the word for messages.
        config: What it was resolved to.
        log: The master's words, where it is ours.
    """

    def __init__(self, mux: Mux, *, host: str, config: SshConfig, log: Master | None) -> None:
        self._mux = mux
        self._host = host
        self._config = config
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._login_lines = log.count if log is not None else 0
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._closing = False
        self._turn = asyncio.Lock()

    @property
    def host(self) -> str:
        """The host as the user typed it."""
        return self._host

    @property
    def user(self) -> str:
        """The login name in use."""
        return self._config.user

    @property
    def is_borrowed(self) -> bool:
        """Whether the master is the user's own."""
        return self._log is None

    async def watch(self) -> socket.socket:
        """Connect to the master, to hear of its end.

        Raises:
            LinkLost: It is gone already.
        """
        try:
            return await self._mux.check()
        except MuxError:
            raise await self._loss() from None

    def set_lost(self) -> None:
        """The master is gone."""
        if not self._lost.done():
            self._lost.set_result(None)

    async def close(self) -> None:
        """Close what we opened."""
        self._closing = True
        self.set_lost()
        if self._log is not None:
            self._mux.forget_forwards()
        await bounded(self._mux.close(), _END_SECONDS)

    async def run(self, script: str, *, timeout: float, limit: int = 256 * 1024) -> Ran:
        """Run a POSIX script; see the Protocol. Cancelling it closes the channel."""
        session = ScriptSession(script, limit, self._loop)
        async with session.limit(timeout, self._host):
            await self._attempt(self._open_shell(session), "run a command", Stage.SSH)
            await session.ended
        if session.broke_off and await self._is_gone():
            raise await self._loss()
        ran = session.ran()
        refuse_windows(ran, host=self._host, server="")
        return ran

    def _open_shell(self, session: ScriptSession) -> Awaitable[None]:
        agent = bool(self._config.forward_agent)
        return self._mux.open_exec(session, SHELL, self._environment(), agent=agent)

    async def open_tcp(self, factory: Callable[[], P], host: str, port: int) -> tuple[asyncio.Transport, P]:
        """Open a direct-tcpip channel; see the Protocol."""
        return await self._open(
            factory,
            (host, port),
            lambda session: self._mux.open_tcp(session, host, port),
            f"connect to {host}:{port}",
        )

    async def open_unix(self, factory: Callable[[], P], path: str) -> tuple[asyncio.Transport, P]:
        """Open a direct-streamlocal channel; see the Protocol."""
        return await self._open(
            factory, path, lambda session: self._mux.open_unix(session, path), f"connect to {path}"
        )

    async def open_exec(self, factory: Callable[[], P], command: str) -> tuple[asyncio.Transport, P]:
        """Run a command as a byte stream; see the Protocol."""
        environment = self._environment()
        return await self._open(
            factory,
            "exec",
            lambda session: self._mux.open_exec(session, command, environment),
            "run a command",
            kind=ExecTransport,
        )

    async def open_subsystem(self, factory: Callable[[], P], name: str) -> tuple[asyncio.Transport, P]:
        """Run a subsystem as a byte stream; see the Protocol. The master does not tell of a refusal."""
        environment = self._environment()
        return await self._open(
            factory,
            name,
            lambda session: self._mux.open_exec(session, name, environment, subsystem=True),
            f"start its subsystem {name!r}",
            kind=ExecTransport,
        )

    @asynccontextmanager
    async def listen_tcp(self, port: int, to: tuple[str, int]) -> AsyncGenerator[int, None]:
        """Have the devbox listen; see :class:`codex_ssh.link.ssh.ListensThere`."""
        got: list[int] = []

        async def listen() -> None:
            got.append(await self._mux.listen_tcp(port, to))

        async with self._turn:
            await self._attempt(listen(), f"listen on its port {port}", Stage.FORWARD)
        try:
            yield got[0]
        finally:
            with contextlib.suppress(MuxError, MuxRefused):
                await bounded(self._mux.stop_listening(port, to), _END_SECONDS)

    async def wait_lost(self) -> None:
        """Block until the connection is gone; see the Protocol."""
        await asyncio.shield(self._lost)
        if not self._closing:
            raise await self._loss()

    async def _open(
        self,
        factory: Callable[[], P],
        peer: tuple[str, int] | str,
        make: Callable[[Session], Awaitable[None]],
        purpose: str,
        kind: type[ChannelTransport] = ChannelTransport,
    ) -> tuple[asyncio.Transport, P]:
        made: list[P] = []

        def make_protocol() -> P:
            made.append(factory())
            return made[0]

        transport = kind(make_protocol, loop=self._loop, peer=peer)
        # One at a time: the words for a refusal are known by their place in the master's log.
        async with self._turn:
            await self._attempt(make(cast("Session", transport)), purpose, Stage.FORWARD)
        return transport, made[0]

    async def _attempt(self, opening: Awaitable[None], purpose: str, stage: Stage) -> None:
        start = self._log.count if self._log is not None else 0
        try:
            await opening
        except MuxError:
            raise await self._loss() from None
        except MuxRefused as refused:
            if await self._is_gone():
                raise await self._loss() from None
            said = await self._words(start) or str(refused)
            raise ForwardError(
                f"the server would not {purpose}",
                stage=stage,
                host=self._host,
                said=said.removeprefix("connect failed: "),
                hint=_hint_for(said),
            ) from None

    async def _words(self, start: int) -> str:
        """What the master printed about the refusal."""
        log = self._log
        if log is None:
            return ""
        until = time.monotonic() + _WORDS_SECONDS
        while (left := until - time.monotonic()) > 0:
            for line in log.since(start):
                if found := re.match(r"channel \d+: open failed: (.*)", line):
                    return found[1]
            log.said_more.clear()
            await bounded(log.said_more.wait(), left)
        return ""

    async def _is_gone(self) -> bool:
        if self._lost.done():
            return True
        try:
            async with asyncio.timeout(_END_SECONDS):
                (await self._mux.check()).close()
        except (MuxError, TimeoutError):
            return True
        return False

    async def _loss(self) -> LinkLost:
        said = "the ControlMaster it ran over ended"
        if self._log is not None and not self._closing:
            await bounded(self._log.silent.wait(), _WORDS_SECONDS)
            lines = [line for line in self._log.since(self._login_lines) if "open failed" not in line]
            said = "\n".join([line for line in lines if line.strip()][-2:]) or "ssh ended"
        return LinkLost(
            "the connection was closed" if self._closing else "the connection was lost",
            stage=Stage.SSH,
            host=self._host,
            said="" if self._closing else said,
        )

    def _environment(self) -> dict[str, str]:
        patterns = self._config.send_env
        return {
            key: value
            for key, value in os.environ.items()
            if any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)
        }


def _hint_for(said: str) -> str:
    if "administratively prohibited" in said:
        return "AllowTcpForwarding, AllowStreamLocalForwarding or PermitOpen of its sshd forbids it"
    if "connect failed" in said:
        return "nothing listens there, or it cannot be reached from the host"
    if "resource shortage" in said:
        return "the server has too many channels open; close some sessions"
    return ""
