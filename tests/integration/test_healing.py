"""Nothing lost, nothing sent twice: a busy turn whose link breaks at a hundred points.

The client is the TUI's own :class:`~codex_ssh.tui.chat.Chat` without a screen, on a real link to a real sshd
and a real codex; the judge is what the server tells somebody who was never there.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from codex_ssh.core.ask import CommandAsk
from codex_ssh.core.decision import Verdict
from codex_ssh.core.entry import Entry, Progress, TurnEnd
from codex_ssh.core.host import parse_host
from codex_ssh.core.items import UserMessage
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.methods import thread_start, turn_start
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.thread import ThreadId
from codex_ssh.link.connect import Link
from codex_ssh.link.lifeline import Lifeline, open_lifeline
from codex_ssh.link.way import Profile
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import Chat, open_chat
from tests.conftest import StartCodex
from tests.integration.test_link_dial import Nobody, at
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.faults import Fault, FaultyRelay, open_faulty_relay
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

BUSY = """think about it for a while
say first a few words that are streamed one by one
run: seq 1 400
patch made-{n}.txt
escalate: echo approved {n}
slow 25 12
say and the last words of turn {n}"""
"""Reasoning, answers, a command with output, an edit, an approval."""

POINTS = {"npm": 100, "pypi": 20}
"""How often the link breaks; the older codex is asked less, for the time it takes."""

SILENCES = 4
"""So many of the points are silences, which take almost five seconds each to be noticed."""


@dataclass(slots=True, kw_only=True)
class Away:
    """A chat over a link that can be broken."""

    chat: Chat
    line: Lifeline
    relay: FaultyRelay
    profile: Profile

    def approve(self) -> None:
        """Say yes to what is asked, as soon as it can be answered."""
        for ask in self.chat.asks:
            if self.chat.is_online and isinstance(ask, CommandAsk):
                yes = next(one for one in ask.decisions if one.verdict is Verdict.ACCEPT)
                self.chat.answer(ask, yes.result, declined=False)

    @property
    def is_idle(self) -> bool:
        transcript = self.chat.transcript
        return (
            self.chat.is_online
            and transcript is not None
            and not transcript.state.is_running
            and not transcript.is_patchy
            and not self.chat.outbox.messages
            and not self.chat.doing
        )


@asynccontextmanager
async def away(sshd: Sshd, server: CodexAppServer) -> AsyncGenerator[Away, None]:
    async with open_faulty_relay(sshd.port) as relay:
        kind_and_key = sshd.known_hosts.read_text().split()[1:3]
        sshd.known_hosts.write_text(" ".join(["x", *kind_and_key]) + "\n")
        profile = Profile(
            host=parse_host(sshd.alias),
            ssh=SshOptions(
                config_file=str(sshd.ssh_config), port=relay.port, set_options=("HostKeyAlias=x",)
            ),
            wanted=at(server),
        )
        options = TuiOptions(approval_policy="on-request", sandbox="workspace-write")
        async with (
            open_lifeline(profile, Nobody(), Nobody) as line,
            open_chat(line, options) as chat,
        ):
            chat.open()
            await until(lambda: chat.transcript is not None, "a thread")
            yield Away(chat=chat, line=line, relay=relay, profile=profile)


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex")


async def said_in(link: Link, prompt: str) -> ThreadId:
    """Run a turn in a new thread, to its end."""
    thread = (await link.call(thread_start())).thread.id
    await link.call(turn_start(thread, prompt))
    async for message in link.incoming():
        if message.method == "turn/completed":
            break
    return thread


def told(entries: list[Entry]) -> list[tuple[str, object]]:
    """What a transcript says, without what only a bystander saw: notes, check lists, cut answers."""
    return [
        (entry.key[1], entry.content if not isinstance(entry.content, TurnEnd) else entry.content.status)
        for entry in entries
        if entry.progress is not Progress.CUT
        and (not entry.key[1].startswith("#") or isinstance(entry.content, TurnEnd))
    ]


async def judge(one: Away) -> None:
    """Compare the transcript with the one of somebody who opens the thread now."""
    mine = one.chat.transcript
    assert mine is not None
    async with (
        open_lifeline(one.profile, Nobody(), Nobody) as line,
        open_chat(line, TuiOptions(resume=mine.thread_id)) as chat,
    ):
        chat.open()
        await until(lambda: chat.transcript is not None and not chat.doing, "the thread as the server has it")
        while chat.past.has_older:
            chat.past.load_older()
            await until(lambda: not chat.past.is_loading, "all of it")
        assert chat.transcript is not None
        assert told(list(mine.entries)) == told(list(chat.transcript.entries))
        said = [
            entry.content.text for entry in chat.transcript.entries if isinstance(entry.content, UserMessage)
        ]
    assert max(Counter(said).values()) == 1


@pytest.mark.timeout(300)
async def test_a_hundred_drops_in_busy_turns_lose_nothing_and_repeat_nothing(
    sshd: Sshd, server: CodexAppServer
) -> None:
    chance = random.Random(20261122)
    points = POINTS[server.binary.name]
    faults = [Fault.SILENCE] * SILENCES + [
        chance.choice([Fault.CLOSE, Fault.RESET]) for _ in range(points - SILENCES)
    ]
    chance.shuffle(faults)
    async with away(sshd, server) as one:
        turns = 0
        while faults:
            if one.is_idle:
                turns += 1
                one.chat.send(BUSY.format(n=turns))
            fault = faults.pop()
            before = len(one.relay.broken)
            one.relay.break_after(chance.randrange(1, 12_000), fault)

            def broken_or_idle(before: int = before) -> bool:
                one.approve()
                return len(one.relay.broken) > before or one.is_idle

            await until(broken_or_idle, "the link breaks")
            if len(one.relay.broken) == before:
                faults.append(fault)
                continue
            await until(lambda: one.line.status.state is not LinkState.UP, "it is noticed")
            await until(lambda: one.chat.is_online, "it heals")

        def over() -> bool:
            one.approve()
            return one.is_idle

        await until(over, "the last turn ends")
        assert len(one.relay.broken) == points
        await judge(one)
        assert one.chat.transcript is not None
        said = [e.content for e in one.chat.transcript.entries if isinstance(e.content, UserMessage)]
        assert len(said) == turns
