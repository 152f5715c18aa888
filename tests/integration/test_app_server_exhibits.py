"""What the rehearsal shows is what the app server's own schema allows, one of every type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codex_ssh.core.items import known_types
from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from codex_ssh.server.rehearsal.exhibit import exhibit_names
from tests.support.schema import faults, item_types
from tests.support.wire import open_wire

pytestmark = pytest.mark.codex

Json = dict[str, Any]


async def shown(name: str, cwd: Path) -> list[Json]:
    """Give what is heard of a turn that shows an exhibit."""
    async with (
        open_rehearsal(codex_home=cwd, cwd=cwd) as engine,
        open_listener(ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0)), engine) as listener,
        open_wire(listener.url) as wire,
    ):
        await wire.initialize()
        thread = await wire.start_thread(cwd=str(cwd))
        await wire.start_turn(thread, f"show {name}")
        await wire.finish_turn()
        return [message for message in wire.heard if "method" in message]


async def test_all_that_is_shown_is_right_by_the_schema(tmp_path: Path) -> None:
    said = await shown("all", tmp_path)
    ours = [m for m in said if m["params"].get("item", {}).get("type") != "hologram"]
    assert [fault for message in ours for fault in faults(message)] == []
    completed = {m["params"]["item"]["type"] for m in said if m["method"] == "item/completed"}
    assert item_types() - completed == set()


def test_the_schema_finds_faults() -> None:
    assert faults({"method": "item/started", "params": {"item": {"type": "sleep"}}})
    assert faults({"method": "no/such/thing", "params": {}})


async def test_an_exhibit_nobody_knows_is_answered_with_those_there_are(tmp_path: Path) -> None:
    said = await shown("nothing", tmp_path)
    items = [m["params"]["item"] for m in said if m["method"] == "item/completed"]
    answer = next(item["text"] for item in items if item["type"] == "agentMessage")
    assert all(name in answer for name in ("`nothing`", "`all`", *exhibit_names()))


def test_every_type_of_the_schema_is_read() -> None:
    assert item_types() - known_types() == set()
