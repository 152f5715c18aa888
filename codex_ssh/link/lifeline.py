"""A session that comes back: over a new SSH connection, or over the same one to a new app server.

Lives here: keeping both open, noticing a peer that is silent and a machine that slept, and one status.
Not here: opening either (:mod:`codex_ssh.link.connect`), the retrying itself
(:mod:`codex_ssh.link.supervisor`), and what a front end asks the server after each return.

A session that is lost alone, since the app server went away, comes back over the SSH connection that is
there: nobody has to log in again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.lifecycle import LinkStatus
from codex_ssh.core.question import Prompter
from codex_ssh.core.wake import Clocks
from codex_ssh.errors import AppServerError, ForwardError, LinkLost, Stage
from codex_ssh.link.connect import Link, open_session
from codex_ssh.link.fence import SessionProcess
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.supervisor import HOLD_SECONDS, HeldDial, Supervisor
from codex_ssh.link.way import Profile, Way, open_way, through_door
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

PING_SECONDS: Final = 2.0
"""Between two pings of the app server's WebSocket."""

SILENT_SECONDS: Final = 2.5
"""An answer that takes longer is missing: with :data:`PING_SECONDS`, less than 5 s after the last one."""

GIVE_UP_SECONDS: Final = 20.0
"""A session whose app server is silent for so long, over a connection that lives, is opened anew."""

WAKE_SECONDS: Final = 1.5
"""How long a link has to answer after the machine slept; most are dead then."""


def read_clocks() -> Clocks:
    """Read this machine's clocks."""
    return Clocks(monotonic=time.monotonic(), wall=time.time())


class Lifeline:
    """A link that heals, as front ends see it.

    Args:
        ways: Keeps the way to the app server open.
        links: Keeps a session over it open.
        first: The first session.

    Attributes:
        on_change: Called when the status, or the round trip, changed.
        round_trip: The last round trip to the app server's WebSocket, in seconds; None while unknown.
    """

    def __init__(self, ways: Supervisor[Way], links: Supervisor[Link], first: Link) -> None:
        self._ways = ways
        self._links = links
        self._link = first
        self._processes: set[SessionProcess] = set()
        self.on_change: Callable[[], None] = lambda: None
        self.round_trip: float | None = None
        self.note_process()

    @property
    def status(self) -> LinkStatus:
        """Where the link is: the SSH connection's state, and once that is up the session's."""
        return self._links.status if self._ways.status.state.is_open else self._ways.status

    @property
    def facts(self) -> ServerFacts:
        """About the app server of the session that is open, or was open last."""
        return self._link.facts

    @property
    def silent_for(self) -> float:
        """Seconds since anything came from the app server."""
        return asyncio.get_running_loop().time() - self.link.heard_at

    async def sessions(self) -> AsyncIterator[Link]:
        """Give the session that is open, and after its end each one that follows; for one consumer.

        Raises:
            StageError: There will be none any more.
        """
        link = self._link
        while True:
            yield link
            await self._links.wait_other_than(link)
            self._link = link = await self._links.wait_up()

    @property
    def link(self) -> Link:
        """The session that is open, or was open last."""
        return self._links.current or self._link

    @property
    def connections(self) -> int:
        """How many SSH connections there were so far, the one that is open counted."""
        return self._ways.opened

    async def ssh(self) -> Ssh | None:
        """Give the SSH connection that is open, waiting a while where one is coming back; None without SSH.

        Raises:
            LinkLost: There is none just now.
        """
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                return await (await self._ways.wait_up()).ssh()
        except TimeoutError:
            raise self._lost("there is no connection just now") from None

    def give_up_connection(self, why: str) -> None:
        """Treat the SSH connection as lost, for a reason in words; it comes back."""
        if (way := self._ways.current) is not None:
            self._ways.give_up(way, self._lost(why))

    def give_up_session(self, why: str) -> None:
        """Treat the session as lost and keep the SSH connection; it comes back."""
        if (link := self._links.current) is not None:
            self._links.give_up(link, self._lost(why))

    def try_now(self) -> None:
        """Try at once what is waited with."""
        self._ways.try_now()
        self._links.try_now()

    def note_process(self) -> None:
        """Remember the devbox's side of the connection that is open now."""
        way = self._ways.current
        if way is not None and way.process is not None:
            self._processes.add(way.process)

    async def fence(self) -> None:
        """Make sure, where that can be done, that nothing sent over an earlier connection still arrives.

        Raises:
            LinkLost: The link went away meanwhile.
        """
        way = self._ways.current
        if way is None or way.fence is None or way.process is None:
            return
        for process in self._processes - {way.process}:
            try:
                if process.boot != way.process.boot or await way.fence(process):
                    self._processes.discard(process)
            except (AppServerError, ForwardError) as error:
                log.warning("an earlier connection could not be ended: %s", error)

    # ---------------------------------------------------------------- watching

    async def watch(self, clocks: Callable[[], Clocks]) -> None:
        """Ping, and look for sleep, until cancelled."""
        before = clocks()
        next_ping = 0.0
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1.0)
            now = clocks()
            slept, before = before.slept_until(now), now
            if slept:
                log.info("this machine slept for %.0f seconds", slept)
                await self._check_after_sleep()
            elif loop.time() >= next_ping:
                next_ping = loop.time() + PING_SECONDS
                await self._ping()

    async def _ping(self) -> None:
        link = self._links.current
        if link is None:
            return
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                self.round_trip = await link.ping()
        except LinkLost:
            return
        except TimeoutError:
            if link.is_sending:
                return  # a large message on a slow line: the keepalives of SSH tell whether it moves
            self._links.quiet(link, is_silent=True)
            if self.silent_for > GIVE_UP_SECONDS:
                self._links.give_up(link, self._lost("the app server stopped answering"))
            return
        self._links.quiet(link, is_silent=False)
        self.on_change()

    async def _check_after_sleep(self) -> None:
        way, link = self._ways.current, self._links.current
        if way is not None and link is not None:
            try:
                async with asyncio.timeout(WAKE_SECONDS):
                    await link.ping()
            except TimeoutError:
                why = "this machine slept, and the connection did not survive it"
                self._ways.give_up(way, self._lost(why))
            except LinkLost:
                pass  # whoever lost it knows: the session alone, where the app server ended
        self.try_now()

    def _lost(self, why: str) -> LinkLost:
        return LinkLost(why, stage=Stage.SESSION, host=self.facts.host)


@asynccontextmanager
async def open_lifeline(
    profile: Profile,
    prompter: Prompter,
    prompter_again: Callable[[], Prompter],
    *,
    passive: bool = False,
    waits_for_user: bool = True,
    clocks: Callable[[], Clocks] = read_clocks,
) -> AsyncGenerator[Lifeline, None]:
    """Give a session with the host's app server that comes back when it is lost.

    Args:
        profile: How the host is reached.
        prompter: For the first login.
        prompter_again: For every later one.
        passive: A lost link waits for the user instead of reconnecting.
        waits_for_user: What does not pass by itself waits for :meth:`Lifeline.try_now`; else it is the end.
        clocks: Tells when this machine slept.

    Raises:
        StageError: The first stage that failed, at the first connection.
    """
    async with open_tasks() as tasks, AsyncExitStack() as stack:
        ways: Supervisor[Way] = Supervisor(
            lambda: open_way(profile, prompter),
            lambda: open_way(profile, prompter_again()),
            pauses=waits_for_user,
            passive=passive,
        )
        tasks.start(ways.run())
        door: Way | None = None
        first_way = await ways.first()
        if profile.door and first_way.dial.transport != "wss":
            held = HeldDial(ways, transport=first_way.dial.transport, host=first_way.host)
            door = await stack.enter_async_context(through_door(replace(first_way, dial=held)))

        @asynccontextmanager
        async def open_one() -> AsyncGenerator[Link, None]:
            way = await ways.wait_up()
            if door is not None:
                way = replace(way, dial=door.dial)
            async with open_session(way) as link:
                yield link

        links: Supervisor[Link] = Supervisor(open_one, open_one, pauses=waits_for_user)
        tasks.start(links.run())
        lifeline = Lifeline(ways, links, await links.first())

        def changed() -> None:
            lifeline.note_process()
            # A session waits no longer once there is a connection again, however often it failed before.
            if ways.status.state.is_open and not links.status.state.is_open:
                links.try_now()
            lifeline.on_change()

        ways.on_change = changed
        links.on_change = lambda: lifeline.on_change()  # noqa: PLW0108 - whatever it is by then
        tasks.start(lifeline.watch(clocks))
        yield lifeline
