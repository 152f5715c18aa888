"""Several hosts in one TUI: choosing one, losing nothing of the others, and one inbox for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.fleet import Doing, FleetThread, HostReport, Reach
from codex_ssh.core.outbox import Kept
from codex_ssh.core.thread import ThreadId
from codex_ssh.errors import HostUnreachable
from codex_ssh.errors import Stage as Step
from codex_ssh.tui.bridge import ExitReason, NoDrafts, TuiOptions, TuiOutcome
from codex_ssh.tui.carrier import Carrier
from codex_ssh.tui.desk import NoDesk
from codex_ssh.tui.fleet import OpenHost
from codex_ssh.tui.screens.hosts_screen import HostsScreen
from codex_ssh.tui.screens.inbox_screen import InboxScreen
from tests.tui.conversation import Script, thread
from tests.tui.stage import Stage, open_stage

QUICK = TuiOptions(grace_seconds=0, patience=0)


def facts(host: str) -> ServerFacts:
    return ServerFacts(
        host=host,
        user="alice",
        hostname=f"{host}-1",
        transport="ssh",
        server_version="0.169.0",
        codex_home="/home/alice/.codex",
    )


def report(host: str, reach: Reach = Reach.UP, *threads: FleetThread, why: str = "") -> HostReport:
    return HostReport(host=host, reach=reach, at=0, threads=threads, why=why)


def waiting(number: str, title: str, updated_at: int = 1) -> FleetThread:
    return FleetThread(id=ThreadId(number), title=title, doing=Doing.WAITING, updated_at=updated_at)


class Drafts(NoDrafts):
    """Remembers what it was given last."""

    def __init__(self) -> None:
        self.kept = Kept()

    def save(self, kept: Kept) -> None:
        self.kept = kept


class Written:
    """Hosts with a written conversation each; a look finds what the test says.

    Attributes:
        looked: What was looked at.
        left: How each host was left that was opened.
        arrived: A host is open only once this is set.
        carriers: Who brings files to a host; nobody where none is named.
        options: What each host begins with.
    """

    def __init__(self, *reports: HostReport) -> None:
        self.reports = {one.host: one for one in reports}
        self.scripts = {host: Script(facts(host)) for host in self.reports}
        self.drafts = {host: Drafts() for host in self.reports}
        self.looked: list[str] = []
        self.left: dict[str, TuiOutcome] = {}
        self.arrived = asyncio.Event()
        self.arrived.set()
        self.given_up: list[str] = []
        self.carriers: dict[str, Carrier] = {}
        self.options = dict.fromkeys(self.reports, QUICK)

    def known(self) -> Sequence[HostReport]:
        return list(self.reports.values())

    async def look(self, hosts: Sequence[str], tell: Callable[[HostReport], None]) -> None:
        self.looked += hosts
        for host in hosts:
            await asyncio.sleep(0)
            tell(self.reports[host])

    @asynccontextmanager
    async def open(self, host: str) -> AsyncGenerator[OpenHost, None]:
        try:
            await self.arrived.wait()
        except asyncio.CancelledError:
            self.given_up.append(host)
            raise
        if host not in self.scripts:
            raise HostUnreachable("no such host", stage=Step.SSH, host=host, hint="look at its name")
        yield OpenHost(
            lifeline=self.scripts[host],
            options=self.options[host],
            drafts=self.drafts[host],
            desk=NoDesk(),
            keeper=None,
            carrier=self.carriers.get(host),
            left=lambda outcome: self.left.update({host: outcome}),
        )


async def go(stage: Stage, host: str) -> None:
    """Go to a host by the list."""
    await stage.pilot.press("alt+h")
    await stage.on_top(HostsScreen)
    await stage.type(host)
    await stage.wait(lambda: stage.app.here.host == host and len(stage.app.screen_stack) == 1, f"on {host}")


async def test_the_list_shows_what_goes_on_everywhere() -> None:
    off = report("off", Reach.OFF, why="no answer within 3 s")
    fleet = Written(
        report("gpu", Reach.UP, waiting("t-9", "train \x1b[31mit")), off, report("bare", Reach.NO_SERVER)
    )
    async with open_stage(fleet=fleet) as stage:
        await stage.pilot.press("alt+h")
        await stage.wait_text("no server")
        await stage.wait_gone("looking at")
        rows = [row.strip("│ ") for row in stage.screen().splitlines() if "│" in row]
        assert rows[0] == "hosts"
        assert rows[2].split() == ["▶", "devbox", "this", "one", "idle:", "new", "thread"]
        assert rows[3].split() == ["gpu", "up", "1", "waiting"]
        assert rows[4].startswith("? waiting  train ␛[31mit")
        assert rows[5].split(maxsplit=2) == ["off", "off", "no answer within 3 s"]
        assert fleet.looked == ["gpu", "off", "bare"]
        await stage.pilot.press("ctrl+l")
        await stage.wait(lambda: len(fleet.looked) == 6, "another look")
        await stage.pilot.press("escape")
        await stage.wait(lambda: len(stage.app.screen_stack) == 1, "back")
        assert stage.app.here.host == "devbox"


async def test_going_to_another_host_and_back_loses_nothing() -> None:
    fleet = Written(report("gpu"))
    gpu = fleet.scripts["gpu"]
    async with open_stage(fleet=fleet) as stage:
        devbox = stage.app.here
        stage.script.turn()
        for number in range(40):
            stage.script.item("agentMessage", f"m{number}", text=f"answer {number}")
        await stage.wait_text("answer 39")
        await stage.pilot.press("ctrl+home")
        await stage.wait_text("answer 0")
        await stage.type("half a thought", then="")

        await go(stage, "gpu")
        await stage.wait(lambda: stage.composer.text == "", "another composer")
        assert "answer 0" not in stage.screen()
        assert "╭─ gpu ─" in stage.screen()
        await stage.type("say it on gpu")
        await stage.wait(lambda: gpu.asked("turn/start"), "said there")
        assert not stage.script.asked("turn/start")
        # The turn goes on where nobody looks.
        stage.script.item("agentMessage", "late", text="meanwhile")

        await go(stage, "devbox")
        assert stage.app.here is devbox
        await stage.wait_text("half a thought")
        assert "answer 0" in stage.screen()
        transcript = devbox.chat.transcript
        assert transcript is not None
        assert transcript.state.is_running
        await stage.pilot.press("ctrl+end")
        await stage.wait_text("meanwhile")
        # Nothing was opened twice: the first link was there all the time.
        assert len(stage.script.asked("thread/start")) == len(gpu.asked("thread/start")) == 1


async def test_the_oldest_request_of_all_hosts_is_answered_where_one_is() -> None:
    fleet = Written(report("gpu"), report("web"))
    gpu, web = fleet.scripts["gpu"], fleet.scripts["web"]
    async with open_stage(fleet=fleet) as stage:
        for host in ("gpu", "web", "devbox"):
            await go(stage, host)
        gpu.ask_command(1, "train it")
        await stage.wait_text("alt+w: gpu waits for you")
        await stage.wait(lambda: stage.app._title == "! Action Required · new thread · gpu", "the title")
        web.ask_command(2, "deploy it")
        await stage.wait_text("alt+w: gpu, web wait for you")
        await stage.pilot.press("alt+w")
        await stage.wait_text("gpu waits for you, and 1 more behind it")
        assert "train it" in stage.screen()
        assert "alice@gpu (gpu-1)" in stage.screen()
        await stage.pilot.press("y")
        await stage.wait_text("deploy it")
        assert [number for number, _ in gpu.answers] == [1]
        await stage.pilot.press("d")
        await stage.wait(lambda: len(stage.app.screen_stack) == 1, "the inbox is empty")
        assert web.answers == [(2, {"decision": "decline"})]
        assert stage.app.here.host == "devbox"


async def test_whoever_answers_later_is_told() -> None:
    fleet = Written(report("gpu"))
    gpu = fleet.scripts["gpu"]
    async with open_stage(fleet=fleet) as stage:
        await go(stage, "gpu")
        await go(stage, "devbox")
        gpu.ask_command(1, "train it")
        await stage.wait_text("gpu waits for you")
        await stage.pilot.press("alt+w")
        await stage.on_top(InboxScreen)
        gpu.say("serverRequest/resolved", requestId=1)
        await stage.wait_text("gpu: it was answered elsewhere")
        assert len(stage.app.screen_stack) == 1
        assert gpu.answers == []


async def test_what_is_put_off_stays() -> None:
    fleet = Written(report("gpu"))
    gpu = fleet.scripts["gpu"]
    async with open_stage(fleet=fleet) as stage:
        await go(stage, "gpu")
        await go(stage, "devbox")
        gpu.ask_command(1, "train it")
        await stage.wait_text("gpu waits for you")
        await stage.pilot.press("f10")
        await stage.on_top(InboxScreen)
        await stage.pilot.press("escape")
        await stage.wait_text("alt+w: gpu waits for you")
        await go(stage, "gpu")
        # Its card is there, and has the keyboard.
        await stage.wait(lambda: stage.app.here.asks.card.has_focus, "the card")
        await stage.pilot.press("y")
        await stage.wait(lambda: gpu.answers, "the answer")


async def test_questions_are_asked_on_their_host() -> None:
    fleet = Written(report("gpu"))
    gpu = fleet.scripts["gpu"]
    async with open_stage(fleet=fleet) as stage:
        await go(stage, "gpu")
        await go(stage, "devbox")
        question = {"id": "q", "header": "Which", "question": "Which one?", "options": None}
        gpu.ask(3, "item/tool/requestUserInput", questions=[question])
        await stage.wait_text("gpu waits for you")
        await stage.pilot.press("alt+w")
        await stage.wait_text("Which one?")
        assert stage.app.here.host == "gpu"


async def test_with_nothing_open_that_waits_the_oldest_blocked_thread_is_gone_to() -> None:
    fleet = Written(
        report("gpu", Reach.UP, waiting("t-8", "newer", 20)),
        report("web", Reach.UP, waiting("t-9", "older", 10)),
    )
    async with open_stage(fleet=fleet) as stage:
        stage.script.replies["thread/list"] = lambda _: {
            "data": [
                thread("t-7", updatedAt=30, status={"type": "active", "activeFlags": ["waitingOnApproval"]})
            ]
        }
        await stage.pilot.press("alt+w")
        await stage.wait(lambda: stage.app.here.host == "web", "the host of the oldest")
        assert fleet.scripts["web"].asked("thread/resume")[0]["threadId"] == "t-9"


async def test_nothing_waits_anywhere() -> None:
    async with open_stage(fleet=Written(report("gpu"))) as stage:
        await stage.pilot.press("alt+w")
        await stage.wait_text("nothing waits for you on any host that answers")
    async with open_stage() as alone:
        await alone.pilot.press("alt+w")
        await alone.wait_text("nothing waits for you")


async def test_a_host_that_cannot_be_reached_is_said_and_another_is_given_up() -> None:
    fleet = Written(report("gpu"))
    async with open_stage(fleet=fleet) as stage:
        await stage.type("/hosts nowhere")
        await stage.wait_text("nowhere: ssh: no such host")
        await stage.wait_text("look at its name")
        fleet.arrived.clear()
        await stage.type("/hosts gpu")
        await stage.wait_text("connecting to gpu")
        await stage.pilot.press("escape")
        await stage.wait(lambda: fleet.given_up == ["gpu"], "it is given up")
        await stage.wait(lambda: len(stage.app.screen_stack) == 1, "back")
        assert stage.app.here.host == "devbox"


async def test_each_host_is_left_with_its_own_outcome() -> None:
    fleet = Written(report("gpu"), report("web"))
    async with open_stage(fleet=fleet) as stage:
        await go(stage, "gpu")
        fleet.scripts["gpu"].turn()
        await stage.type("unsent", then="")
        await go(stage, "web")
        await stage.type("/close")
        await stage.wait(lambda: stage.app.here.host == "devbox", "back at the first")
        await stage.wait(lambda: "web" in fleet.left, "it is left")
        assert "╭─ devbox ─" in stage.screen()
        await stage.type("/close")
        await stage.wait_text("the host you began with")
        stage.app.finish(ExitReason.QUIT)
    assert fleet.left["gpu"].turn_running
    assert fleet.drafts["gpu"].kept.draft.text == "unsent"
    assert stage.app.return_value is not None
    assert not stage.app.return_value.turn_running


async def test_a_host_without_any_prospect_is_left() -> None:
    fleet = Written(report("gpu"))
    async with open_stage(fleet=fleet) as stage:
        await go(stage, "gpu")
        fleet.scripts["gpu"].lose("gone")
        await stage.wait_text("gpu was left")
        await stage.wait_gone("─ devbox ─")
        assert stage.app.here.host == "devbox"


@pytest.mark.parametrize("size", [(40, 20), (140, 45)])
async def test_it_fits(size: tuple[int, int]) -> None:
    fleet = Written(report("gpu", Reach.UP, waiting("t-9", "train it for a very long time " * 4)))
    async with open_stage(fleet=fleet, size=size, ready=False) as stage:
        await stage.wait(lambda: stage.chat.transcript is not None, "the thread")
        await stage.pilot.press("alt+h")
        await stage.wait_text("waiting")
        await go_on(stage)


async def go_on(stage: Stage) -> None:
    """Take the thread under the first other host."""
    await stage.pilot.press("down", "enter")
    await stage.wait(lambda: stage.app.here.host == "gpu", "there")
    await stage.wait(lambda: len(stage.app.screen_stack) == 1, "nothing over it")
    # Its key and Enter go back and forth.
    for host in ("devbox", "gpu"):
        await stage.pilot.press("alt+h")
        await stage.on_top(HostsScreen)
        await stage.pilot.press("enter")
        await stage.wait(lambda host=host: stage.app.here.host == host, host)  # type: ignore[misc]
        await stage.wait(lambda: len(stage.app.screen_stack) == 1, "nothing over it")
