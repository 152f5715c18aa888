"""What is kept open never gets stuck: any order of openings, failures, losses and keys, by our own clock."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.retry import LAST_PAUSE_SECONDS, passes_by_itself
from codex_ssh.errors import (
    AppServerError,
    CodexSshError,
    HostKeyRefused,
    HostUnreachable,
    LinkLost,
    LoginRefused,
    Stage,
)
from codex_ssh.link.supervisor import Supervisor
from codex_ssh.local.tasks import open_tasks

PASSING: tuple[CodexSshError, ...] = (
    HostUnreachable("no route", stage=Stage.SSH),
    LinkLost("reset", stage=Stage.SSH),
    AppServerError("nothing listens", stage=Stage.APP_SERVER),
)
LASTING: tuple[CodexSshError, ...] = (
    LoginRefused("no", stage=Stage.SSH),
    HostKeyRefused("changed", stage=Stage.SSH),
)


class _Selector(selectors.DefaultSelector):
    """Does not wait: the clock jumps to where waiting would have ended."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "stuck: nobody waits for anything that will come"
            self.now += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    """A real loop whose clock only runs while it waits."""

    def __init__(self) -> None:
        self.clock = _Selector()
        super().__init__(self.clock)
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.clock.now


def in_fast_time(main: Callable[[], Awaitable[None]]) -> None:
    """Run to the end without waiting."""

    async def run() -> None:
        await main()

    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(run())


@dataclass(eq=False)
class Opened:
    """Something that is open."""

    over: asyncio.Future[None]

    @property
    def wait_lost(self) -> Callable[[], Awaitable[None]]:
        return self._wait

    async def _wait(self) -> None:
        await self.over


@dataclass
class Peer:
    """What is opened: it fails as it is told, and else opens.

    Attributes:
        failures: What the next openings end with, the next one first.
        seconds: How long an opening takes.
        openings: When each began.
        most: How many were open or being opened at once.
        opened: All that were open so far.
    """

    failures: list[CodexSshError] = field(default_factory=list)
    seconds: float = 0.0
    openings: list[float] = field(default_factory=list)
    most: int = 0
    opened: list[Opened] = field(default_factory=list)
    current: Opened | None = None
    _now: int = 0

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Opened, None]:
        loop = asyncio.get_running_loop()
        self.openings.append(loop.time())
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await asyncio.sleep(self.seconds)
            if self.failures:
                raise self.failures.pop(0)
            self.current = Opened(loop.create_future())
            self.opened.append(self.current)
            yield self.current
        finally:
            self.current = None
            await asyncio.sleep(self.seconds)
            self._now -= 1

    def last(self, back: int) -> Opened:
        """Give the one that was opened last, or one of those before it."""
        return self.opened[-min(back, len(self.opened))]

    def lose(self, error: CodexSshError) -> None:
        if self.current is not None and not self.current.over.done():
            self.current.over.set_exception(error)

    def close(self) -> None:
        if self.current is not None and not self.current.over.done():
            self.current.over.set_result(None)


def is_in(supervisor: Supervisor[Opened], *states: LinkState) -> bool:
    return supervisor.status.state in states


errors = st.sampled_from(PASSING + LASTING)
steps = st.one_of(
    st.tuples(st.just("lose"), errors),
    st.tuples(st.just("fail"), errors),
    st.tuples(st.just("give up"), st.integers(1, 3)),
    st.tuples(st.just("try now"), st.none()),
    st.tuples(st.just("silent"), st.integers(1, 3)),
    st.tuples(st.just("heard"), st.integers(1, 3)),
    st.tuples(st.just("wait"), st.floats(0, 300)),
)
Step = tuple[str, Any]


async def play(supervisor: Supervisor[Opened], peer: Peer, step: Step) -> None:
    match step:
        case ("lose", error):
            peer.lose(error)
        case ("fail", error):
            peer.failures.append(error)
        case ("give up", back):
            supervisor.give_up(peer.last(back), LinkLost("given up", stage=Stage.SSH))
        case ("try now", _):
            supervisor.try_now()
        case ("silent" | "heard", back):
            supervisor.quiet(peer.last(back), is_silent=step[0] == "silent")
        case ("wait", seconds):
            await asyncio.sleep(seconds)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=st.lists(steps, max_size=25),
    seconds=st.sampled_from([0.0, 0.5, 10.0]),
    pauses=st.booleans(),
    passive=st.booleans(),
)
def test_whatever_happens_it_comes_up_again_or_says_why_not(
    script: list[Step], seconds: float, pauses: bool, passive: bool
) -> None:
    async def main() -> None:
        peer = Peer(seconds=seconds)
        supervisor = Supervisor(peer.open, peer.open, pauses=pauses, passive=passive)
        async with open_tasks() as tasks:
            tasks.start(supervisor.run())
            await supervisor.first()
            for step in script:
                await play(supervisor, peer, step)
                status = supervisor.status
                assert bool(status.reason) or status.state in (LinkState.UP, LinkState.CONNECTING)
                assert (status.next_try is None) or status.state is LinkState.LOST
                if status.state.is_open:
                    assert status.attempt == 0
            # Whatever was still to fail fails now, with time, and with a person who presses the key.
            for _ in range(len(peer.failures) + 3):
                await asyncio.sleep(LAST_PAUSE_SECONDS + 3 * seconds)
                if is_in(supervisor, LinkState.PAUSED):
                    assert pauses
                    supervisor.try_now()
            assert peer.most == 1
            if is_in(supervisor, LinkState.STOPPED):
                assert not pauses
                assert passive or supervisor.status.reason in map(str, LASTING)
                return
            supervisor.quiet(peer.last(1), is_silent=False)
            assert is_in(supervisor, LinkState.UP)
            assert await supervisor.wait_up() is peer.current
            peer.close()
            with pytest.raises(LinkLost):
                await supervisor.wait_other_than(await supervisor.wait_up())
                await supervisor.wait_up()
            assert is_in(supervisor, LinkState.STOPPED)

    in_fast_time(main)


def test_what_was_lost_before_takes_nothing_else_with_it() -> None:
    async def main() -> None:
        peer = Peer()
        supervisor = Supervisor(peer.open, peer.open)
        async with open_tasks() as tasks:
            tasks.start(supervisor.run())
            first = await supervisor.first()
            peer.lose(PASSING[0])
            await supervisor.wait_other_than(first)
            second = await supervisor.wait_up()
            supervisor.quiet(first, is_silent=True)
            supervisor.give_up(first, LinkLost("found out late", stage=Stage.SSH))
            await asyncio.sleep(LAST_PAUSE_SECONDS)
            assert (supervisor.status.state, supervisor.current) == (LinkState.UP, second)
            supervisor.quiet(second, is_silent=True)
            assert supervisor.status.state is LinkState.SILENT
            supervisor.give_up(second, LinkLost("found out in time", stage=Stage.SSH))
            await supervisor.wait_other_than(second)
            await supervisor.wait_up()
            assert len(peer.openings) == 3
            peer.close()

    in_fast_time(main)


@settings(max_examples=50, deadline=None)
@given(error=st.sampled_from(LASTING), pauses=st.booleans(), keys=st.integers(0, 3))
def test_what_a_person_has_to_change_is_tried_once_and_then_once_a_key(
    error: CodexSshError, pauses: bool, keys: int
) -> None:
    async def main() -> None:
        peer = Peer(failures=[])
        supervisor = Supervisor(peer.open, peer.open, pauses=pauses)
        async with open_tasks() as tasks:
            tasks.start(supervisor.run())
            await supervisor.first()
            peer.failures = [error] * 10
            peer.lose(PASSING[1])
            await asyncio.sleep(86_400)
            assert len(peer.openings) == 2
            for _ in range(keys):
                supervisor.try_now()
                await asyncio.sleep(86_400)
            assert len(peer.openings) == 2 + (keys if pauses else 0)
            assert supervisor.status.state is (LinkState.PAUSED if pauses else LinkState.STOPPED)
            assert supervisor.status.reason == str(error)

    in_fast_time(main)


@settings(max_examples=100, deadline=None)
@given(
    error=st.sampled_from([one for one in PASSING if not isinstance(one, HostUnreachable)]),
    seconds=st.floats(0, 30),
)
def test_ten_minutes_of_servers_that_answer_and_fail_are_at_most_fifteen_handshakes(
    error: CodexSshError, seconds: float
) -> None:
    async def main() -> None:
        peer = Peer()
        supervisor = Supervisor(peer.open, peer.open, pauses=True)
        async with open_tasks() as tasks:
            tasks.start(supervisor.run())
            await supervisor.first()
            peer.failures, peer.seconds = [error] * 1000, seconds
            lost_at = asyncio.get_running_loop().time()
            peer.lose(PASSING[0])
            await asyncio.sleep(600)
            assert 3 <= len([at for at in peer.openings if at >= lost_at]) <= 15
            assert is_in(supervisor, LinkState.LOST, LinkState.CONNECTING)
            peer.failures = []
            await asyncio.sleep(LAST_PAUSE_SECONDS + 2 * seconds)
            assert is_in(supervisor, LinkState.UP)

    in_fast_time(main)


def test_only_failures_that_reach_a_server_are_counted() -> None:
    """A packet into the void costs nobody anything: those are many more."""

    async def main() -> None:
        peer = Peer()
        supervisor = Supervisor(peer.open, peer.open, pauses=True)
        async with open_tasks() as tasks:
            tasks.start(supervisor.run())
            await supervisor.first()
            peer.failures = [PASSING[0]] * 10_000
            peer.lose(PASSING[0])
            await asyncio.sleep(600)
            assert 200 < len(peer.openings) <= 2 + 30 / 0.25 + 570 / 5
            assert all(map(passes_by_itself, PASSING))

    in_fast_time(main)
