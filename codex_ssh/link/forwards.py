"""The forwards of one link: opened and closed one by one, there again after each reconnect.

Lives here: which are open, which port here each gets, and why. Not here: one forward
(:mod:`codex_ssh.link.ports`), what a wish is (:mod:`codex_ssh.core.ports`), and asking anybody.

What listens here goes on listening while there is no link: a client that comes meanwhile waits a while for
the connection that is being made. So nothing has to be done to have a forward back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Final

from codex_ssh.core.listening import Listening
from codex_ssh.core.ports import (
    ANY_PORT,
    LOOPBACK,
    Deny,
    Direction,
    Forward,
    Wish,
    is_denied,
    local_ports,
)
from codex_ssh.errors import AppServerError, CodexSshError, ConfigError, ForwardError, LinkLost, Stage
from codex_ssh.link.back import open_back
from codex_ssh.link.listeners import Listeners
from codex_ssh.link.ports import Current, PortTaken, open_port_forward, require_ssh
from codex_ssh.link.reuse import Leads, where_it_leads
from codex_ssh.link.socks import open_socks
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.supervisor import HOLD_SECONDS, Supervisor
from codex_ssh.local.listening import local_listener
from codex_ssh.local.tasks import Tasks, open_tasks

AGAIN_SECONDS: Final = 1.0
"""So long after the devbox would not listen for us, or the connection was lost, it is asked again."""

REUSED_SECONDS: Final = 3.0
"""How often it is looked whether a listener that we took is still there; only this machine is asked."""

MOST: Final = 100
"""So many forwards at once are enough; each listens."""


class Forwards:
    """The forwards of one link.

    Args:
        current: Gives the SSH connection that is open.
        host: As the user typed it.
        deny: Ports of the devbox that are never opened here.
        tasks: Where they live.

    Attributes:
        on_change: Called when one of them changed.
        listeners: Asks what listens there.
    """

    def __init__(self, current: Current, host: str, *, deny: Deny, tasks: Tasks) -> None:
        self.host = host
        self.on_change: Callable[[], None] = lambda: None
        self.listeners = Listeners()
        self._current = current
        self._deny = deny
        self._tasks = tasks
        self._open: dict[int, _Held] = {}
        self._count = 0

    @property
    def forwards(self) -> tuple[Forward, ...]:
        """All that are open, the oldest first."""
        return tuple(held.forward for held in self._open.values())

    async def listening(self) -> Listening:
        """Give what the login user listens on there, by one small script.

        Raises:
            AppServerError, ForwardError, LinkLost: As :meth:`codex_ssh.link.listeners.Listeners.read`.
        """
        return await self.listeners.read(await self._ssh())

    async def open(self, wish: Wish, *, at: Sequence[str] = LOOPBACK) -> Forward:
        """Open a forward; one that leads there already is given instead.

        Args:
            wish: What is wanted.
            at: Where on the devbox's loopback it listens, the likeliest first.

        Raises:
            ConfigError: The port is on the deny list.
            PortTaken: The port here is taken and no other will do, or only root may have it.
            ForwardError: There is no SSH, or there are too many already.
        """
        if wish.direction is Direction.LOCAL and not wish.host and is_denied(wish.remote, self._deny):
            raise ConfigError(
                f"{self.host}: port {wish.remote} is denied by forward_deny",
                hint="take it off that list in the config file, if that is meant",
            )
        if (same := self._same(wish)) is not None:
            return same
        if len(self._open) >= MOST:
            raise ForwardError("there are enough of them open", stage=Stage.FORWARD, host=self.host)
        if wish.direction is Direction.REMOTE:
            return await self._hold(wish, wish.remote, at, note="")
        await require_ssh(self._current, self.host)
        await self._learn()
        first: PortTaken | None = None
        for port in local_ports(wish):
            try:
                return await self._hold(wish, port, at, note=_why_other(first))
            except PortTaken as taken:
                if first is None and (leads := await self._leads(taken, wish, at)) is not Leads.ELSEWHERE:
                    return self._reuse(wish, port, at, leads)
                first = first or taken
        assert first is not None
        raise first

    async def _learn(self) -> None:
        """Learn once in which network the login's shell is; an account that only forwards need not say."""
        if not self.listeners.asked:
            with contextlib.suppress(AppServerError, ForwardError, LinkLost):
                await self.listening()

    async def close(self, number: int) -> None:
        """Close one; nothing when it is not open any more."""
        held = self._open.pop(number, None)
        if held is not None:
            held.closing.set()
            await held.closed.wait()
            self.on_change()

    async def move(self, number: int, local: int) -> Forward:
        """Give one another port here; it stays as it is when that cannot be had.

        Raises:
            PortTaken: As :meth:`open`.
        """
        held = self._open[number]
        if held.wish.direction is Direction.REMOTE:
            raise ForwardError("that one listens on the devbox", stage=Stage.FORWARD, host=self.host)
        wish = replace(held.wish, local=local, is_fixed=local != ANY_PORT)
        moved = await self._hold(wish, local, held.at, note="")
        await self.close(number)
        return moved

    def _same(self, wish: Wish) -> Forward | None:
        for held in self._open.values():
            one = held.forward
            is_there = (one.direction, one.remote, one.host) == (wish.direction, wish.remote, wish.host)
            if is_there and (one.local == wish.local or not wish.is_fixed):
                return one
        return None

    async def _leads(self, taken: PortTaken, wish: Wish, at: Sequence[str]) -> Leads:
        """Where whoever has the port here leads."""
        is_like_it = wish.direction is Direction.LOCAL and not wish.host and not taken.needs_root
        if not is_like_it or any(one.local == taken.port for one in self.forwards):
            return Leads.ELSEWHERE
        return await where_it_leads(await self._ssh(), self.listeners, taken.port, wish.remote, at)

    def _reuse(self, wish: Wish, port: int, at: Sequence[str], leads: Leads) -> Forward:
        """Take somebody's listener for a forward of ours, for as long as it is there."""
        self._count += 1
        held = _Held(wish, at, self._count)
        held.note = f"{port} here leads there already"
        held.forward = replace(held.made(port), is_reused=True)
        if leads is Leads.THERE:
            self._tasks.start(self._keep_reused(held, port))
        else:  # on one machine with the devbox a listener of ours would only be in the way of the next server
            held.closed.set()
        self._open[held.number] = held
        self.on_change()
        return held.forward

    async def _hold(self, wish: Wish, port: int, at: Sequence[str], *, note: str) -> Forward:
        """Open a forward on one port here, and keep it until it is closed."""
        self._count += 1
        held = _Held(wish, at, self._count)
        held.note = note
        self._tasks.start(self._keep(held, port))
        try:
            await held.opened
        except asyncio.CancelledError:
            held.closing.set()
            raise
        self._open[held.number] = held
        self.on_change()
        return held.forward

    async def _keep(self, held: _Held, port: int) -> None:
        try:
            if held.wish.direction is Direction.REMOTE:
                await self._keep_there(held)
                return
            async with self._opening(held, port) as local:
                held.set_open(local)
                await held.closing.wait()
        except CodexSshError as error:
            if not held.opened.done():
                held.opened.set_exception(error)
        finally:
            held.closed.set()

    async def _keep_reused(self, held: _Held, port: int) -> None:
        """Listen ourselves as soon as whoever did so does no more."""
        try:
            while not held.closing.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REUSED_SECONDS):
                        await held.closing.wait()
                if held.closing.is_set() or await asyncio.to_thread(local_listener, port) is not None:
                    continue
                with contextlib.suppress(CodexSshError):
                    async with self._opening(held, port):
                        held.forward = replace(held.forward, is_reused=False, note="")
                        self.on_change()
                        await held.closing.wait()
        finally:
            held.closed.set()

    def _opening(self, held: _Held, port: int) -> AbstractAsyncContextManager[int]:
        wish = held.wish
        if wish.direction is Direction.SOCKS:
            return open_socks(
                self._current, self.host, local_port=port, by_shell=lambda: self.listeners.is_elsewhere
            )
        return open_port_forward(
            self._current,
            self.host,
            wish.remote,
            local_port=port,
            at=(wish.host,) if wish.host else held.at,
            told=lambda fault: self._tell(held, fault),
            by_shell=lambda: self.listeners.is_elsewhere,
        )

    def _tell(self, held: _Held, fault: str) -> None:
        if fault != held.forward.fault:
            held.forward = replace(held.forward, fault=fault)
            self.on_change()

    # ---------------------------------------------------------------- what listens there for us

    async def _keep_there(self, held: _Held) -> None:
        """Have the devbox listen, and have it listen again over every later connection.

        Raises:
            ForwardError, LinkLost: It would not the first time.
        """
        while not held.closing.is_set():
            try:
                await self._listen_there(held)
            except (ForwardError, LinkLost) as error:
                if not held.opened.done():
                    raise
                # The end of the connection before may not be known there yet: it has the port still.
                self._tell(held, getattr(error, "said", "") or error.message)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_SECONDS):
                    await held.closing.wait()

    async def _listen_there(self, held: _Held) -> None:
        ssh, wish = await self._ssh(), held.wish
        to = (wish.host or "localhost", wish.local)
        async with open_back(ssh, self.listeners, wish.remote, to) as port:
            held.set_open(port)
            self._tell(held, "")
            async with open_tasks() as tasks:
                tasks.start(ssh.wait_lost())
                await held.closing.wait()

    async def _ssh(self) -> Ssh:
        ssh = await self._current()
        if ssh is None:
            raise ForwardError("there is no SSH to look with", stage=Stage.FORWARD, host=self.host)
        return ssh


class _Held:
    """One forward and the task that keeps it."""

    forward: Forward

    def __init__(self, wish: Wish, at: Sequence[str], number: int) -> None:
        self.wish = wish
        self.at = tuple(at)
        self.number = number
        self.note = ""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closing = asyncio.Event()
        self.closed = asyncio.Event()

    def made(self, port: int) -> Forward:
        wish = self.wish
        is_there = wish.direction is Direction.REMOTE
        return Forward(
            number=self.number,
            direction=wish.direction,
            local=wish.local if is_there else port,
            remote=port if is_there else wish.remote,
            host=wish.host,
            note=self.note,
        )

    def set_open(self, port: int) -> None:
        """It listens on that port, for the first time or again."""
        if not self.opened.done():
            self.forward = self.made(port)
            self.opened.set_result(None)
        elif self.wish.direction is Direction.REMOTE:
            self.forward = replace(self.forward, remote=port)


def _why_other(taken: PortTaken | None) -> str:
    if taken is None:
        return ""
    if taken.needs_root:
        return f"only root may listen on {taken.port} here"
    return f"{taken.port} is taken here"


@asynccontextmanager
async def open_forwards(current: Current, host: str, *, deny: Deny = ()) -> AsyncGenerator[Forwards, None]:
    """Give the forwards of a link, none open yet; they are closed with the block."""
    async with open_tasks() as tasks:
        yield Forwards(current, host, deny=deny, tasks=tasks)


@asynccontextmanager
async def open_supervised_host(
    open_first: Callable[[], AbstractAsyncContextManager[Ssh]],
    open_again: Callable[[], AbstractAsyncContextManager[Ssh]],
    host: str,
) -> AsyncGenerator[tuple[Current, Supervisor[Ssh]], None]:
    """Give a login that comes back, without any app server.

    Args:
        open_first: Logs in; its failure is raised at once.
        open_again: Logs in every later time. Nobody may be in front of the terminal then.
        host: For messages.

    Raises:
        StageError: The first login failed.
    """
    async with open_tasks() as tasks:
        supervisor = Supervisor(open_first, open_again)
        tasks.start(supervisor.run())
        await supervisor.first()
        yield held_ssh(supervisor, host), supervisor


def held_ssh(supervisor: Supervisor[Ssh], host: str) -> Current:
    """Give what waits a while for a connection that is coming back."""

    async def current() -> Ssh | None:
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                return await supervisor.wait_up()
        except TimeoutError:
            raise LinkLost("there is no connection just now", stage=Stage.SSH, host=host) from None

    return current
