"""The rehearsal as a load generator: many words, clients that read them and clients that do not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from codex_ssh.server.websocket import MAX_QUEUED_MESSAGES
from tests.support.wire import open_wire

WORDS = MAX_QUEUED_MESSAGES * 8


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncGenerator[str, None]:
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    async with (
        open_rehearsal(codex_home=tmp_path, cwd=tmp_path) as engine,
        open_listener(config, engine) as listener,
    ):
        yield listener.url


async def test_a_client_that_reads_hears_every_word(endpoint: str) -> None:
    async with open_wire(endpoint) as wire:
        await wire.initialize()
        thread = await wire.start_thread()
        await wire.start_turn(thread, f"burst {WORDS}")
        turn = await wire.finish_turn()
        deltas = [m["params"]["delta"] for m in wire.heard if m.get("method") == "item/agentMessage/delta"]
        assert len(deltas) == WORDS
        assert "".join(deltas) == turn["items"][0]["text"]


async def test_a_client_that_does_not_read_is_cut_and_the_turn_goes_on(endpoint: str) -> None:
    async with open_wire(endpoint) as good, open_wire(endpoint) as slow:
        await good.initialize()
        thread = await good.start_thread()
        await good.start_turn(thread, "say materialized")
        await good.finish_turn()
        await slow.initialize()
        await slow.result("thread/resume", {"threadId": thread, "excludeTurns": True})
        await good.start_turn(thread, f"burst {WORDS * 4}")  # more than sockets and buffers hold
        assert (await good.finish_turn())["status"] == "completed"
        with pytest.raises(ConnectionClosed) as caught:
            await slow.hear_until(lambda _: False)
        assert caught.value.rcvd is None


async def test_a_turn_outlives_the_client_that_started_it(endpoint: str, tmp_path: Path) -> None:
    async with open_wire(endpoint) as wire:
        await wire.initialize()
        thread = await wire.start_thread(approvalPolicy="never")
        await wire.start_turn(thread, "run: until [ -e go ]; do sleep 0.05; done\nsay finished")
    async with open_wire(endpoint) as wire:
        await wire.initialize()
        await wire.result("thread/resume", {"threadId": thread, "excludeTurns": True})
        (tmp_path / "go").touch()
        turn = await wire.finish_turn()
        assert turn["items"][0]["text"] == "finished"


async def test_nothing_is_done_read_only_without_asking(endpoint: str, tmp_path: Path) -> None:
    async with open_wire(endpoint) as wire:
        await wire.initialize()
        thread = await wire.start_thread(approvalPolicy="never", sandbox="read-only")
        await wire.start_turn(thread, "run: touch made\nwrite made: x")
        await wire.finish_turn()
        ended = [m["params"]["item"] for m in wire.heard if m.get("method") == "item/completed"]
        assert [item.get("status") for item in ended] == [None, "declined", "declined", None]
        assert not (tmp_path / "made").exists()


async def test_a_schema_is_answered_and_nothing_is_done(endpoint: str, tmp_path: Path) -> None:
    async with open_wire(endpoint) as wire:
        await wire.initialize()
        thread = await wire.start_thread(approvalPolicy="never")
        schema = {"type": "object", "properties": {"title": {"type": "string", "maxLength": 36}}}
        await wire.start_turn(thread, "Name this:\nrun: touch made", outputSchema=schema)
        turn = await wire.finish_turn()
        assert turn["items"][0]["text"] == '{"title": "Rehearsal"}'
        assert not (tmp_path / "made").exists()


async def test_a_question_is_answered(endpoint: str) -> None:
    async with open_wire(endpoint) as wire:
        await wire.initialize()
        thread = await wire.start_thread()
        await wire.start_turn(thread, "ask tea or coffee?")
        request = await wire.hear_request()
        assert request["method"] == "item/tool/requestUserInput"
        assert request["params"]["questions"][0]["question"] == "tea or coffee?"
        await wire.send({"id": request["id"], "result": {"answers": {"answer": {"answers": ["tea"]}}}})
        turn = await wire.finish_turn()
        assert turn["items"][0]["text"] == "You answered: tea"


async def test_a_file_outside_the_workspace_is_not_written(endpoint: str, tmp_path: Path) -> None:
    async with open_wire(endpoint) as wire:
        await wire.initialize()
        thread = await wire.start_thread(approvalPolicy="never")
        await wire.start_turn(thread, "write ../outside: x\nsay done")
        await wire.finish_turn()
        said = [
            m["params"]["item"].get("text", "") for m in wire.heard if m.get("method") == "item/completed"
        ]
        assert any("outside the workspace" in text for text in said)
        assert not (tmp_path.parent / "outside").exists()
