"""Two laptops on one thread: both live, the first answer counts, the other is told, nothing said is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from codex_ssh.core.ask import CommandAsk
from codex_ssh.core.decision import Verdict
from codex_ssh.core.items import AgentMessage
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.thread import TurnStatus
from codex_ssh.link.lifeline import open_lifeline
from codex_ssh.link.way import Profile
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import open_chat
from tests.conftest import StartCodex
from tests.integration.test_healing import judge, told
from tests.integration.test_healing_kills import Scene, scene
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.faults import FaultyRelay
from tests.support.model import Model
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.codex,
    pytest.mark.parametrize("codex_binary", ["npm"], indirect=True),
]


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex")


@asynccontextmanager
async def second(wanted: Profile, first: Scene) -> AsyncGenerator[Scene, None]:
    """Open the same thread by a link of its own."""
    assert first.chat.transcript is not None
    options = TuiOptions(resume=first.chat.transcript.thread_id)
    async with open_lifeline(wanted, Nobody(), Nobody) as line, open_chat(line, options) as chat:
        chat.open()
        await until(lambda: chat.transcript is not None and not chat.doing, "the thread")
        yield Scene(chat=chat, line=line, relay=FaultyRelay(), profile=wanted)


@asynccontextmanager
async def two(sshd: Sshd, server: CodexAppServer) -> AsyncGenerator[tuple[Scene, Scene], None]:
    wanted = profile(sshd, server)
    async with scene(wanted) as one:
        await one.say("say the first turn")
        async with second(wanted, one) as other:
            yield one, other


def hears(client: Scene, text: str) -> bool:
    return any(isinstance(one, AgentMessage) and text in one.text for one in client.transcript)


def ended(client: Scene, status: TurnStatus) -> bool:
    return client.ends[-1] is status


async def settle(one: Scene, other: Scene) -> None:
    """Wait until all is over for both, and compare them with the server."""

    def over() -> bool:
        one.approve()
        return one.is_idle and other.is_idle and one.ends == other.ends

    await until(over, "both are idle", show=lambda: (one.transcript, other.transcript))
    assert one.chat.transcript is not None
    assert other.chat.transcript is not None
    assert told(list(one.chat.transcript.entries)) == told(list(other.chat.transcript.entries))


async def test_both_hear_an_answer_as_it_grows(sshd: Sshd, server: CodexAppServer, model: Model) -> None:
    async with two(sshd, server) as (one, other):
        one.chat.send("hold the beginning")
        for client in (one, other):
            await until(partial(hears, client, "the beginning"), "it streams")
            assert client.chat.transcript is not None
            assert client.chat.transcript.state.is_running
        other.chat.interrupt()
        for client in (one, other):
            await until(partial(ended, client, TurnStatus.INTERRUPTED), "it is interrupted")
        await settle(one, other)


@pytest.mark.parametrize("verdict", [Verdict.ACCEPT, Verdict.DECLINE])
async def test_an_approval_one_answers_goes_away_at_the_other_who_is_told(
    sshd: Sshd, server: CodexAppServer, verdict: Verdict
) -> None:
    async with two(sshd, server) as (one, other):
        one.chat.send("escalate: echo approved\nsay after")
        await until(lambda: one.chat.asks and other.chat.asks, "both are asked")
        (ask,), (asked_too,) = other.chat.asks, one.chat.asks
        assert isinstance(ask, CommandAsk)
        assert ask.request_id == asked_too.request_id
        decision = next(found for found in ask.decisions if found.verdict is verdict)
        other.chat.answer(ask, decision.result, declined=verdict is Verdict.DECLINE)
        await until(lambda: not one.chat.asks and not other.chat.asks, "nobody is asked any more")
        await until(lambda: "answered elsewhere" in one.notes, "the other is told")
        assert "answered elsewhere" not in other.notes
        # Too late: somebody answers what was answered.
        one.chat.answer(asked_too, decision.result, declined=False)
        await settle(one, other)
        if verdict is Verdict.ACCEPT:
            await judge(one)  # codex does not store what was declined


@pytest.mark.parametrize("first", [Verdict.ACCEPT, Verdict.DECLINE])
async def test_of_two_answers_at_once_one_counts_and_the_other_client_is_told(
    sshd: Sshd, server: CodexAppServer, first: Verdict
) -> None:
    async with two(sshd, server) as (one, other):
        one.chat.send("escalate: echo approved\nsay after")
        await until(lambda: one.chat.asks and other.chat.asks, "both are asked")
        second = Verdict.DECLINE if first is Verdict.ACCEPT else Verdict.ACCEPT
        # Neither has heard of the other's answer when it gives its own.
        for client, verdict in ((one, first), (other, second)):
            (ask,) = client.chat.asks
            assert isinstance(ask, CommandAsk)
            decision = next(found for found in ask.decisions if found.verdict is verdict)
            client.chat.answer(ask, decision.result, declined=verdict is Verdict.DECLINE)
        await until(lambda: "answered elsewhere before you" in one.notes + other.notes, "one of them is told")
        loser, winner = (one, other) if "answered elsewhere" in one.notes else (other, one)
        assert "answered elsewhere" not in winner.notes
        done = first if winner is one else second
        assert f"and was {'approved' if done is Verdict.ACCEPT else 'declined'}" in loser.notes
        await settle(one, other)


async def test_an_approval_answered_while_one_was_away_is_gone_when_it_is_back(
    sshd: Sshd, server: CodexAppServer
) -> None:
    async with two(sshd, server) as (one, other):
        one.chat.send("escalate: echo approved\nsay after")
        await until(lambda: one.chat.asks and other.chat.asks, "both are asked")
        await sshd.freeze()
        await until(lambda: not one.chat.is_online and not other.chat.is_online, "both are away")
        sshd.cut()
        await until(lambda: other.chat.is_online and other.chat.asks, "one is asked again")
        other.approve()
        await until(lambda: other.ends[-1:] == [TurnStatus.COMPLETED] and len(other.ends) == 2, "it is over")
        await until(lambda: one.chat.is_online and not one.chat.asks, "the other is back, and not asked")
        await settle(one, other)
        await judge(one)


async def test_both_say_something_at_once_and_nothing_is_lost(
    sshd: Sshd, server: CodexAppServer, model: Model
) -> None:
    async with two(sshd, server) as (one, other):
        texts = ["say the first turn"]
        for number in range(5):
            for client, name in ((one, "one"), (other, "other")):
                client.chat.send(f"say {name} {number}")
                texts.append(f"say {name} {number}")
        await until(lambda: len(one.said) == len(texts) == len(other.said), "all is in the thread")
        await settle(one, other)
        assert Counter(one.said) == Counter(texts) == Counter(other.said)
        for client, name in ((one, "one"), (other, "other")):
            own = [text for text in client.said if text.startswith(f"say {name}")]
            assert own == [f"say {name} {number}" for number in range(5)]
        await judge(one)


async def test_one_that_loses_its_link_while_both_talk_misses_nothing(
    sshd: Sshd, server: CodexAppServer, model: Model
) -> None:
    async with two(sshd, server) as (one, other):
        one.chat.send("say before\nhold so far")
        await model.wait_holding()
        sshd.cut()
        await until(lambda: not one.chat.is_online, "it is noticed")
        one.chat.send("say one meanwhile")
        other.chat.send("say other meanwhile")
        await until(lambda: one.line.status.state is LinkState.UP is other.line.status.state, "both heal")
        model.release()

        def all_said() -> bool:
            model.release()
            return len(one.said) == 4 == len(other.said)

        await until(all_said, "all is in the thread", show=lambda: (one.said, other.said))
        await settle(one, other)
        await judge(one)
