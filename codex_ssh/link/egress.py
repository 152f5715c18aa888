"""The way out through this machine, for codex on a devbox without a network.

Lives here: a proxy here, and the port of the devbox that leads to it, for as long as a connection lasts.
Not here: what is let through (:mod:`codex_ssh.core.egress`), and telling the app server of it at its start
(:mod:`codex_ssh.link.appserver`).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from codex_ssh.core.egress import CONNECTED, HEAD_LIMIT, PORTS, Asked, Egress, judge, read_egress
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.ports import LOOPBACK
from codex_ssh.core.secret import Secret
from codex_ssh.errors import CodexSshError, ForwardError, LinkLost, Stage
from codex_ssh.link.back import TakenThere, open_back
from codex_ssh.link.listeners import Listeners
from codex_ssh.link.ports import join, listening_here
from codex_ssh.link.shell import compose, run_script
from codex_ssh.link.splice import Splice
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.egress_log import note_egress
from codex_ssh.local.paths import log_dir
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 2.0
"""How often a port is asked for that another connection of ours has still."""

_ASK_SECONDS: Final = 10.0
_HEAD_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 20.0


def make_egress() -> Egress:
    """Give a way out for an app server that is about to be started."""
    return Egress(port=PORTS.start + secrets.randbelow(len(PORTS)), secret=Secret(secrets.token_urlsafe(24)))


@asynccontextmanager
async def open_egress(ssh: Ssh, hosts: Sequence[str]) -> AsyncGenerator[tuple[str, ...], None]:
    """Let codex there out through here while the block lasts; gives what the user should know.

    Args:
        ssh: The connection.
        hosts: What it may reach.

    Raises:
        ForwardError: The port its app server was told of is somebody else's, or the server would not listen.
        LinkLost: The connection went away meanwhile.
    """
    facts = await run_script(ssh, compose("form.sh", "egress.sh"), timeout=_ASK_SECONDS)
    egress = read_egress(facts.get("egress", ""))
    if egress is None:
        hint = f"codex-ssh server restart {ssh.host}"
        why = f"it was started without: {hint}" if facts.get("server") else "it is none of ours"
        yield (f"the app server there has no way out through this machine: {why}",)
        return
    proxy = _Proxy(ssh.host, egress.secret, hosts)
    async with (
        open_tasks() as tasks,
        listening_here(0, ssh.host, tasks, proxy.serve) as local,
    ):
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        tasks.start(_keep(ssh, egress.port, local, first))
        await first
        yield ()


async def _keep(ssh: Ssh, port: int, local: int, first: asyncio.Future[None]) -> None:
    """Have the devbox listen, as soon as no other connection of ours does."""
    listeners = Listeners()
    while True:
        try:
            async with open_back(ssh, listeners, port, (LOOPBACK[0], local)):
                if not first.done():
                    first.set_result(None)
                log.info("codex there goes out through here, by its port %d", port)
                await ssh.wait_lost()
                return
        except TakenThere as taken:
            if not taken.by.startswith("sshd"):
                _fail(first, _not_ours(ssh.host, port, taken))
                return
            # Another window of ours, or a connection that is lost and does not know it yet.
            if not first.done():
                first.set_result(None)
        except CodexSshError as error:
            _fail(first, error)
            if not isinstance(error, LinkLost):
                log.warning("codex there cannot go out through here: %s", error)
            return
        await asyncio.sleep(AGAIN_SECONDS)


def _fail(first: asyncio.Future[None], error: CodexSshError) -> None:
    if not first.done():
        first.set_exception(error)


def _not_ours(host: str, port: int, taken: TakenThere) -> ForwardError:
    return ForwardError(
        f"port {port} there, by which its codex goes out through this machine, is taken by "
        f"{taken.by or 'another user'}",
        stage=Stage.FORWARD,
        host=host,
        hint=f"codex-ssh server restart {host} starts one with another port and secret",
    )


class _Proxy:
    """Serves the clients that come by the devbox's port."""

    def __init__(self, devbox: str, secret: Secret, hosts: Sequence[str]) -> None:
        self._devbox = devbox
        self._secret = secret
        self._hosts = hosts

    async def serve(self, near: asyncio.Transport) -> None:
        """Serve one client until it is gone."""
        asking = _Asking(near)
        near.set_protocol(asking)
        near.resume_reading()
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await asking.head
        except TimeoutError:
            return
        if head is None:
            return
        asked = judge(head, self._secret, self._hosts)
        try:
            note_egress(log_dir(), devbox=self._devbox, host=asked.host, port=asked.port, status=asked.status)
        except OSError as error:
            log.warning("what goes out cannot be written down, so nothing does: %s", error)
            asked = Asked(status=502, why="it cannot be written down here, so it is not done")
        if asked.status != 200:
            log.warning("refused codex there: %s", plain_line(asked.why))
            near.write(asked.answer)
            return
        await self._connect(near, asked, asking.rest)

    async def _connect(self, near: asyncio.Transport, asked: Asked, rest: bytes) -> None:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, far = await loop.create_connection(lambda: Splice(near, ended), asked.host, asked.port)
        except (OSError, TimeoutError) as error:
            why = f"{asked.host}:{asked.port} cannot be reached from here: {str(error) or 'no answer'}"
            near.write(Asked(status=502, why=why).answer)
            return
        near.write(CONNECTED)
        if rest and far.transport is not None:
            far.transport.write(rest)
        await join(near, far, ended)


class _Asking(asyncio.Protocol):
    """A client that says what it wants."""

    def __init__(self, near: asyncio.Transport) -> None:
        self.head: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self.rest = b""
        self._near = near

    def data_received(self, data: bytes) -> None:
        self.rest += data
        head, ended, rest = self.rest.partition(b"\r\n\r\n")
        if ended or len(self.rest) > HEAD_LIMIT:
            self._near.pause_reading()
            self.rest = rest
            self._end(head if ended else b"")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(None)

    def _end(self, head: bytes | None) -> None:
        if not self.head.done():
            self.head.set_result(head)
