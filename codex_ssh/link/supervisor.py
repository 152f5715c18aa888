"""Keeps the way to an app server open: notices a loss, reconnects, and lets dials wait meanwhile.

Lives here: the loop around :func:`codex_ssh.link.connect.open_way` and the dial that outlives a connection.
Not here: what counts as worth retrying (:mod:`codex_ssh.core.retry`) and what a session has to catch up on
after a reconnect.

The door is what this is for: its address stays the same, so a client that retries by itself, as the official
TUI does, heals without knowing why.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Final, TypeVar

from codex_ssh.core.lifecycle import LinkState, LinkStatus
from codex_ssh.core.retry import passes_by_itself, pause_before_retry
from codex_ssh.errors import CodexSshError, ForwardError, LinkLost, Stage
from codex_ssh.link.connect import Way
from codex_ssh.link.tasks import open_tasks

log = logging.getLogger(__name__)

HOLD_SECONDS: Final = 8.0
"""How long a dial waits for the way to come back: the official TUI gives a connection 10 s."""

P = TypeVar("P", bound=asyncio.Protocol)


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
        supervisor = _Supervisor(open_first, open_again)
        tasks.start(supervisor.run())
        first = await supervisor.first()
        yield replace(
            first,
            dial=_HeldDial(supervisor, transport=first.dial.transport),
            wait_lost=supervisor.wait_stopped,
        )


class _Supervisor:
    """One link, from its first connection to its end."""

    def __init__(
        self,
        open_first: Callable[[], AbstractAsyncContextManager[Way]],
        open_again: Callable[[], AbstractAsyncContextManager[Way]],
    ) -> None:
        self._open_first = open_first
        self._open_again = open_again
        self._loop = asyncio.get_running_loop()
        self.status = LinkStatus(since=self._loop.time())
        self.host = ""
        self._way: Way | None = None
        self._stopped_by: CodexSshError | None = None
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Connect, and connect again, until it has no prospect."""
        open_way, lost_at = self._open_first, 0.0
        while True:
            was_up = False
            try:
                async with open_way() as way:
                    was_up = True
                    self._step(LinkState.UP, way=way)
                    await way.wait_lost()
                    return  # closed by us
            except CodexSshError as error:
                if open_way is self._open_first and not was_up:
                    self._stop(error)
                    return
                if was_up:
                    lost_at = self._loop.time()
                if not passes_by_itself(error):
                    self._stop(error)
                    return
                self._step(LinkState.LOST, reason=_words(error))
                failed = error
            open_way = self._open_again
            pause = pause_before_retry(
                failed,
                attempt=self.status.attempt,
                outage=self._loop.time() - lost_at,
                chance=random.random(),  # noqa: S311 - jitter, not a secret
            )
            await asyncio.sleep(pause)
            self._step(LinkState.CONNECTING)

    async def first(self) -> Way:
        """Give the first connection, or raise why there is none."""
        await self._changed.wait()
        if self._stopped_by is not None:
            raise self._stopped_by
        assert self._way is not None
        return self._way

    async def wait_up(self) -> Way:
        """Give the way that is open, as soon as one is; raises what stopped us."""
        while self._way is None:
            if self._stopped_by is not None:
                raise self._stopped_by
            self._changed.clear()
            await self._changed.wait()
        return self._way

    async def wait_other_than(self, way: Way) -> None:
        """Block until that way is given up."""
        while self._way is way:
            self._changed.clear()
            await self._changed.wait()

    async def wait_stopped(self) -> None:
        """Block until reconnecting has no prospect, and raise why."""
        while self._stopped_by is None:
            self._changed.clear()
            await self._changed.wait()
        raise self._stopped_by

    def _step(self, state: LinkState, *, way: Way | None = None, reason: str = "") -> None:
        self.status = self.status.step(state, now=self._loop.time(), reason=reason)
        self._way = way
        self.host = way.host if way else self.host
        log.info("link %s%s", state.value, f": {reason}" if reason else "")
        self._changed.set()

    def _stop(self, error: CodexSshError) -> None:
        self._stopped_by = error
        self._step(LinkState.STOPPED, reason=_words(error))


class _HeldDial:
    """Dials whatever connection is open, and waits a while for one that is coming back."""

    def __init__(self, supervisor: _Supervisor, *, transport: str) -> None:
        self._supervisor = supervisor
        self.transport = transport

    async def __call__(self, factory: Callable[[], P]) -> P:
        """See :meth:`codex_ssh.link.dial.Dial.__call__`."""
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                while True:
                    way = await self._supervisor.wait_up()
                    try:
                        return await way.dial(factory)
                    except (LinkLost, ForwardError):
                        # The connection may be dead without anybody knowing yet; one that is not says so.
                        if not await self._is_given_up(way):
                            raise
        except TimeoutError:
            status = self._supervisor.status
            raise LinkLost(
                f"there is no connection just now ({status.state.value})",
                stage=Stage.SSH,
                host=self._supervisor.host,
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


def _words(error: CodexSshError) -> str:
    said = getattr(error, "said", "")
    return f"{error}{f' ({said})' if said else ''}"
