"""The hosts that were opened beside the first one: each held by a task of its own until the TUI ends.

Lives here: opening, holding and leaving them. Not here: how one is reached
(:class:`codex_ssh.tui.fleet.Fleet`) and showing it (:mod:`codex_ssh.tui.app`). Nothing here imports Textual.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from codex_ssh.errors import CodexSshError
from codex_ssh.tui.bridge import ExitReason, TuiOutcome
from codex_ssh.tui.chat import Chat, open_chat
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.fleet import Fleet


@dataclass(slots=True, kw_only=True)
class Visit:
    """One of them.

    Attributes:
        opened: The conversation and its desk, once it is open; else why it could not be opened.
        outcome: Gives how it ended; whoever shows it sets this.
    """

    host: str
    opened: asyncio.Future[tuple[Chat, Desk]]
    outcome: Callable[[], TuiOutcome] | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def give_up_opening(self) -> None:
        """Do not go on opening it, where it is not open yet."""
        if not self.opened.done():
            self.give_up()

    def give_up(self) -> None:
        """Leave it."""
        if self.task is not None:
            self.task.cancel()


class Visits:
    """Opens hosts, and holds them.

    Args:
        fleet: The hosts there are.
        tasks: Where they are held.
    """

    def __init__(self, fleet: Fleet, tasks: asyncio.TaskGroup) -> None:
        self.fleet = fleet
        self._tasks = tasks
        self._open: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, host: str, thread_id: str = "") -> Visit:
        """Open a host.

        Args:
            host: Which one.
            thread_id: A thread to go on with there; empty leaves it to the options.
        """
        visit = Visit(host=host, opened=asyncio.get_running_loop().create_future())
        task = visit.task = self._tasks.create_task(self._hold(visit, thread_id))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        return visit

    def end(self) -> None:
        """Leave all of them."""
        for task in tuple(self._open):
            task.cancel()

    async def _hold(self, visit: Visit, thread_id: str) -> None:
        try:
            async with self.fleet.open(visit.host) as host:
                options = replace(host.options, resume=thread_id or host.options.resume)
                async with open_chat(host.lifeline, options, host.drafts, host.keeper, host.carrier) as chat:
                    visit.opened.set_result((chat, host.desk))
                    try:
                        await asyncio.get_running_loop().create_future()
                    finally:
                        outcome = visit.outcome or (lambda: chat.outcome(ExitReason.QUIT))
                        host.left(outcome())
        except CodexSshError as error:
            if not visit.opened.done():
                visit.opened.set_exception(error)
        finally:
            visit.opened.cancel()


@asynccontextmanager
async def open_visits(fleet: Fleet) -> AsyncGenerator[Visits, None]:
    """Give what opens hosts; at the end of the block all of them are left."""
    async with asyncio.TaskGroup() as tasks:
        visits = Visits(fleet, tasks)
        try:
            yield visits
        finally:
            visits.end()
