"""A short look at many hosts at once: which app server runs there, and what its threads do.

Lives here: looking at one host, and how many are looked at at a time. Not here: what a report is
(:mod:`codex_ssh.core.fleet`), and keeping and printing them.

A look asks nobody, starts nothing and installs nothing, and has one limit for all of it. The app server is
asked by a session of its own, which joins no thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

from codex_ssh.core.config import WssFallback
from codex_ssh.core.endpoint import StdioEndpoint
from codex_ssh.core.fleet import FleetThread, HostReport, Reach, in_order, thread_of_fleet
from codex_ssh.core.methods import loaded_threads, thread_read, thread_turns_list
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.secret import Secret
from codex_ssh.core.thread import TurnStatus
from codex_ssh.core.value import dataclass
from codex_ssh.errors import (
    CodexSshError,
    ConfigError,
    HostKeyRefused,
    HostUnreachable,
    LoginRefused,
    RpcFailed,
    StageError,
)
from codex_ssh.link.appserver import look
from codex_ssh.link.choosing import AppServer, choose
from codex_ssh.link.connect import Link, open_session
from codex_ssh.link.direct import make_direct_dial
from codex_ssh.link.fleet_ride import open_existing
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.way import Profile, Way, open_host, way_to
from codex_ssh.local.tasks import open_tasks
from codex_ssh.local.terminal import SilentPrompter

log = logging.getLogger(__name__)

LIMIT_SECONDS: Final = 3.0
"""For one host, from the beginning of all to its report, so that they are over together. One that begins
much later has two thirds of it all the same, and one that had to wait for a place begins anew."""

AT_ONCE: Final = 32
"""So many hosts are looked at at a time, those included nobody answers at."""

EAGER: Final = 4
"""So many begin together. They are done first: a login is work for this machine, and done side by side all
of them would be done last."""

PACE_SECONDS: Final = 0.02
"""Between the beginnings of the others, unless one is done sooner."""

MOST_THREADS: Final = 50
"""So many threads of a host are asked for."""

WSS_AFTER_SECONDS: Final = 1.5
"""So long an SSH server may be silent where there is another way."""

Tell = Callable[[HostReport], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A host to look at.

    Attributes:
        profile: How it is reached; None where its settings are wrong.
        wrong: What is wrong with them.
        wakes: A look would wake it, and nobody asked for it by name.
    """

    host: str
    profile: Profile | None
    wrong: ConfigError | None = None
    wakes: bool = False


async def look_at_fleet(
    targets: Sequence[Target],
    tell: Tell,
    *,
    limit: float = LIMIT_SECONDS,
    at_once: int = AT_ONCE,
    clock: Callable[[], float] = time.time,
) -> None:
    """Look at every host, and tell each report as soon as it is there.

    Args:
        targets: The hosts.
        tell: Called once for each, in the order in which they are done. Its own errors end all of it.
        limit: Seconds for one host.
        at_once: How many at a time.
        clock: This machine's, in seconds since 1970.
    """
    places, loop = _Places(at_once), asyncio.get_running_loop()
    began = loop.time()
    async with open_tasks() as tasks:
        for target in targets:
            if await places.enter():
                began = loop.time()
            left = limit - min(loop.time() - began, limit / 3)
            tasks.start(_in_place(places, _Look(target, tell, clock), left, limit))
        await tasks.wait()


async def _in_place(places: _Places, one: _Look, left: float, limit: float) -> None:
    try:
        await one.run(left, limit)
    finally:
        places.leave()


class _Places:
    """Lets hosts begin: a few at once, then one after the other, and never more than fit."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._left = asyncio.Event()

    async def enter(self) -> bool:
        """Wait for a place; whether all were taken."""
        if self._taken >= min(EAGER, self._size):
            self._left.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(PACE_SECONDS):
                    await self._left.wait()
        was_full = self._taken >= self._size
        while self._taken >= self._size:
            self._left.clear()
            await self._left.wait()
        self._taken += 1
        return was_full

    def leave(self) -> None:
        """Give it back."""
        self._taken -= 1
        self._left.set()


class _Look:
    """The look at one host; what was found so far is told when the time is over."""

    def __init__(self, target: Target, tell: Tell, clock: Callable[[], float]) -> None:
        self._target = target
        self._tell: Tell | None = tell
        self._clock = clock
        self._began = asyncio.get_running_loop().time()
        self._found = HostReport(host=target.host, reach=Reach.OFF, at=clock())

    async def run(self, left: float, limit: float) -> None:
        """Look, and tell one report in the seconds that are left. Closing the connection may take longer."""
        profile = self._target.profile
        if profile is None or self._target.wakes:
            self._tell_why_not()
            return
        prompter = _Nobody()
        try:
            async with asyncio.timeout(left) as timer:
                # Told at the limit and not behind it: what is cancelled then still has to be closed.
                late = asyncio.get_running_loop().call_later(left, self._tell_late, limit)
                try:
                    await self._look(profile, prompter)
                finally:
                    late.cancel()
        except TimeoutError:
            if not timer.expired():
                raise
            self._tell_late(limit)
        except CodexSshError as error:
            self._tell_failed(error, prompter)

    async def _look(self, profile: Profile, prompter: _Nobody) -> None:
        try:
            await self._look_by_ssh(profile, prompter)
        except HostUnreachable:
            if not _goes_by_wss(profile):
                raise
            async with open_session(await _direct_way(profile)) as link:
                await self._ask(link)

    async def _look_by_ssh(self, profile: Profile, prompter: _Nobody) -> None:
        async with _open_quietly(profile, prompter) as ssh:
            self._found = replace(self._found, reach=Reach.TROUBLE, user=ssh.user)
            probe = await look(ssh, profile.wanted)
            self._found = replace(
                self._found, user=probe.user, hostname=probe.hostname, on_disk=probe.codex_version
            )
            if isinstance(profile.wanted.endpoint, StdioEndpoint):
                self._say(Reach.NO_SERVER, why="by its config an app server lives as long as one connection")
                return
            app, _ = choose(probe, profile.wanted, ssh.host)
            if app is None:
                self._say(Reach.NO_SERVER, why="" if probe.codex else "no codex was found there")
                return
            self._see(app)
            # Named, so that nothing else is found or started where it does not answer.
            named = replace(profile, wanted=replace(profile.wanted, endpoint=app.endpoint, install=None))
            async with open_session(way_to(ssh, app, named)) as link:
                await self._ask(link)

    def _see(self, app: AppServer) -> None:
        self._found = replace(self._found, endpoint=str(app.endpoint), chosen=app.chosen, clients=app.clients)

    async def _ask(self, link: Link) -> None:
        """Ask the app server which threads it has in its memory, and what they do."""
        self._found = replace(self._found, reach=Reach.TROUBLE, version=link.facts.server_version)
        loaded = await link.call(loaded_threads())
        threads: list[FleetThread] = []

        async def ask(thread_id: str) -> None:
            with suppress(RpcFailed):  # unloaded meanwhile
                thread = await link.call(thread_read(thread_id))
                if thread.name or thread.preview:  # else nothing was said in it yet
                    threads.append(thread_of_fleet(thread, await _last_turn(link, thread_id)))

        async with open_tasks() as tasks:
            for thread_id in loaded[:MOST_THREADS]:
                tasks.start(ask(thread_id))
            await tasks.wait()
        self._found = replace(self._found, threads=in_order(threads), more=max(0, len(loaded) - MOST_THREADS))
        self._say(Reach.UP)

    # ---------------------------------------------------------------- telling

    def _say(self, reach: Reach, *, why: str = "", hint: str = "") -> None:
        """Tell the report, the first time."""
        tell, self._tell = self._tell, None
        if tell is not None:
            took = asyncio.get_running_loop().time() - self._began
            tell(
                replace(self._found, reach=reach, at=self._clock(), why=why, hint=hint, ms=round(1000 * took))
            )

    def _tell_why_not(self) -> None:
        if self._target.wrong is not None:
            self._say(Reach.TROUBLE, why=str(self._target.wrong), hint=self._target.wrong.hint)
        else:
            self._say(
                Reach.LEFT, why="a look would wake it", hint=f"name it: codex-ssh ps {self._target.host}"
            )

    def _tell_late(self, limit: float) -> None:
        what = "there is an SSH server, and nothing more came" if self._found.user else "no answer"
        self._say(self._found.reach, why=f"{what} within {limit:g} s")

    def _tell_failed(self, error: CodexSshError, prompter: _Nobody) -> None:
        why = error.message if isinstance(error, StageError) else str(error)
        said = getattr(error, "said", "")
        if prompter.was_asked:
            key = prompter.was_asked is QuestionKind.HOST_KEY
            why = "its host key is not known yet" if key else f"it asks for a {prompter.was_asked.value}"
            self._say(Reach.ASKS, why=why, hint=f"log in once: codex-ssh {self._target.host}")
        elif isinstance(error, LoginRefused | HostKeyRefused):
            self._say(Reach.REFUSED, why=_with(why, said), hint=error.hint)
        elif isinstance(error, HostUnreachable):
            self._say(Reach.OFF, why=_with(why, said), hint=error.hint)
        else:
            self._say(Reach.TROUBLE, why=_with(why, said), hint=error.hint)


class _Nobody:
    """Answers no question, and remembers that there was one.

    Attributes:
        was_asked: What for; None when nothing was.
    """

    def __init__(self) -> None:
        self.was_asked: QuestionKind | None = None
        self._silent = SilentPrompter(shows=False)

    async def ask(self, question: Question) -> Secret | None:
        """Refuse; raises LoginRefused, HostKeyRefused."""
        self.was_asked = question.kind
        return await self._silent.ask(question)

    def tell(self, host: str, text: str) -> None:
        """Put it into the log."""
        self._silent.tell(host, text)


@asynccontextmanager
async def _open_quietly(profile: Profile, prompter: Prompter) -> AsyncGenerator[Ssh, None]:
    """Go over the connection of a window that is open, else log in; others find nothing to share then."""
    async with AsyncExitStack() as stack:
        ssh: Ssh | None = None
        if not profile.command:
            ssh = await stack.enter_async_context(open_existing(profile.host, profile.ssh))
        if ssh is None:
            # The agent is not lent: what runs there would lose it again at once.
            options = ("ForwardAgent=no", *profile.ssh.set_options)
            quiet = replace(profile, ssh=replace(profile.ssh, share=False, set_options=options))
            if _goes_by_wss(profile):  # some time has to be left for that
                quiet = replace(quiet, ssh=replace(quiet.ssh, connect_timeout=WSS_AFTER_SECONDS))
            ssh = await stack.enter_async_context(open_host(quiet, prompter))
        yield ssh


def _goes_by_wss(profile: Profile) -> bool:
    """Whether it is reached directly, without a question, where SSH does not answer."""
    return profile.wss is not None and profile.wss_fallback is WssFallback.AUTO


async def _direct_way(profile: Profile) -> Way:
    """Give the direct way of a host that has one; raises ConfigError where there is no token for it here."""
    assert profile.wss is not None
    dial = await make_direct_dial(
        profile.wss, profile.direct, wanted=profile.wanted, given=profile.given, log_in=None
    )

    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    host = str(profile.host)
    return Way(dial=dial, host=host, user="", hostname="", codex_home="", warnings=(), wait_lost=never)


async def _last_turn(link: Link, thread_id: str) -> TurnStatus:
    with suppress(RpcFailed):
        turns = (await link.call(thread_turns_list(thread_id, limit=1))).data
        return turns[0].status if turns else TurnStatus.UNKNOWN
    return TurnStatus.UNKNOWN


def _with(why: str, said: str) -> str:
    first = next((line.strip() for line in said.splitlines() if line.strip()), "")
    return f"{why} ({first})" if first and first not in why else why
