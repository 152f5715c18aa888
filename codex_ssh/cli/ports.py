"""The ports of a link as the TUI has them: what opens them is loaded when it is first needed.

Lives here: that delay, which a start is spared. Not here: opening (:mod:`codex_ssh.link.forwards`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from codex_ssh.core.ports import LOOPBACK, Deny, Forward, Wish
from codex_ssh.local.tasks import Tasks, open_tasks

if TYPE_CHECKING:
    from codex_ssh.core.listening import Listening
    from codex_ssh.link.forwards import Forwards
    from codex_ssh.link.ssh import Ssh

    Current = Callable[[], Awaitable[Ssh | None]]


class LazyPorts:
    """Keeps ports; see :class:`codex_ssh.tui.port_watch.PortKeeper`.

    Args:
        current: Gives the SSH connection that is open.
        host: As the user typed it.
        deny: Ports of the devbox that are never opened here.
        tasks: Where forwards live.
    """

    def __init__(
        self, current: Callable[[], Awaitable[Ssh | None]], host: str, deny: Deny, tasks: Tasks
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._current = current
        self._host = host
        self._deny = deny
        self._tasks = tasks
        self._made: Forwards | None = None

    @property
    def forwards(self) -> tuple[Forward, ...]:
        """What is open."""
        return self._made.forwards if self._made is not None else ()

    async def listening(self) -> Listening:
        """Give what listens there."""
        return await self._forwards.listening()

    async def open(self, wish: Wish, *, at: Sequence[str] = LOOPBACK) -> Forward:
        """Open a forward, or give the one that leads there."""
        return await self._forwards.open(wish, at=at)

    async def close(self, number: int) -> None:
        """Close one."""
        await self._forwards.close(number)

    async def move(self, number: int, local: int) -> Forward:
        """Give one another port here."""
        return await self._forwards.move(number, local)

    @property
    def _forwards(self) -> Forwards:
        if self._made is None:
            from codex_ssh.link.forwards import Forwards

            self._made = Forwards(self._current, self._host, deny=self._deny, tasks=self._tasks)
            self._made.on_change = lambda: self.on_change()  # noqa: PLW0108 - whatever it is by then
        return self._made


@asynccontextmanager
async def open_lazy_ports(current: Current, host: str, deny: Deny) -> AsyncGenerator[LazyPorts, None]:
    """Give the ports of a link, none open yet; they are closed with the block."""
    async with open_tasks() as tasks:
        yield LazyPorts(current, host, deny, tasks)
