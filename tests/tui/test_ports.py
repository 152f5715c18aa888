"""Ports: looked at only while a turn runs or the list is open; offered, opened, closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from codex_ssh.core.config import ForwardPorts
from codex_ssh.core.listening import Listening, ListeningPort
from codex_ssh.core.ports import LOOPBACK, Forward, Wish, read_deny
from codex_ssh.errors import DeskFailed, ForwardError, Stage
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.desk import NoDesk
from codex_ssh.tui.port_watch import LOOK_SECONDS, PortWatch
from tests.support.waiting import until
from tests.tui import stage as a_stage
from tests.tui.stage import open_stage

OPTIONS = TuiOptions(grace_seconds=0, patience=0)


class Box:
    """A devbox that listens on what the test says, and counts how often it is asked."""

    def __init__(self, *ports: ListeningPort) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.ports = list(ports)
        self.forwards: tuple[Forward, ...] = ()
        self.looks = 0
        self.taken: set[int] = set()
        self.at: tuple[str, ...] = ()
        self.failure: ForwardError | None = None

    async def listening(self) -> Listening:
        self.looks += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return Listening(ports=tuple(self.ports))

    async def open(self, wish: Wish, *, at: Sequence[str] = LOOPBACK) -> Forward:
        self.at = tuple(at)
        local = wish.local
        if local in self.taken:
            if wish.is_fixed:
                raise ForwardError(f"cannot listen on 127.0.0.1:{local}", stage=Stage.FORWARD)
            local += 10000
        forward = Forward(
            number=len(self.forwards) + 1,
            direction=wish.direction,
            local=local,
            remote=wish.remote,
            note="" if local == wish.local else f"{wish.local} is taken here",
        )
        self.forwards = (*self.forwards, forward)
        return forward

    async def close(self, number: int) -> None:
        self.forwards = tuple(one for one in self.forwards if one.number != number)

    async def move(self, number: int, local: int) -> Forward:
        if local in self.taken:
            raise ForwardError("cannot listen there", stage=Stage.FORWARD, said="Address already in use")
        self.forwards = tuple(
            replace(one, local=local, note="") if one.number == number else one for one in self.forwards
        )
        return self.forwards[0]


def port(number: int, process: str = "node vite", age: float | None = 1000.0) -> ListeningPort:
    return ListeningPort(port=number, bound=(("127.0.0.1", ""),), process=process, age=age)


class Pauses:
    """Stands for the time between two looks: each pause ends when the test says so."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._go = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self._go.acquire()

    def end(self) -> None:
        self._go.release()


class Watched:
    """A watch of a box, without a screen."""

    def __init__(self, box: Box, group: asyncio.TaskGroup, mode: ForwardPorts = ForwardPorts.ASK) -> None:
        self.box = box
        self.pauses = Pauses()
        self.runs = False
        self.notes: list[str] = []
        self.watch = PortWatch(
            box,
            mode=mode,
            deny=read_deny([5432]),
            host=lambda: "devbox",
            is_running=lambda: self.runs,
            spawn=lambda coroutine: self._spawn(group, coroutine),
            note=lambda _level, text, _details: self.notes.append(text),
            changed=lambda: None,
            sleep=self.pauses,
        )

    @staticmethod
    def _spawn(group: asyncio.TaskGroup, coroutine) -> None:  # type: ignore[no-untyped-def]
        group.create_task(coroutine)

    def turn(self, *, runs: bool) -> None:
        self.runs = runs
        self.watch.settle()

    async def look(self) -> None:
        """Let the pause end, and wait for the look behind it and the pause after that."""
        before = len(self.pauses.asked)
        self.pauses.end()
        await until(lambda: len(self.pauses.asked) > before, "one more look")

    @property
    def offered(self) -> list[int]:
        return [one.port for one in self.watch.offered]


async def test_it_is_looked_only_while_a_turn_runs_and_once_after_it() -> None:
    async with asyncio.TaskGroup() as group:
        it = Watched(Box(port(3000)), group)
        running = group.create_task(it.watch.run())
        await asyncio.sleep(0)
        it.watch.settle()
        assert it.box.looks == 0
        it.turn(runs=True)
        await until(lambda: it.box.looks == 1, "the first look")
        it.turn(runs=True)  # every message of the server's says so
        await it.look()
        await it.look()
        assert it.box.looks == 3
        it.turn(runs=False)
        await it.look()
        assert it.box.looks == 4
        it.pauses.end()
        it.turn(runs=False)
        for _ in range(20):
            await asyncio.sleep(0)
        assert it.box.looks == 4
        assert set(it.pauses.asked) == {LOOK_SECONDS}
        assert len(it.pauses.asked) == 4  # one pause behind each look: never two looks in three seconds
        running.cancel()


async def test_news_of_a_turn_is_offered_until_it_is_taken_or_gone() -> None:
    async with asyncio.TaskGroup() as group:
        it = Watched(Box(port(3000)), group)
        running = group.create_task(it.watch.run())
        it.turn(runs=True)
        await until(lambda: it.box.looks == 1, "the first look")
        assert it.offered == []
        it.box.ports += [port(8000), port(5432), port(9000)]
        await it.look()
        assert it.offered == [8000, 9000]
        it.watch.refuse(9000)
        it.box.ports.pop()
        await it.look()
        assert it.offered == [8000]
        it.watch.take()
        await until(lambda: it.notes, "it is said")
        assert it.notes == ["http://localhost:8000 is port 8000 of devbox (node vite)"]
        assert it.box.at == ("127.0.0.1",)
        await it.look()
        assert it.offered == []
        it.box.ports = [port(3000), port(8000), port(9001)]
        await it.look()
        assert it.offered == [9001]
        it.box.ports.pop()
        await it.look()
        assert it.offered == []
        running.cancel()


async def test_what_is_younger_than_the_turn_is_offered_at_the_first_look() -> None:
    async with asyncio.TaskGroup() as group:
        it = Watched(Box(port(3000), port(8000, age=0.0)), group)
        running = group.create_task(it.watch.run())
        it.turn(runs=True)
        await until(lambda: it.offered == [8000], "the offer")
        it.turn(runs=False)
        await it.look()
        it.turn(runs=True)
        assert it.offered == []  # an offer is for its turn; the list still has the port
        running.cancel()


async def test_auto_opens_and_off_does_not_look() -> None:
    async with asyncio.TaskGroup() as group:
        it = Watched(Box(port(8000, age=0.0)), group, ForwardPorts.AUTO)
        it.box.taken = {8000}
        running = group.create_task(it.watch.run())
        it.turn(runs=True)
        await until(lambda: it.notes, "it is opened")
        assert it.notes == ["http://localhost:18000 is port 8000 of devbox (node vite): 8000 is taken here"]
        running.cancel()
        off = Watched(Box(port(8000, age=0.0)), group, ForwardPorts.OFF)
        running = group.create_task(off.watch.run())
        off.turn(runs=True)
        for _ in range(20):
            await asyncio.sleep(0)
        assert off.box.looks == 0
        off.watch.watch(is_watched=True)  # the list is open
        await until(lambda: off.box.looks == 1, "the look")
        assert off.offered == []
        running.cancel()


async def test_a_look_that_fails_is_told_and_the_next_one_sees_again() -> None:
    async with asyncio.TaskGroup() as group:
        it = Watched(Box(port(3000)), group)
        it.box.failure = ForwardError("it would not run", stage=Stage.FORWARD, host="devbox")
        running = group.create_task(it.watch.run())
        it.turn(runs=True)
        await until(lambda: it.watch.fault, "the fault")
        assert it.watch.fault == "devbox: forward: it would not run"
        it.box.failure = None
        await it.look()
        assert (it.watch.fault, it.watch.listening) == ("", Listening(ports=(port(3000),)))
        running.cancel()


# ---------------------------------------------------------------- on the screen


async def begin(stage: a_stage.Stage) -> None:
    """Begin a turn."""
    await stage.type("go")
    stage.script.say("turn/started", turn={"id": "turn-1", "status": "inProgress", "items": []})
    await stage.wait(lambda: stage.app.chat.ports._ran, "the turn runs")


async def test_an_offer_is_a_line_and_a_key_takes_it() -> None:
    box = Box(port(3000, "postgres"), port(5173, age=0.0))
    async with open_stage(options=OPTIONS, keeper=box) as stage:
        await begin(stage)
        await stage.wait_text("⇄ Alt+P opens here: port 5173 (node vite) of devbox")
        await stage.pilot.press("alt+p")
        await stage.wait_text("http://localhost:5173 is port 5173 of devbox (node vite)")
        await stage.wait_gone("opens here")
        await stage.pilot.press("alt+p")
        await stage.wait_text("ports of devbox")
        await stage.wait_text("⇄  5173  http://localhost:5173  node vite")
        assert "   3000  postgres" in stage.screen()


async def test_a_click_takes_an_offer_too() -> None:
    async with open_stage(options=OPTIONS, keeper=Box(port(5173, age=0.0))) as stage:
        await begin(stage)
        await stage.wait_text("opens here")
        await stage.pilot.click("PortOffer")
        await stage.wait_text("http://localhost:5173 is port 5173 of devbox")


class Browser(NoDesk):
    """A desk with a browser and a clipboard."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.copied: list[str] = []

    async def open_url(self, url: str) -> None:
        if self.opened:
            raise DeskFailed("there is no browser any more")
        self.opened.append(url)

    async def copy(self, text: str) -> str:
        self.copied.append(text)
        return "clipboard"


async def test_the_list_opens_moves_shows_and_closes() -> None:
    box, desk = Box(port(5173), port(5432, "postgres")), Browser()
    options = replace(OPTIONS, forward_deny=read_deny([5432]))
    async with open_stage(options=options, keeper=box, desk=desk) as stage:
        stage.chat.ports._sleep = pauses = Pauses()
        await stage.type("/ports")
        await stage.wait_text("5432  postgres  denied")
        await stage.pilot.press("enter")
        await stage.wait_text("⇄  5173  http://localhost:5173")
        await stage.pilot.press("c", "o", "enter")
        await stage.wait_text("there is no browser any more")
        assert (desk.opened, desk.copied) == (["http://localhost:5173"], ["http://localhost:5173"])
        box.taken = {3000}
        await stage.pilot.press("m")
        await stage.type("3000")
        await stage.wait_text("cannot listen there: Address already in use")
        box.taken.clear()
        await stage.pilot.press("m")
        await stage.type("3000")
        await stage.wait_text("http://localhost:3000")
        await stage.pilot.press("m", "escape", "x")
        await stage.wait_gone("http://localhost:3000")
        await stage.pilot.press("n")
        await stage.type("80x")
        await stage.wait_text("not a forward: '80x'")
        await stage.pilot.press("n")
        await stage.type("3001:8080")
        await stage.wait_text("⇄  8080  http://localhost:3001")
        box.ports.clear()
        pauses.end()  # the next look is in the list at once
        await stage.wait_gone("postgres")
        await stage.pilot.press("escape")
        await stage.wait_gone("ports of devbox")
        assert not stage.chat.ports._wanted.is_set()


async def test_the_command_opens_what_it_names_and_says_what_cannot_be() -> None:
    box = Box()
    box.taken = {9000}
    async with open_stage(options=OPTIONS, keeper=box) as stage:
        await stage.type("/ports 8000 9000:80")
        await stage.wait_text("http://localhost:8000 is port 8000 of devbox")
        await stage.wait_text("cannot listen on 127.0.0.1:9000")
        await stage.type("/ports x")
        await stage.wait_text("not a forward: 'x'")


async def test_a_link_without_ssh_says_so() -> None:
    async with open_stage(options=OPTIONS) as stage:
        await stage.type("/ports 8000")
        await stage.wait_text("a port needs SSH, and this link has none")
        await stage.type("/ports")
        await stage.wait_text("what listens there cannot be seen")


@pytest.mark.parametrize("size", [(40, 12), (140, 45)])
async def test_the_list_fits_small_and_large_screens(size: tuple[int, int]) -> None:
    box = Box(*(port(8000 + at, "python3 a-rather-long-name-of-a-script.py") for at in range(40)))
    async with open_stage(options=OPTIONS, keeper=box, size=size) as stage:
        await stage.type("/ports")
        await stage.wait_text("8000  python3")
        assert "leave" in stage.screen()
