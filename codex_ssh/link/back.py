"""A port of the devbox's loopback that leads here.

Lives here: having the devbox listen, and looking at what its sshd made of that. Not here: what there is for
it here (:mod:`codex_ssh.link.forwards`, :mod:`codex_ssh.link.egress`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.ports import LOOPBACK
from codex_ssh.errors import ForwardError, Stage
from codex_ssh.link.listeners import Listeners
from codex_ssh.link.ssh import ListensThere, Ssh


class TakenThere(ForwardError):
    """Somebody listens on that port of the devbox.

    Args:
        by: The program, in a few words; empty when it is another user's.
    """

    def __init__(self, port: int, host: str, by: str) -> None:
        super().__init__(
            f"port {port} there is taken{f' by {by}' if by else ''}",
            stage=Stage.FORWARD,
            host=host,
            hint="take another one: -R REMOTE:PORT",
        )
        self.by = by


@asynccontextmanager
async def open_back(
    ssh: Ssh, listeners: Listeners, port: int, to: tuple[str, int]
) -> AsyncGenerator[int, None]:
    """Have the devbox listen while the block lasts; gives the port.

    Args:
        ssh: The connection.
        listeners: Asks what listens there.
        port: There; 0 takes a free one.
        to: Where its clients are connected to, as seen from here.

    Raises:
        TakenThere: Somebody has the port.
        ForwardError: The server would not, or would open it to everybody.
        LinkLost: The connection went away meanwhile.
    """
    if not isinstance(ssh, ListensThere):
        raise ForwardError(
            "a command makes nobody listen there", stage=Stage.FORWARD, host=ssh.host, hint="connect by SSH"
        )
    before = (await listeners.read(ssh)).at(port)
    if listeners.is_elsewhere:
        raise ForwardError(
            "its sshd would listen in another network than the one its shell is in",
            stage=Stage.FORWARD,
            host=ssh.host,
            hint="its shell is in a container, and its sshd is not",
        )
    if before is not None and LOOPBACK[0] in before.hosts:
        raise TakenThere(port, ssh.host, plain_line(before.process))
    async with ssh.listen_tcp(port, to) as got:
        await _require_loopback(ssh, listeners, got)
        yield got


async def _require_loopback(ssh: Ssh, listeners: Listeners, port: int) -> None:
    """Refuse what its sshd did in another way than it was asked for.

    It opens a port to everybody where ``GatewayPorts yes`` says so, and is content with ``::1`` where another
    user has 127.0.0.1.
    """
    there = (await listeners.read(ssh)).at(port)
    if there is not None and there.is_exposed:
        raise ForwardError(
            f"its sshd would open port {port} to everybody",
            stage=Stage.FORWARD,
            host=ssh.host,
            hint="GatewayPorts of its sshd says so; it has to be 'no' or 'clientspecified'",
        )
    if there is not None and LOOPBACK[0] not in there.hosts:
        raise TakenThere(port, ssh.host, "")
