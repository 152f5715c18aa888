"""Keeps something open: notices a loss, opens it again, and lets others wait meanwhile.

Lives here: the loop around anything that can be opened and lost, and the way to an app server that outlives
its SSH connections. Not here: what counts as worth retrying (:mod:`codex_ssh.core.retry`), and the session
that comes back with its thread (:mod:`codex_ssh.link.lifeline`).

The door is what the healing way is for: its address stays the same, so a client that retries by itself, as
the official TUI does, heals without knowing why.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Final, Generic, Protocol, TypeVar

from codex_ssh.core.lifecycle import LinkState, LinkStatus
from codex_ssh.core.retry import passes_by_itself, pause_before_retry
from codex_ssh.errors import CodexSshError, ForwardError, LinkLost, Stage
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.upgrade import Opening
from codex_ssh.link.way import Way
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

HOLD_SECONDS: Final = 8.0
"""How long a dial waits for the way to come back: the official TUI gives a connection 10 s."""

P = TypeVar("P", bound=asyncio.Protocol)


class Losable(Protocol):
    """Something that is open until it is lost."""

    @property
    def wait_lost(self) -> Callable[[], Awaitable[None]]:
        """Blocks until it is gone: returns when we closed it ourselves, raises when it was lost."""


T = TypeVar("T", bound=Losable)


class Supervisor(Generic[T]):
    """One thing that is kept open, from its first opening to its end.

    Args:
        open_first: Opens it; what that raises is raised by :meth:`first`, and nothing is tried again.
        open_again: Opens it every later time.
        pauses: What does not pass by itself waits for :meth:`try_now` instead of ending it all.
        passive: Even a loss that would pass waits for :meth:`try_now`.

    Attributes:
        status: Where it is.
        on_change: Called after every step.
        opened: How often it was opened so far.
    """

    def __init__(
        self,
        open_first: Callable[[], AbstractAsyncContextManager[T]],
        open_again: Callable[[], AbstractAsyncContextManager[T]],
        *,
        pauses: bool = False,
        passive: bool = False,
    ) -> None:
        self._open_first = open_first
        self._open_again = open_again
        self._pauses = pauses
        self._passive = passive
        self._loop = asyncio.get_running_loop()
        self.status = LinkStatus(since=self._loop.time())
        self.on_change: Callable[[], None] = lambda: None
        self.opened = 0
        self._current: T | None = None
        self._given_up: asyncio.Future[None] = self._loop.create_future()
        self._stopped_by: CodexSshError | None = None
        self._closed = False
        self._lost_at = 0.0
        self._longest_outage = 0.0
        self._changed = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> None:
        """Open, and open again, until it has no prospect or was closed by us."""
        opener, lost_at = self._open_first, 0.0
        while True:
            was_up = False
            try:
                async with opener() as opened:
                    was_up = True
                    self.opened += 1
                    self._step(LinkState.UP, current=opened)
                    await self._until_lost(opened)
            except CodexSshError as error:
                failed = error
            else:
                self._closed = True
                self._step(LinkState.STOPPED)
                return
            if was_up:
                lost_at = self.status.since
            if not self.opened:
                self._stop(failed)
                return
            opener = self._open_again
            if not await self._may_go_on(failed, outage=self._loop.time() - lost_at):
                return
            self._step(LinkState.CONNECTING)

    async def _may_go_on(self, failed: CodexSshError, *, outage: float) -> bool:
        """Wait until the next attempt is due; False when there will be none."""
        self._hurry.clear()
        if self._passive or not passes_by_itself(failed):
            if not self._pauses:
                self._stop(failed)
                return False
            self._step(LinkState.PAUSED, reason=words(failed))
            await self._hurry.wait()
            return True
        pause = pause_before_retry(
            failed,
            attempt=self.status.attempt,
            outage=outage,
            chance=random.random(),  # noqa: S311 - jitter, not a secret
        )
        if self.status.state is not LinkState.LOST:
            self._step(LinkState.LOST, reason=words(failed))
        self.status = replace(self.status, next_try=self._loop.time() + pause)
        self.on_change()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._hurry.wait()
        return True

    async def _until_lost(self, opened: T) -> None:
        self._given_up = self._loop.create_future()
        try:
            async with open_tasks() as tasks:
                tasks.start(_await(self._given_up))
                await opened.wait_lost()
        except CodexSshError as error:
            # Said before it is taken down: with a peer that is gone that takes a while.
            self._step(LinkState.LOST, reason=words(error))
            raise

    def give_up(self, opened: T, lost: LinkLost) -> None:
        """Treat that as lost, for this reason.

        Nothing happens when it is known to be lost: what is open by now may be the next one.
        """
        if self._current is opened and not self._given_up.done():
            self._given_up.set_exception(lost)

    def try_now(self) -> None:
        """End a pause."""
        self._hurry.set()

    def quiet(self, opened: T, *, is_silent: bool) -> None:
        """Say whether that answers; nothing happens when it is known to be lost."""
        state = LinkState.SILENT if is_silent else LinkState.UP
        if self._current is opened and self.status.state is not state:
            self._step(state, current=opened, reason="nothing comes back" if is_silent else "")

    def take_longest_outage(self) -> float:
        """Give the longest time without it since the last call, in seconds, one that lasts included."""
        longest, self._longest_outage = self._longest_outage, 0.0
        is_out = self._current is None and self._lost_at
        return max(longest, self._loop.time() - self._lost_at if is_out else 0.0)

    @property
    def current(self) -> T | None:
        """What is open."""
        return self._current

    async def first(self) -> T:
        """Give the first one, or raise why there is none."""
        await self._changed.wait()
        return await self.wait_up()

    async def wait_up(self) -> T:
        """Give what is open, as soon as something is; raises what stopped us."""
        while self._current is None:
            await self._next_change()
        return self._current

    async def wait_other_than(self, given: T) -> None:
        """Block until that one is given up."""
        while self._current is given:
            await self._next_change()

    async def wait_stopped(self) -> None:
        """Block until there is no prospect, and raise why; return when it was closed by us."""
        while not self._closed:
            await self._next_change()

    async def _next_change(self) -> None:
        if self._stopped_by is not None:
            raise self._stopped_by
        if self._closed:
            raise LinkLost("it was closed", stage=Stage.SESSION, host="")
        self._changed.clear()
        await self._changed.wait()

    def _step(self, state: LinkState, *, current: T | None = None, reason: str = "") -> None:
        self.status = self.status.step(state, now=self._loop.time(), reason=reason)
        if self._current is not None and current is None:
            self._lost_at = self._loop.time()
        elif self._current is None and current is not None and self._lost_at:
            self._longest_outage = max(self._longest_outage, self._loop.time() - self._lost_at)
        self._current = current
        log.info("%s%s", state.value, f": {reason}" if reason else "")
        self._changed.set()
        self.on_change()

    def _stop(self, error: CodexSshError) -> None:
        self._stopped_by = error
        self._step(LinkState.STOPPED, reason=words(error))


async def _await(future: asyncio.Future[None]) -> None:
    await future


@asynccontextmanager
async def open_supervised_way(
    open_first: Callable[[], AbstractAsyncContextManager[Way]],
    open_again: Callable[[], AbstractAsyncContextManager[Way]],
) -> AsyncGenerator[Way, None]:
    """Give a way that heals.

    Its `dial` waits up to :data:`HOLD_SECONDS` while there is no connection, and its `wait_lost` ends only
    when reconnecting has no prospect.

    Args:
        open_first: Makes the first connection; its failure is raised at once.
        open_again: Makes every later one. Nobody may be in front of the terminal then.

    Raises:
        StageError: The first connection failed.
    """
    async with open_tasks() as tasks:
        supervisor = Supervisor(open_first, open_again)
        tasks.start(supervisor.run())
        first = await supervisor.first()

        async def current_ssh() -> Ssh | None:
            try:
                async with asyncio.timeout(HOLD_SECONDS):
                    return await (await supervisor.wait_up()).ssh()
            except TimeoutError:
                raise LinkLost("there is no connection just now", stage=Stage.SSH, host=first.host) from None

        yield replace(
            first,
            ssh=current_ssh,
            dial=HeldDial(supervisor, transport=first.dial.transport, host=first.host),
            wait_lost=supervisor.wait_stopped,
            take_longest_outage=supervisor.take_longest_outage,
        )


class HeldDial:
    """Dials whatever connection is open, and waits a while for one that is coming back.

    Args:
        supervisor: Keeps the way open.
        transport: For the status line.
        host: For messages.
    """

    def __init__(self, supervisor: Supervisor[Way], *, transport: str, host: str) -> None:
        self._supervisor = supervisor
        self._host = host
        self.transport = transport

    async def __call__(self, factory: Callable[[], P], *, opening: Opening | None = None) -> P:
        """See :meth:`codex_ssh.link.dial.Dial.__call__`."""
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                while True:
                    way = await self._supervisor.wait_up()
                    try:
                        return await way.dial(factory, opening=opening)
                    except (LinkLost, ForwardError):
                        # The connection may be dead without anybody knowing yet; one that is not says so.
                        if not await self._is_given_up(way):
                            raise
        except TimeoutError:
            status = self._supervisor.status
            raise LinkLost(
                f"there is no connection just now ({status.state.value})",
                stage=Stage.SSH,
                host=self._host,
                said=status.reason,
                hint="it is being made again; try once more",
            ) from None

    async def _is_given_up(self, way: Way) -> bool:
        try:
            async with asyncio.timeout(1.0):
                await self._supervisor.wait_other_than(way)
        except TimeoutError:
            return False
        return True


def words(error: CodexSshError) -> str:
    """Give an error in one line, with what the other side said."""
    said = getattr(error, "said", "")
    return f"{error}{f' ({said})' if said else ''}"
