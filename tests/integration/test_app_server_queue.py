"""The rehearsal engine's queue, way back and file search beside those of a real codex."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from tests.conftest import StartCodex
from tests.integration.app_server_shapes import members, order
from tests.integration.test_app_server_rehearsal import OLDER_LACKS, Peer, interrupt, open_peers
from tests.support.codex import CodexBinary
from tests.support.wire import Wire, open_wire

pytestmark = pytest.mark.codex

Json = dict[str, Any]
Scenario = Callable[[Peer], Awaitable[None]]


def said(text: str) -> list[Json]:
    return [{"type": "text", "text": text}]


async def add(wire: Wire, thread: str, text: str, client_id: str = "mine") -> str:
    """Queue a message; while a turn runs it waits, and everybody is told."""
    params = {"threadId": thread, "clientUserMessageId": client_id, "input": said(text)}
    queued = (await wire.result("thread/queue/add", params))["queuedSubmission"]
    assert (queued["clientUserMessageId"], queued["input"][0]["text"]) == (client_id, text)
    number: str = queued["id"]
    return number


async def waiting(wire: Wire, thread: str) -> list[str]:
    page = await wire.result("thread/queue/list", {"threadId": thread})
    return [one["input"][0]["text"] for one in page["data"]]


async def holding(wire: Wire, peer: Peer) -> tuple[str, str]:
    """Start a turn that goes on until it is steered."""
    thread = await wire.start_thread(cwd=str(peer.cwd))
    turn = await wire.start_turn(thread, "hold first")
    await wire.hear_method("item/agentMessage/delta")
    return thread, turn


async def the_queue_goes_on_by_itself(peer: Peer) -> None:
    async with peer.client() as wire:
        thread, turn = await holding(wire, peer)
        await add(wire, thread, "say one", "c1")
        await wire.hear_method("thread/queue/changed")
        await add(wire, thread, "fail", "c2")
        await wire.hear_method("thread/queue/changed")
        await add(wire, thread, "say three", "c3")
        await wire.hear_method("thread/queue/changed")
        assert await waiting(wire, thread) == ["say one", "fail", "say three"]
        params = {"threadId": thread, "expectedTurnId": turn, "input": said("say enough")}
        await wire.result("turn/steer", params)
        statuses = [(await wire.finish_turn())["status"] for _ in range(4)]
        assert statuses == ["completed", "completed", "failed", "completed"]
        assert await waiting(wire, thread) == []
        asked = {"threadId": thread, "itemsView": "full", "sortDirection": "asc"}
        turns = (await wire.result("thread/turns/list", asked))["data"]
        ids = [item["clientId"] for turn in turns for item in turn["items"] if item["type"] == "userMessage"]
        assert ids[-3:] == ["c1", "c2", "c3"]


async def the_queue_is_changed(peer: Peer) -> None:
    async with peer.client() as wire:
        thread, turn = await holding(wire, peer)
        numbers = []
        for text in ("say one", "say two", "say three"):
            numbers.append(await add(wire, thread, text))
            await wire.hear_method("thread/queue/changed")
        update = {"threadId": thread, "queuedSubmissionId": numbers[0], "input": said("say ONE")}
        await wire.result("thread/queue/update", update)
        await wire.hear_method("thread/queue/changed")
        reorder = {"threadId": thread, "queuedSubmissionIds": [numbers[2], numbers[0], numbers[1]]}
        await wire.result("thread/queue/reorder", reorder)
        await wire.hear_method("thread/queue/changed")
        delete = {"threadId": thread, "queuedSubmissionId": numbers[1]}
        assert await wire.result("thread/queue/delete", delete) == {"deleted": True}
        await wire.hear_method("thread/queue/changed")
        assert await wire.result("thread/queue/delete", delete) == {"deleted": False}
        assert await waiting(wire, thread) == ["say three", "say ONE"]
        await wire.ask("thread/queue/start", {"threadId": thread})
        await wire.ask("thread/queue/start", {"threadId": thread, "queuedSubmissionId": "nope"})
        await wire.ask("thread/queue/update", {**update, "queuedSubmissionId": "nope"})
        await wire.ask("thread/queue/reorder", {"threadId": thread, "queuedSubmissionIds": ["x"]})
        await wire.ask("thread/queue/add", {"threadId": thread, "clientUserMessageId": "c", "input": []})
        params = {"threadId": thread, "expectedTurnId": turn, "input": said("say enough")}
        await wire.result("turn/steer", params)
        for _ in range(3):
            await wire.finish_turn()
        await wire.ask("thread/queue/start", {"threadId": thread})


async def the_queue_waits_after_an_interrupt(peer: Peer) -> None:
    async with peer.client() as wire:
        thread, turn = await holding(wire, peer)
        for text in ("say one", "say two"):
            await add(wire, thread, text)
            await wire.hear_method("thread/queue/changed")
        await interrupt(wire, thread, turn)
        assert (await wire.finish_turn())["status"] == "interrupted"
        assert await waiting(wire, thread) == ["say one", "say two"]
        await wire.result("thread/queue/start", {"threadId": thread})
        for _ in range(2):
            assert (await wire.finish_turn())["status"] == "completed"


async def a_message_queued_while_nothing_runs_begins_at_once(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        await add(wire, thread, "say at once")
        assert (await wire.finish_turn())["status"] == "completed"


async def the_queue_outlives_its_client(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        await wire.start_turn(thread, "slow 20 50")
        await wire.hear_method("item/agentMessage/delta")
        await add(wire, thread, "hold second")
        await wire.hear_method("thread/queue/changed")
    async with peer.client() as wire:
        await wire.hear_until(
            lambda m: m.get("method") == "thread/status/changed" and m["params"]["status"]["type"] == "idle"
        )
        await wire.result("thread/resume", {"threadId": thread, "excludeTurns": True})
        await wire.result("turn/interrupt", {"threadId": thread, "turnId": ""})
        assert (await wire.finish_turn())["status"] == "interrupted", "the second turn had begun"
        wire.heard.clear()  # when it was joined is chance, and so is what was heard


async def back_to_before_a_turn(peer: Peer) -> None:
    async with peer.client() as wire, peer.client() as other:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        turns = []
        for number in range(3):
            turns.append(await wire.start_turn(thread, f"say {number}"))
            await wire.finish_turn()
        await other.result("thread/resume", {"threadId": thread, "excludeTurns": True})
        await wire.ask("thread/revert", {"threadId": thread, "beforeTurnId": "nope"})
        await wire.result("thread/revert", {"threadId": thread, "beforeTurnId": turns[1]})
        await wire.hear_method("thread/reverted")
        await other.hear_method("thread/reverted")
        left = (await wire.result("thread/turns/list", {"threadId": thread}))["data"]
        assert [turn["id"] for turn in left] == turns[:1]
        other.heard.clear()  # what of the rest it hears is chance


async def back_while_a_turn_runs(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        kept = await wire.start_turn(thread, "say kept")
        await wire.finish_turn()
        turn = await wire.start_turn(thread, "hold second")
        await wire.hear_method("item/agentMessage/delta")
        await wire.result("thread/revert", {"threadId": thread, "beforeTurnId": turn})
        await wire.hear_method("thread/reverted")
        left = (await wire.result("thread/turns/list", {"threadId": thread}))["data"]
        assert [one["id"] for one in left] == [kept]


async def a_command_while_a_turn_runs(peer: Peer) -> None:
    async with peer.client() as wire:
        thread, turn = await holding(wire, peer)
        await wire.result("thread/shellCommand", {"threadId": thread, "command": "echo beside"})
        ended = await wire.hear_until(
            lambda m: (
                m.get("method") == "item/completed" and m["params"]["item"]["type"] == "commandExecution"
            )
        )
        assert ended["params"]["turnId"] == turn
        assert ended["params"]["item"]["aggregatedOutput"] == "beside\n"
        params = {"threadId": thread, "expectedTurnId": turn, "input": said("say enough")}
        await wire.result("turn/steer", params)
        await wire.finish_turn()


def told_of(wire: Wire, query: str) -> list[str] | None:
    """The paths a search session told last, once they are of that query."""
    told = [m["params"] for m in wire.heard if m.get("method") == "fuzzyFileSearch/sessionUpdated"]
    return [one["path"] for one in told[-1]["files"]] if told and told[-1]["query"] == query else None


def is_all_told(wire: Wire) -> bool:
    return "fuzzyFileSearch/sessionCompleted" in wire.methods()


async def files_are_found(peer: Peer) -> None:
    (peer.cwd / "src").mkdir()
    for name in ("src/main.py", "a b.txt"):
        (peer.cwd / name).write_text("x")
    root = str(peer.cwd)
    async with peer.client() as wire:
        for query in ("main", "", "src"):
            await wire.result("fuzzyFileSearch", {"query": query, "roots": [root]})
        await wire.result("fuzzyFileSearch/sessionStart", {"sessionId": "s", "roots": [root]})
        for query, found in (("smain", ["src/main.py"]), ("a b", ["a b.txt"])):
            await wire.result("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": query})
            # What is found, and that this was all, come in any order, and before the answer too.
            while told_of(wire, query) != found or not is_all_told(wire):
                await wire.hear()
        await wire.result("fuzzyFileSearch/sessionStop", {"sessionId": "s"})
        await wire.ask("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": "x"})


def settled(peer: Peer) -> list[str]:
    """What was heard, in order, the queue behind it: codex tells of that when its disk is done."""
    heard = order(peer.heard)
    changed = [line for line in heard if line == "thread/queue/changed"]
    return [line for line in heard if line not in changed] + changed


def refusals(peer: Peer) -> list[str]:
    return [message["error"]["message"] for message in peer.heard if "error" in message]


SCENARIOS: dict[str, Scenario] = {
    function.__name__: function
    for function in (
        the_queue_goes_on_by_itself,
        the_queue_is_changed,
        the_queue_waits_after_an_interrupt,
        a_message_queued_while_nothing_runs_begins_at_once,
        the_queue_outlives_its_client,
        back_to_before_a_turn,
        back_while_a_turn_runs,
        a_command_while_a_turn_runs,
        files_are_found,
    )
}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_rehearsal_does_what_codex_does(
    start_codex: StartCodex, codex_binary: CodexBinary, tmp_path: Path, name: str
) -> None:
    async with open_peers(start_codex, codex_binary, tmp_path) as (theirs, ours):
        await SCENARIOS[name](theirs)
        await SCENARIOS[name](ours)
    assert "\n".join(settled(ours)) == "\n".join(settled(theirs))
    lacking = OLDER_LACKS.get(codex_binary.name, ())
    found, wanted = members(ours.heard), members(theirs.heard)
    for kind, theirs_has in wanted.items():
        extra = {path for path in found[kind] - theirs_has if not any(part in path for part in lacking)}
        assert (theirs_has - found[kind], extra) == (set(), set()), kind
    assert refusals(ours) == refusals(theirs)


async def test_a_command_beside_a_turn_ends_with_the_engine(tmp_path: Path) -> None:
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    async with (
        asyncio.timeout(20),
        open_rehearsal(codex_home=tmp_path, cwd=tmp_path) as engine,
        open_listener(config, engine) as listener,
        open_wire(listener.url) as wire,
    ):
        await wire.initialize()
        peer = Peer(endpoint=listener.url, token="", cwd=tmp_path, write="")
        thread, _ = await holding(wire, peer)
        await wire.result("thread/shellCommand", {"threadId": thread, "command": "sleep 600"})
        await wire.hear_method("item/started")
