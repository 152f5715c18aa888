"""Nothing lost when a process is killed or stops in the middle of a turn: sshd's, and the app server.

The client is :class:`~codex_ssh.tui.chat.Chat` without a screen; the judge is what the server tells somebody
who was never there.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from codex_ssh.core.entry import Notice, TurnEnd
from codex_ssh.core.host import parse_host
from codex_ssh.core.items import CommandExecution, UserMessage
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.methods import thread_start, turn_start
from codex_ssh.core.outbox import Delivery
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.thread import TurnStatus
from codex_ssh.link.connect import open_link
from codex_ssh.link.lifeline import open_lifeline
from codex_ssh.link.way import Profile
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import open_chat
from tests.conftest import StartCodex
from tests.integration.test_healing import Away, away, judge
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.support import processes
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.faults import Fault, FaultyRelay
from tests.support.model import Model
from tests.support.sshd import Sshd
from tests.support.waiting import NeverHappened, until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

STREAMING, COMMAND, APPROVAL = "streaming", "command", "approval"
BUSY = (STREAMING, COMMAND, APPROVAL)
SAID = {
    STREAMING: "say before\nhold so far",
    COMMAND: "say before\nrun: until [ -e {go} ]; do sleep 0.05; done; echo went\nsay after",
    APPROVAL: "say before\nescalate: echo approved\nsay after",
}


def each(*cases: tuple[str, str]) -> pytest.MarkDecorator:
    """Name pairs of a codex and what it is in the middle of: not all of them, for the time they take."""
    return pytest.mark.parametrize(("codex_binary", "what"), cases, indirect=["codex_binary"])


NPM_ONLY = pytest.mark.parametrize("codex_binary", ["npm"], indirect=True)

MEANWHILE = "say typed meanwhile"


class Scene(Away):
    """A chat in the middle of something."""

    async def begin(self, sshd: Sshd, model: Model, what: str) -> None:
        """Begin a turn, and wait until it is in the middle of that."""
        await self.say("say the first turn")
        go = sshd.home / "go"
        self.chat.send(SAID[what].format(go=go))

        def in_the_middle() -> bool:
            if what == STREAMING:
                return model.holding > 0 and "so far" in str(self.transcript[-1])
            if what == COMMAND:
                return any(isinstance(entry, CommandExecution) for entry in self.transcript)
            return bool(self.chat.asks)

        await until(in_the_middle, what, show=lambda: self.transcript)

    def go_on(self, sshd: Sshd, model: Model) -> None:
        """Let whatever it waits for come."""
        model.release()
        (sshd.home / "go").touch()
        self.approve()

    async def finish(self, sshd: Sshd, model: Model) -> None:
        """Let all turns come to their end, and compare."""

        def over() -> bool:
            self.go_on(sshd, model)
            return self.is_idle

        await until(over, "all is over", seconds=30, show=lambda: self.transcript)
        await judge(self)

    async def say(self, text: str) -> None:
        self.chat.send(text)
        await until(lambda: self.said[-1:] == [text] and self.is_idle, "the turn is over")

    @property
    def transcript(self) -> list[object]:
        assert self.chat.transcript is not None
        return [entry.content for entry in self.chat.transcript.entries]

    @property
    def said(self) -> list[str]:
        """What the user said, as far as the thread has it."""
        assert self.chat.transcript is not None
        return [
            entry.content.text
            for entry in self.chat.transcript.entries
            if entry.turn_id and isinstance(entry.content, UserMessage)
        ]

    @property
    def ends(self) -> list[TurnStatus]:
        return [entry.status for entry in self.transcript if isinstance(entry, TurnEnd)]

    @property
    def notes(self) -> str:
        return "\n".join(f"{one.text}: {one.details}" for one in self.transcript if isinstance(one, Notice))

    async def wait_state(self, state: LinkState) -> None:
        await until(lambda: self.line.status.state is state, f"the link is {state.value}")

    async def wait_back(self) -> None:
        await until(lambda: self.chat.is_online, "it heals", seconds=30)


@asynccontextmanager
async def scene(wanted: Profile) -> AsyncGenerator[Scene, None]:
    options = TuiOptions(approval_policy="on-request", sandbox="workspace-write")
    async with (
        open_lifeline(wanted, Nobody(), Nobody) as line,
        open_chat(line, options) as chat,
    ):
        chat.open()
        await until(lambda: chat.transcript is not None, "a thread")
        yield Scene(chat=chat, line=line, relay=FaultyRelay(), profile=wanted)


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex")


@pytest.fixture
def started_by_us(sshd: Sshd, codex_binary: CodexBinary, model: Model) -> Profile:
    """A devbox on which the app server is started by the link, and again after its end."""
    sshd.install(codex_binary.path, "codex")
    model.write_config(sshd.home / ".codex")
    return Profile(host=parse_host(sshd.alias), ssh=SshOptions(config_file=str(sshd.ssh_config)))


def server_pid(one: Scene) -> int:
    return int(one.line.facts.generation.split()[-1])


# -------------------------------------------------------------------- sshd's children


@each(("npm", STREAMING), ("npm", COMMAND), ("npm", APPROVAL), ("pypi", STREAMING))
async def test_a_killed_connection_in_the_middle_of_a_turn_leaves_nothing_out(
    sshd: Sshd, server: CodexAppServer, model: Model, what: str
) -> None:
    async with scene(profile(sshd, server)) as one:
        await one.begin(sshd, model, what)
        sshd.cut()
        await until(lambda: not one.chat.is_online, "it is noticed")
        one.chat.send(MEANWHILE)
        await one.wait_back()
        await one.finish(sshd, model)
        assert Counter(one.said)[MEANWHILE] == 1
        assert set(one.ends) == {TurnStatus.COMPLETED}


@each(("npm", STREAMING), ("pypi", APPROVAL))
async def test_a_connection_that_freezes_in_the_middle_of_a_turn_is_left_for_another(
    sshd: Sshd, server: CodexAppServer, model: Model, what: str
) -> None:
    async with scene(profile(sshd, server)) as one:
        await one.begin(sshd, model, what)
        await sshd.freeze()
        await until(lambda: not one.chat.is_online, "it is noticed")
        one.chat.send(MEANWHILE)
        await one.wait_back()
        sshd.thaw()
        await one.finish(sshd, model)
        assert Counter(one.said)[MEANWHILE] == 1
        assert set(one.ends) == {TurnStatus.COMPLETED}


@NPM_ONLY
async def test_a_message_in_the_buffers_of_a_frozen_connection_arrives_once(
    sshd: Sshd, server: CodexAppServer
) -> None:
    async with away(sshd, server) as found:
        one = Scene(chat=found.chat, line=found.line, relay=found.relay, profile=found.profile)
        await one.say("say the first turn")
        frozen, before = sshd.connection_pids(), one.relay.passed
        await sshd.freeze()
        one.chat.send(MEANWHILE)
        await until(lambda: one.relay.passed > before + 250, "it is in the buffers of the frozen connection")
        # As behind a jump host: the devbox's side of the connection does not hear that the client went away.
        one.relay.break_now(Fault.SILENCE)
        await until(lambda: MEANWHILE in one.said and one.is_idle, "it arrived by another connection")
        processes.kill(frozen, signal.SIGCONT)
        with pytest.raises(NeverHappened):
            await until(lambda: Counter(one.said)[MEANWHILE] > 1, "it arrives again", seconds=2)


# -------------------------------------------------------------------- the app server


@each(("npm", STREAMING), ("npm", APPROVAL), ("pypi", COMMAND))
async def test_a_turn_whose_app_server_was_killed_is_shown_as_interrupted(
    sshd: Sshd, started_by_us: Profile, model: Model, what: str
) -> None:
    async with scene(started_by_us) as one:
        await one.begin(sshd, model, what)
        os.kill(server_pid(one), signal.SIGKILL)
        await until(lambda: not one.chat.is_online, "it is noticed")
        one.chat.send(MEANWHILE)
        await one.wait_back()
        assert one.ends[:2] == [TurnStatus.COMPLETED, TurnStatus.INTERRUPTED]
        assert one.chat.asks == ()
        assert "the app server was restarted" in one.notes
        await one.finish(sshd, model)
        assert one.said[-1] == MEANWHILE
        assert one.ends == [TurnStatus.COMPLETED, TurnStatus.INTERRUPTED, TurnStatus.COMPLETED]
    assert sshd.logins == 2  # ours, and the judge's


@each(("npm", COMMAND), ("pypi", APPROVAL))
async def test_a_frozen_app_server_goes_on_where_it_was(
    sshd: Sshd, server: CodexAppServer, model: Model, what: str
) -> None:
    async with scene(profile(sshd, server)) as one:
        await one.begin(sshd, model, what)
        await processes.freeze(server.pid)
        await one.wait_state(LinkState.SILENT)
        one.chat.send(MEANWHILE)
        os.kill(server.pid, signal.SIGCONT)
        await one.wait_state(LinkState.UP)
        await one.finish(sshd, model)
        assert Counter(one.said)[MEANWHILE] == 1
    assert sshd.logins == 2  # ours, and the judge's


@NPM_ONLY
async def test_a_message_in_the_buffers_of_a_frozen_app_server_arrives_once(
    sshd: Sshd, server: CodexAppServer, model: Model
) -> None:
    async with scene(profile(sshd, server)) as one:
        await one.say("say the first turn")
        await processes.freeze(server.pid)
        one.chat.send(MEANWHILE)
        await one.wait_state(LinkState.SILENT)
        # What the link does itself after twenty seconds of it.
        one.line.give_up_session("silent for too long")
        await until(lambda: not one.chat.is_online, "it is left")
        os.kill(server.pid, signal.SIGCONT)
        await one.wait_back()
        await until(lambda: MEANWHILE in one.said, "it arrived")
        await one.finish(sshd, model)
        assert Counter(one.said)[MEANWHILE] == 1


@NPM_ONLY
async def test_a_message_to_a_server_that_is_shutting_down_goes_to_the_next_one(
    sshd: Sshd, started_by_us: Profile, model: Model
) -> None:
    async with scene(started_by_us) as one:
        await one.say("say the first turn")
        first = server_pid(one)
        async with open_link(started_by_us, Nobody()) as other:
            busy = await other.call(thread_start())
            await other.call(turn_start(busy.thread.id, "hold it"))
            await model.wait_holding()
            os.kill(first, signal.SIGTERM)
            one.chat.send(MEANWHILE)
            await until(lambda: "shutting down" in one.notes, "the server says it goes away")
            assert [message.delivery for message in one.chat.outbox.messages] == [Delivery.LOCAL]
            model.release()
        await until(lambda: MEANWHILE in one.said, "its successor has the message", seconds=30)
        assert server_pid(one) != first
        assert "the app server was restarted" in one.notes
        await one.finish(sshd, model)
        assert Counter(one.said)[MEANWHILE] == 1
