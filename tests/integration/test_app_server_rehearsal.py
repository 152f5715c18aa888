"""The rehearsal engine beside a real codex with a scripted model: same order, same members."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from tests.conftest import StartCodex
from tests.integration.app_server_shapes import members, order, paths
from tests.support.codex import CodexBinary
from tests.support.wire import Wire, open_wire

pytestmark = pytest.mark.codex

Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Peer:
    """One of the two servers.

    Attributes:
        words: How its scripts write a file: the only step with other words.
        heard: What its clients heard that a scenario wants compared.
    """

    endpoint: str
    token: str
    cwd: Path
    write: str
    heard: list[Json] = field(default_factory=list)

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Wire, None]:
        async with open_wire(self.endpoint, self.token) as wire:
            await wire.initialize()
            yield wire
            self.heard += wire.heard


Scenario = Callable[[Peer], Awaitable[None]]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__] = function
    return function


async def one_turn(peer: Peer, text: str, *, policy: str = "never") -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd), approvalPolicy=policy)
        await wire.start_turn(thread, text)
        await wire.finish_turn()


async def one_approval(peer: Peer, text: str, answer: Json) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd), approvalPolicy="untrusted")
        await wire.start_turn(thread, text)
        request = await wire.hear_request()
        await wire.send({"id": request["id"], **answer})
        await wire.finish_turn()


async def interrupt(wire: Wire, thread: str, turn: str) -> None:
    """Interrupt; the reply may come before or behind the last usage, so it is not compared."""
    answer = await wire.ask("turn/interrupt", {"threadId": thread, "turnId": turn})
    assert answer["result"] == {}
    wire.heard.remove(answer)


def decided(decision: object) -> Json:
    return {"result": {"decision": decision}}


@scenario
async def an_answer(peer: Peer) -> None:
    await one_turn(peer, "say hello from here")


@scenario
async def two_turns(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        for _ in range(2):
            await wire.start_turn(thread, "say hello", clientUserMessageId="mine")
            await wire.finish_turn()


@scenario
async def reasoning(peer: Peer) -> None:
    await one_turn(peer, "think **Looking** at it\nsay thought about it")


@scenario
async def a_plan(peer: Peer) -> None:
    await one_turn(peer, "plan\nsay planned")


@scenario
async def a_free_command(peer: Peer) -> None:
    await one_turn(peer, "run: cat a.txt\nrun: echo two\nsay looked")


@scenario
async def a_closing_answer(peer: Peer) -> None:
    await one_turn(peer, "run: true")


@scenario
async def a_free_file(peer: Peer) -> None:
    await one_turn(peer, f"{peer.write}\nsay written")


@scenario
async def an_accepted_command(peer: Peer) -> None:
    await one_approval(peer, "run: echo made > made.txt; cat made.txt\nsay it is made", decided("accept"))
    assert (peer.cwd / "made.txt").read_text() == "made\n"


@scenario
async def a_command_accepted_for_the_session(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd), approvalPolicy="untrusted")
        await wire.start_turn(thread, "run: touch b.txt\nsay ok")
        request = await wire.hear_request()
        await wire.send({"id": request["id"], **decided("acceptForSession")})
        await wire.finish_turn()
        await wire.start_turn(thread, "run: touch b.txt\nsay again")
        await wire.finish_turn()


@scenario
async def a_command_of_the_users_own(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd), approvalPolicy="untrusted")
        for command in ("echo one; sleep 0.3; echo two > b.txt; cat b.txt", "exit 3"):
            await wire.result("thread/shellCommand", {"threadId": thread, "command": command})
            await wire.hear_method("turn/started")
            await wire.finish_turn()


@scenario
async def a_deleted_thread(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        await wire.start_turn(thread, "say hello")
        await wire.finish_turn()
        before = len(wire.heard)
        await wire.result("thread/delete", {"threadId": thread})
        await wire.hear_method("thread/deleted")
        await wire.ask("thread/delete", {"threadId": thread})
        await wire.ask("thread/shellCommand", {"threadId": thread, "command": "true"})
        # What all clients are told comes before or behind the reply, and some of it behind the last one.
        wire.heard[before:] = [one for one in wire.heard[before:] if "method" not in one]


@scenario
async def a_failing_command(peer: Peer) -> None:
    await one_approval(peer, "run: echo out; echo err >&2; exit 3\nsay it failed", decided("accept"))


@scenario
async def a_declined_command(peer: Peer) -> None:
    await one_approval(peer, "run: touch no.txt\nsay so be it", decided("decline"))
    assert not (peer.cwd / "no.txt").exists()


@scenario
async def a_cancelled_command(peer: Peer) -> None:
    await one_approval(peer, "run: touch no.txt\nsay so be it", decided("cancel"))
    assert not (peer.cwd / "no.txt").exists()


@scenario
async def an_unreadable_decision(peer: Peer) -> None:
    await one_approval(peer, "run: touch no.txt\nsay so be it", decided("perhaps"))
    assert not (peer.cwd / "no.txt").exists()


@scenario
async def an_error_for_a_decision(peer: Peer) -> None:
    await one_approval(peer, "run: touch no.txt\nsay so be it", {"error": {"code": -32601, "message": "no"}})
    assert not (peer.cwd / "no.txt").exists()


@scenario
async def an_accepted_file(peer: Peer) -> None:
    await one_approval(peer, f"{peer.write}\nsay written", decided("accept"))
    assert (peer.cwd / "new.txt").read_text() == "first line\nsecond line\n"


@scenario
async def a_declined_file(peer: Peer) -> None:
    await one_approval(peer, f"{peer.write}\nsay not written", decided("decline"))
    assert not (peer.cwd / "new.txt").exists()


@scenario
async def a_cancelled_file(peer: Peer) -> None:
    await one_approval(peer, f"{peer.write}\nsay not written", decided("cancel"))
    assert not (peer.cwd / "new.txt").exists()


@scenario
async def a_policy_given_with_the_turn(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        await wire.start_turn(thread, "run: touch x\nsay ok", approvalPolicy="untrusted")
        request = await wire.hear_request()
        await wire.send({"id": request["id"], **decided("accept")})
        await wire.finish_turn()


@scenario
async def a_failed_turn(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        for text in ("fail", "say fine again"):
            await wire.start_turn(thread, text)
            await wire.finish_turn()


@scenario
async def an_interrupted_answer(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        await wire.ask("turn/interrupt", {"threadId": thread, "turnId": "nope"})
        turn = await wire.start_turn(thread, "hold streaming")
        await wire.hear_method("item/agentMessage/delta")
        await wire.ask("turn/interrupt", {"threadId": thread, "turnId": "nope"})
        await interrupt(wire, thread, turn)
        assert (await wire.finish_turn())["status"] == "interrupted"


@scenario
async def an_interrupted_approval(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd), approvalPolicy="untrusted")
        await wire.start_turn(thread, "run: touch no.txt")
        await wire.hear_request()
        await interrupt(wire, thread, "")
        await wire.hear_method("serverRequest/resolved")


@scenario
async def a_steered_answer(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        more = [{"type": "text", "text": "say steered"}]
        await wire.ask("turn/steer", {"threadId": thread, "expectedTurnId": "x", "input": more})
        turn = await wire.start_turn(thread, "hold first")
        await wire.hear_method("item/agentMessage/delta")
        await wire.ask("turn/steer", {"threadId": thread, "expectedTurnId": "wrong", "input": more})
        await wire.result("turn/steer", {"threadId": thread, "expectedTurnId": turn, "input": more})
        await wire.finish_turn()


@scenario
async def a_turn_with_nothing_said(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        empty: Json = {"threadId": thread, "input": []}
        await wire.ask("turn/steer", {**empty, "expectedTurnId": "x"})
        await wire.start_turn(thread, "say hello")
        await wire.finish_turn()
        await wire.result("turn/start", empty)
        await wire.finish_turn()
        turn = await wire.start_turn(thread, "hold first")
        await wire.hear_method("item/agentMessage/delta")
        await wire.ask("turn/steer", {**empty, "expectedTurnId": "wrong"})
        await wire.ask("turn/steer", {**empty, "expectedTurnId": turn})
        await wire.ask("turn/start", empty)
        await interrupt(wire, thread, turn)
        await wire.finish_turn()


@scenario
async def a_turn_started_while_one_runs(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        turn = await wire.start_turn(thread, "hold first")
        await wire.hear_method("item/agentMessage/delta")
        assert await wire.start_turn(thread, "say second input") == turn
        await wire.finish_turn()


@scenario
async def a_client_lost_while_an_approval_waits(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd), approvalPolicy="untrusted")
        await wire.start_turn(thread, "run: touch made.txt\nsay made")
        asked = await wire.hear_request()
    async with peer.client() as wire:
        await wire.result("thread/resume", {"threadId": thread, "excludeTurns": True})
        replayed = await wire.hear_request()
        assert replayed == asked
        await wire.send({"id": replayed["id"], **decided("accept")})
        await wire.finish_turn()


@scenario
async def an_approval_answered_by_another(peer: Peer) -> None:
    async with peer.client() as first, peer.client() as second:
        thread = await first.start_thread(cwd=str(peer.cwd), approvalPolicy="untrusted")
        await first.start_turn(thread, "say materialized")
        await first.finish_turn()
        await second.result("thread/resume", {"threadId": thread, "excludeTurns": True})
        await first.start_turn(thread, "run: touch x\nsay ok")
        asked = await first.hear_request()
        assert (await second.hear_request())["id"] == asked["id"]
        await second.send({"id": asked["id"], **decided("accept")})
        await first.hear_method("serverRequest/resolved")
        await first.send({"id": asked["id"], **decided("decline")})
        assert (await first.finish_turn())["status"] == "completed"
        await second.finish_turn()


@scenario
async def a_watcher_of_another_thread(peer: Peer) -> None:
    async with peer.client() as worker, peer.client() as watcher:
        thread = await worker.start_thread(cwd=str(peer.cwd))
        await worker.start_turn(thread, "say something")
        await worker.finish_turn()
        await worker.result("thread/name/set", {"threadId": thread, "name": "a name"})
        await watcher.hear_method("thread/name/updated")


@scenario
async def opting_out(peer: Peer) -> None:
    async with open_wire(peer.endpoint, peer.token) as wire:
        # Without experimentalApi, which silences a few more.
        wishes = {"optOutNotificationMethods": ["item/agentMessage/delta", "turn/started"]}
        info = {"name": "tests", "version": "1"}
        await wire.result("initialize", {"clientInfo": info, "capabilities": wishes})
        thread = await wire.start_thread(cwd=str(peer.cwd))
        await wire.start_turn(thread, "say something", approvalPolicy="never")
        await wire.finish_turn()
        peer.heard += wire.heard


@scenario
async def a_fork(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        turns = []
        for text in ("say one", "say two"):
            turns.append(await wire.start_turn(thread, text))
            await wire.finish_turn()
        for params in ({}, {"excludeTurns": True}, {"beforeTurnId": turns[1]}, {"lastTurnId": turns[0]}):
            await wire.result("thread/fork", {"threadId": thread, **params})
            await settle(wire, "thread/started")


@scenario
async def a_review(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        await settle(wire, "thread/started")  # a review's first items do not wait for it
        for target in (
            {"type": "uncommittedChanges"},
            {"type": "commit", "sha": "0123456789", "title": "a title"},
            {"type": "custom", "instructions": "look at it"},
        ):
            before = wire.methods().count("turn/completed")
            await wire.result("review/start", {"threadId": thread, "target": target})
            if wire.methods().count("turn/completed") == before:  # it may be over before the answer
                await wire.finish_turn()


@scenario
async def a_compaction(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        await wire.start_turn(thread, "say hello")
        await wire.finish_turn()
        await wire.result("thread/compact/start", {"threadId": thread})
        await wire.hear_method("turn/started")
        await wire.finish_turn()


@scenario
async def a_goal(peer: Peer) -> None:
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        before = len(wire.heard)
        for params in ({"objective": "a door", "status": "paused"}, {"status": "blocked"}):
            await wire.result("thread/goal/set", {"threadId": thread, **params})
            await settle(wire, "thread/goal/updated")
        await wire.result("thread/goal/clear", {"threadId": thread})
        await settle(wire, "thread/goal/cleared")
        await wire.result("thread/goal/clear", {"threadId": thread})
        # A notification comes before or behind the reply.
        wire.heard[before:] = sorted(wire.heard[before:], key=lambda one: "method" not in one)


async def settle(wire: Wire, method: str) -> None:
    """Hear a notification, unless it came with the reply."""
    if method not in wire.methods()[-2:]:
        await wire.hear_method(method)


SETTINGS: list[Json] = [
    {"model": "other", "effort": "high"},
    {"cwd": "below"},
    {"sandboxPolicy": {"type": "readOnly"}},
    {"permissions": ":workspace", "approvalPolicy": "on-request", "approvalsReviewer": "auto_review"},
    {"collaborationMode": {"mode": "plan", "settings": {"model": "other", "reasoning_effort": "low"}}},
    {"sandboxPolicy": {"type": "workspaceWrite"}, "approvalPolicy": "never", "approvalsReviewer": "user"},
    {"permissions": ":danger-full-access"},
    {"collaborationMode": {"mode": "default", "settings": {"model": "other"}}},
]


async def settings(peer: Peer) -> list[Json]:
    """Change settings one after the other; give what is told of each."""
    told = []
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        for params in SETTINGS:
            wire.heard.clear()
            await wire.result("thread/settings/update", {"threadId": thread, **params})
            if "thread/settings/updated" not in wire.methods():
                await wire.hear_method("thread/settings/updated")
            (one,) = [one for one in wire.heard if one.get("method") == "thread/settings/updated"]
            told.append(one["params"]["threadSettings"])
    return told


@asynccontextmanager
async def open_peers(
    start_codex: StartCodex, binary: CodexBinary, tmp_path: Path
) -> AsyncGenerator[tuple[Peer, Peer], None]:
    codex = await start_codex(binary)
    places = tmp_path / "theirs", tmp_path / "ours"
    for place in places:
        place.mkdir()
        (place / "a.txt").write_text("one\n")
    theirs = Peer(endpoint=codex.endpoint, token=codex.token, cwd=places[0], write="patch new.txt")
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    async with (
        open_rehearsal(codex_home=tmp_path, cwd=places[1]) as engine,
        open_listener(config, engine) as listener,
    ):
        write = "write new.txt: first line\\nsecond line"
        yield theirs, Peer(endpoint=listener.url, token="", cwd=places[1], write=write)


OLDER_LACKS: Mapping[str, tuple[str, ...]] = {
    "pypi": (
        ".attachedToThreadId",
        ".contentTokenCount",
        ".environments",
        ".moderation",
        ".startedAtMs",
        ".completedAtMs",
    )
}
"""Members 0.169 has and 0.163 lacks; clients of either take both."""


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_rehearsal_says_what_codex_says(
    start_codex: StartCodex, codex_binary: CodexBinary, tmp_path: Path, name: str
) -> None:
    async with open_peers(start_codex, codex_binary, tmp_path) as (theirs, ours):
        await SCENARIOS[name](theirs)
        await SCENARIOS[name](ours)
    assert "\n".join(order(ours.heard)) == "\n".join(order(theirs.heard))
    lacking = OLDER_LACKS.get(codex_binary.name, ())
    found, wanted = members(ours.heard), members(theirs.heard)
    for kind, theirs_has in wanted.items():
        extra = {path for path in found[kind] - theirs_has if not any(part in path for part in lacking)}
        assert (theirs_has - found[kind], extra) == (set(), set()), kind


async def test_settings_are_told_as_with_codex(
    start_codex: StartCodex, codex_binary: CodexBinary, tmp_path: Path
) -> None:
    async with open_peers(start_codex, codex_binary, tmp_path) as (theirs, ours):
        wanted, found = await settings(theirs), await settings(ours)
    for one in (*wanted, *found):
        mode = one["collaborationMode"]["settings"]
        mode["developer_instructions"] = bool(mode["developer_instructions"])
    different = [
        (params, *each)
        for params, theirs_told, ours_told in zip(SETTINGS, wanted, found, strict=True)
        for each in differences(_outline(ours_told), _outline(theirs_told))
    ]
    assert different == []
    assert found[1]["cwd"] == str(ours.cwd / "below")
    assert [one["model"] for one in found] == [one["model"] for one in wanted]


def asked_beside_a_turn(cwd: str) -> list[tuple[str, Json]]:
    """Give requests about files, programs and the like."""
    return [
        ("permissionProfile/list", {"cwd": cwd}),
        ("collaborationMode/list", {}),
        ("fs/readDirectory", {"path": f"{cwd}/below"}),
        ("fs/readDirectory", {"path": f"{cwd}/none"}),
        ("fs/readDirectory", {"path": "~"}),
        ("fs/readDirectory", {}),
        ("fs/readFile", {"path": f"{cwd}/a.txt"}),
        ("fs/readFile", {"path": f"{cwd}/none"}),
        ("fs/readFile", {"path": f"{cwd}/below"}),
        ("fs/getMetadata", {"path": f"{cwd}/a.txt"}),
        ("fs/getMetadata", {"path": f"{cwd}/below"}),
        ("fs/getMetadata", {"path": f"{cwd}/none"}),
        ("command/exec", {"command": ["sh", "-c", "echo out; echo err >&2; exit 3"], "cwd": cwd}),
        ("command/exec", {"command": ["head", "-c", "100", "/dev/zero"], "outputBytesCap": 5}),
        ("command/exec", {"command": ["sleep", "60"], "timeoutMs": 100}),
        ("command/exec", {"command": ["there-is-no-such-program"]}),
        ("command/exec", {"command": ["true"], "cwd": f"{cwd}/none"}),
        ("command/exec", {"command": []}),
        ("command/exec", {}),
    ]


def asked_of_a_thread(thread: str) -> list[tuple[str, Json]]:
    """Give requests about a thread's goal and terminals."""
    here = {"threadId": thread}
    return [
        ("thread/goal/get", here),
        ("thread/goal/set", {**here, "status": "paused"}),
        ("thread/goal/set", {**here, "objective": "a door", "status": "paused"}),
        ("thread/goal/get", here),
        ("thread/goal/clear", here),
        ("thread/goal/clear", here),
        ("thread/backgroundTerminals/list", here),
        ("thread/backgroundTerminals/terminate", {**here, "processId": "7"}),
        ("thread/backgroundTerminals/clean", here),
        ("thread/compact/start", {"threadId": UNKNOWN}),
        ("thread/settings/update", {"threadId": UNKNOWN}),
    ]


async def command_answers(peer: Peer) -> list[tuple[str, Json]]:
    """Ask all that slash commands ask; give the answers."""
    below = peer.cwd / "below"
    below.mkdir()
    (below / "file").touch()
    (below / "folder").mkdir()
    async with peer.client() as wire:
        thread = await wire.start_thread(cwd=str(peer.cwd))
        asked = [*asked_beside_a_turn(str(peer.cwd)), *asked_of_a_thread(thread)]
        return [(method, await wire.ask(method, params)) for method, params in asked]


def in_order(answer: Json) -> Json:
    """Give an answer with the entries of a directory in order; codex has them in none."""
    result = answer.get("result")
    if isinstance(result, dict) and "entries" in result:
        result["entries"].sort(key=lambda entry: entry["fileName"])
    return answer


async def test_slash_commands_are_answered_as_by_codex(
    start_codex: StartCodex, codex_binary: CodexBinary, tmp_path: Path
) -> None:
    async with open_peers(start_codex, codex_binary, tmp_path) as (theirs, ours):
        wanted, found = await command_answers(theirs), await command_answers(ours)
    names = (str(theirs.cwd), str(ours.cwd))
    different: list[object] = []
    for (method, theirs_said), (_, ours_said) in zip(wanted, found, strict=True):
        pair = [json.dumps(outline(in_order(said))) for said in (ours_said, theirs_said)]
        pair = [text.replace(names[0], "HERE").replace(names[1], "HERE") for text in pair]
        different += [(method, *each) for each in differences(*map(json.loads, pair))]
    assert different == []


UNKNOWN = "019a0000-0000-7000-8000-000000000000"
SAID = [{"type": "text", "text": "say x"}]

BEFORE_INITIALIZE: list[tuple[str, Json]] = [
    ("thread/list", {}),
    ("model/list", {}),
    ("initialize", {}),
    ("initialize", {"clientInfo": {"name": "tests"}}),
    ("initialize", {"clientInfo": {"name": "bad\nname", "version": "1"}}),
]

REFUSED: list[tuple[str, Json]] = [
    ("initialize", {"clientInfo": {"name": "again", "version": "1"}}),
    ("turn/start", {}),
    ("turn/start", {"threadId": 5, "input": SAID}),
    ("turn/start", {"threadId": True, "input": SAID}),
    ("turn/start", {"threadId": "not-a-uuid", "input": SAID}),
    ("turn/start", {"threadId": UNKNOWN, "input": SAID}),
    ("turn/start", {"threadId": UNKNOWN}),
    ("turn/steer", {"threadId": UNKNOWN, "input": SAID}),
    ("turn/steer", {"threadId": UNKNOWN, "expectedTurnId": "x", "input": SAID}),
    ("turn/steer", {"input": SAID}),
    ("turn/interrupt", {"threadId": UNKNOWN, "turnId": ""}),
    ("turn/interrupt", {"threadId": UNKNOWN}),
    ("thread/read", {"threadId": UNKNOWN}),
    ("thread/resume", {"threadId": UNKNOWN}),
    ("thread/name/set", {"threadId": UNKNOWN, "name": "x"}),
    ("thread/turns/list", {"threadId": "nope"}),
    ("account/rateLimits/read", {}),
    ("thread/fork", {"threadId": UNKNOWN}),
    ("thread/fork", {}),
    ("review/start", {"threadId": UNKNOWN, "target": {"type": "uncommittedChanges"}}),
    ("review/start", {"threadId": UNKNOWN, "target": {"type": "nothing"}}),
    ("review/start", {"threadId": UNKNOWN, "target": {"type": "custom", "instructions": " "}}),
    ("review/start", {"threadId": UNKNOWN}),
    ("review/start", {}),
]


async def refusals(peer: Peer) -> list[Json]:
    answers: list[Json] = []
    async with open_wire(peer.endpoint, peer.token) as wire:
        answers += [await wire.ask(method, params) for method, params in BEFORE_INITIALIZE]
        await wire.initialize(experimental=False)
        answers += [await wire.ask(method, params) for method, params in REFUSED]
        answers.append(await wire.ask("collaborationMode/list", {}))
        await wire.send({"id": 1000, "method": "thread/loaded/list"})
        answers.append(await wire.hear_until(lambda m: m.get("id") == 1000))
        # None of these is answered, and none ends the connection.
        for odd in ("{bad json", "[]", b"{}", '{"id":null,"method":"model/list","params":{}}', '{"id":5}'):
            await wire.socket.send(odd)
        await wire.send({"method": "no/such/notification", "params": {}})
        await wire.send({"id": 999, "result": {}})
        await wire.send({"jsonrpc": "2.0", "id": "text", "method": "thread/loaded/list", "params": {}})
        answers.append(await wire.hear_until(lambda m: "method" not in m))
    return answers


async def test_requests_are_refused_in_the_words_of_codex(
    start_codex: StartCodex, codex_binary: CodexBinary, tmp_path: Path
) -> None:
    async with open_peers(start_codex, codex_binary, tmp_path) as (theirs, ours):
        assert await refusals(ours) == await refusals(theirs)


async def test_an_unknown_method_is_an_unknown_variant(
    start_codex: StartCodex, codex_binary: CodexBinary, tmp_path: Path
) -> None:
    async with open_peers(start_codex, codex_binary, tmp_path) as peers:
        for peer in peers:
            async with peer.client() as wire:
                error = (await wire.ask("no/such/method", {}))["error"]
                assert error["code"] == -32600
                assert error["message"].startswith(
                    "Invalid request: unknown variant `no/such/method`, expected one of `initialize`, "
                )


async def reads(peer: Peer) -> list[tuple[str, Json]]:
    """Ask everything one can ask about threads; give what was asked and the answers."""
    asked: list[tuple[str, Json]] = []
    async with peer.client() as wire:
        hello = await wire.start_thread(cwd=str(peer.cwd), approvalPolicy="never")
        empty = await wire.start_thread(cwd=str(peer.cwd))
        for text in (f"think first\nrun: cat a.txt\n{peer.write}\nsay done with it", "say two", "say three"):
            await wire.start_turn(hello, text)
            await wire.finish_turn()

        async def ask(method: str, **params: object) -> Json:
            answer = await wire.ask(method, params)
            asked.append((method, answer))
            return answer

        await ask("thread/list")
        await ask("thread/list", limit=1, cwd=str(peer.cwd))
        await ask("thread/list", cwd="/elsewhere")
        await ask("thread/loaded/list")
        await ask("thread/read", threadId=hello)
        await ask("thread/read", threadId=hello, includeTurns=True)
        await ask("thread/read", threadId=empty, includeTurns=True)
        await ask("thread/turns/list", threadId=empty)
        await ask("thread/turns/list", threadId=hello, limit=1)
        page = await ask("thread/turns/list", threadId=hello, limit=2, sortDirection="asc")
        cursor = page["result"]["nextCursor"]
        await ask("thread/turns/list", threadId=hello, limit=2, sortDirection="asc", cursor=cursor)
        page = await ask("thread/items/list", threadId=hello, limit=3)
        cursor = page["result"]["nextCursor"]
        await ask("thread/items/list", threadId=hello, cursor=cursor)
        await ask("thread/items/list", threadId=hello, limit=2, sortDirection="desc")
        await ask("thread/resume", threadId=hello, excludeTurns=True)
        await ask("thread/resume", threadId=hello)
        await ask("thread/name/set", threadId=hello, name="a name")
        async with peer.client() as other:
            for method, params in (
                ("thread/unsubscribe", {"threadId": hello}),
                ("thread/unsubscribe", {"threadId": UNKNOWN}),
            ):
                asked.append((method, await other.ask(method, params)))
        await ask("thread/unsubscribe", threadId=hello)
        await ask("thread/unsubscribe", threadId=hello)
        await ask("thread/archive", threadId=hello)
        await ask("thread/list")
        await ask("thread/list", archived=True)
        await ask("thread/unarchive", threadId=hello)
        await ask("account/read")
        await ask("collaborationMode/list")
        await ask("configRequirements/read")
    return asked


def differences(ours: Any, theirs: Any, at: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Give every place where two outlines differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(name, "(none)"), theirs.get(name, "(none)"), f"{at}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for n, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(*pair, f"{at}[{n}]")
    elif ours != theirs:
        yield at, ours, theirs


def outline(answer: Json) -> Any:
    """What must be equal: errors as they are, lists by length and kinds, texts of items."""
    if "error" in answer:
        return answer["error"]["code"], re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", answer["error"]["message"])
    return _outline(answer["result"])


def _outline(value: Any) -> Any:
    if isinstance(value, dict):
        if "cursor" in str(value.get("kind", "")).lower():
            return "cursor"
        return {name: _outline(member) for name, member in value.items() if name not in OTHERWISE}
    if isinstance(value, list):
        return [_outline(member) for member in value]
    if isinstance(value, str) and re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", value):
        return "ID"
    return value


OTHERWISE = frozenset(
    (
        *("id", "rootTurnId", "processId", "revision", "backwardsCursor", "originator", "userId"),
        *("model", "modelProvider", "cliVersion", "instructionSources", "moderation"),
        *("path", "cwd", "runtimeWorkspaceRoots", "environments", "command", "preview", "content"),
        *("createdAt", "updatedAt", "modifiedAtMs", "recencyAt", "startedAt", "completedAt", "durationMs"),
        *("startedAtMs", "completedAtMs", "attachedToThreadId", "canAcceptDirectInput"),
        *("readStates", "supportsIndependentSpeedModes"),
    )
)
"""Members that name a time, an id, the model, or differ between codex versions."""


async def test_threads_are_read_as_with_codex(
    start_codex: StartCodex, codex_binary: CodexBinary, tmp_path: Path
) -> None:
    async with open_peers(start_codex, codex_binary, tmp_path) as (theirs, ours):
        wanted, found = await reads(theirs), await reads(ours)
    different: list[object] = []
    for (method, theirs_said), (_, ours_said) in zip(wanted, found, strict=True):
        different += [(method, *each) for each in differences(outline(ours_said), outline(theirs_said))]
        lacking = {_nameless(path) for path in paths(theirs_said) - paths(ours_said)}
        if codex_binary.name == "npm" and lacking - {_nameless(path) for path in paths(ours_said)}:
            different.append((method, lacking))
    assert different == []


def _nameless(path: str) -> str:
    """A path without thread ids, which are the names of members in ``readStates``."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", path)
