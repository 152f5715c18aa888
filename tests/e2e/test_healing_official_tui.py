"""Nothing lost under the official TUI: a busy turn whose SSH connection breaks at ten points.

It retries by itself and our door stays where it is; the judge is what the server tells somebody who was never
there, and the question is whether the terminal shows it.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartCodex, StartTmux
from tests.e2e.test_official_tui import TURN_OVER, press, trusting
from tests.support.cli import PROGRAM, client_environment
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.faults import Fault, FaultyRelay, open_faulty_relay
from tests.support.sshd import Sshd
from tests.support.tmux import Tmux
from tests.support.waiting import until
from tests.support.wire import Wire, open_wire

pytestmark = [pytest.mark.sshd, pytest.mark.codex, pytest.mark.tmux]

BUSY = """think about turn {n} for a while
say first words of turn {n}
run: seq 1 200
patch made-{n}.txt
escalate: echo approved {n}
slow 25 12
say and the last words of turn {n}"""

POINTS = {"npm": 10, "pypi": 2}
"""How often the link breaks; every break costs seconds, since the official TUI waits between its attempts."""

TALL = 400
"""Lines of the terminal: the TUI has the alternate screen, and shows no more than fits there."""


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    flags = ("-c", 'sandbox_mode="workspace-write"')
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex", flags=flags)


async def open_tui(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, relay: FaultyRelay, workspace: Path
) -> Tmux:
    laptop = workspace.parent / "laptop"
    path = f"{server.binary.put_in(laptop / 'bin')}:{os.environ['PATH']}"
    sshd.known_hosts.write_text(" ".join(["x", *sshd.known_hosts.read_text().split()[1:3]]) + "\n")
    config = sshd.client_config(f"Port {relay.port}", "HostKeyAlias x", name="by_relay")
    return await start_tmux(
        [
            *PROGRAM, "-F", config, "--endpoint", str(server.endpoint), "--tui", "codex",
            "--cd", workspace, "devbox", "say ready",
        ],
        environment=client_environment(laptop, PATH=path, TERM="xterm-256color", PYTHONDEVMODE=""),
        columns=140,
        lines=TALL,
    )  # fmt: skip


class Account:
    """What the server says of its only thread."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def turns(self) -> list[dict[str, Any]]:
        listed = (await self._wire.result("thread/list", {}))["data"]
        assert len(listed) == 1, listed
        read = await self._wire.result("thread/read", {"threadId": listed[0]["id"], "includeTurns": True})
        turns: list[dict[str, Any]] = read["thread"]["turns"]
        return turns

    async def texts(self, kind: str) -> list[str]:
        return [
            item["text"] if kind == "agentMessage" else item["content"][0]["text"]
            for turn in await self.turns()
            for item in turn["items"]
            if item["type"] == kind
        ]

    async def is_idle(self, turns: int) -> bool:
        found = await self.turns()
        return len(found) >= turns and all(turn["status"] != "inProgress" for turn in found)


def missing(screen: str, texts: Sequence[str]) -> list[str]:
    """Which texts are not shown, where a terminal breaks lines and indents them."""
    shown = " ".join(screen.split())
    return [text for text in texts if " ".join(text.split()) not in shown]


async def test_breaks_in_busy_turns_leave_the_screen_as_the_server_tells_it(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, workspace: Path
) -> None:
    chance = random.Random(20261122)
    faults = [chance.choice([Fault.CLOSE, Fault.RESET]) for _ in range(POINTS[server.binary.name])]
    async with (
        open_faulty_relay(sshd.port) as relay,
        open_wire(server.endpoint, server.token) as wire,
    ):
        tui = await trusting(lambda: open_tui(start_tmux, sshd, server, relay, workspace), TURN_OVER)
        await wire.initialize()
        account = Account(wire)

        async def approve() -> None:
            if "Yes, proceed" in await tui.screen():
                await tui.key("y")

        turns = 1
        while faults:
            turns += 1
            await until(partial(account.is_idle, turns - 1), "the turn before is over")
            await tui.key("C-u")
            await tui.paste(BUSY.format(n=turns))
            await tui.wait_text(f"› think about turn {turns}")
            await press(tui, "Enter", f"• first words of turn {turns}")
            for _ in range(min(2, len(faults))):
                before, connections = len(relay.broken), relay.connections
                relay.break_after(chance.randrange(1, 12_000), faults[-1])

                async def broken_or_over(before: int = before, turns: int = turns) -> bool:
                    await approve()
                    return len(relay.broken) > before or await account.is_idle(turns)

                await until(broken_or_over, "the link breaks", seconds=30)
                if len(relay.broken) == before:
                    break
                faults.pop()
                await until(
                    partial(lambda seen: relay.connections > seen, connections), "codex-ssh connects again"
                )

            async def over(turns: int = turns) -> bool:
                await approve()
                screen = await tui.screen()
                return (
                    await account.is_idle(turns)
                    and screen.count(TURN_OVER) >= turns
                    and not missing(screen, [f"• and the last words of turn {turns}"])
                )

            await until(over, f"the end of turn {turns} is shown", seconds=60, show=lambda: relay)

        answers = await account.texts("agentMessage")
        assert not missing(await tui.screen(), answers)
        said = await account.texts("userMessage")
        assert len(said) == turns
        assert max(Counter(said).values()) == 1
        assert len(relay.broken) == POINTS[server.binary.name]
