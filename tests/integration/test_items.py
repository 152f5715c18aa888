"""Items of a real codex, made now: what the recordings say is still so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codex_ssh.core.entry import Progress
from codex_ssh.core.events import decode_event
from codex_ssh.core.items import (
    AgentMessage,
    CommandExecution,
    ContextCompaction,
    FileChange,
    ImageView,
    Item,
    Reasoning,
    ReviewMode,
    WebSearch,
)
from codex_ssh.core.methods import thread_start
from codex_ssh.core.rpc import Notification
from codex_ssh.core.transcript import RunState, Transcript
from tests.conftest import StartCodex
from tests.support import pictures
from tests.support.codex import CodexBinary
from tests.support.wire import Wire, open_wire

pytestmark = pytest.mark.codex


def item(**members: Any) -> str:
    return f"item {json.dumps(members)}"


def message(text: str, phase: str) -> str:
    content = [{"type": "output_text", "text": text}]
    return item(type="message", role="assistant", phase=phase, content=content)


SEARCH = {"type": "search", "query": "one", "queries": ["one", "two"]}
PAGE = {"type": "open_page", "url": "https://example.org/a"}

SCRIPT = "\n".join(
    [
        "think a thought",
        item(type="web_search_call", status="completed", action=SEARCH),
        item(type="web_search_call", status="completed", action=PAGE),
        message("on the way", "commentary"),
        "run: cat a.txt",
        "run: ls && cat a.txt",
        "run: printf x; exit 3",
        "patch new.txt",
        'call view_image {"path": "a.png"}',
        message("the end", "final_answer"),
    ]
)


async def heard(wire: Wire, transcript: Transcript, count: int) -> None:
    """Fold what is heard until so many turns are over."""
    begun = len(wire.heard)
    while wire.methods().count("turn/completed") < count:
        await wire.hear()
    for said in wire.heard[begun:]:
        if "method" in said and "id" not in said:
            transcript.apply(decode_event(Notification(method=said["method"], params=said["params"])))


async def test_items_of_a_real_codex_are_what_they_were(
    start_codex: StartCodex, codex_binary: CodexBinary, workspace: Path
) -> None:
    (workspace / "a.txt").write_text("one\n")
    (workspace / "a.png").write_bytes(pictures.PNG)
    server = await start_codex(codex_binary)
    async with open_wire(server.endpoint, server.token) as wire:
        await wire.initialize()
        opened = await wire.result("thread/start", {"cwd": str(workspace), "approvalPolicy": "never"})
        transcript = Transcript(thread_start().decode(opened))
        wire.heard.clear()
        await wire.send(
            {
                "id": "turn",
                "method": "turn/start",
                "params": {"threadId": transcript.thread_id, "input": [{"type": "text", "text": SCRIPT}]},
            }
        )
        await heard(wire, transcript, 1)
        await wire.send(
            {"id": "compact", "method": "thread/compact/start", "params": {"threadId": transcript.thread_id}}
        )
        await heard(wire, transcript, 2)
        target = {"type": "custom", "instructions": "say it is fine"}
        await wire.send(
            {
                "id": "review",
                "method": "review/start",
                "params": {"threadId": transcript.thread_id, "target": target},
            }
        )
        await heard(wire, transcript, 3)
    assert transcript.state is RunState.IDLE
    found: list[Item] = [
        entry.content  # type: ignore[misc]
        for entry in transcript.entries
        if not entry.key[1].startswith("#") and entry.progress is Progress.DONE
    ]
    assert [one.summary for one in found if isinstance(one, Reasoning)] == [("a thought",)]
    searches = [one for one in found if isinstance(one, WebSearch)]
    assert [(one.action, one.queries, one.target) for one in searches] == [
        ("search", ("one", "two"), ""),
        ("openPage", (), "https://example.org/a"),
    ]
    commands = [one for one in found if isinstance(one, CommandExecution)]
    assert [(one.explores, one.exit_code, one.output) for one in commands[:3]] == [
        (True, 0, "one\n"),
        (True, 0, "a.png\na.txt\none\n"),
        (False, 3, "x"),
    ]
    assert [
        [Path(change.path).name for change in one.changes] for one in found if isinstance(one, FileChange)
    ] == [["new.txt"]]
    assert [Path(one.path).name for one in found if isinstance(one, ImageView)] == ["a.png"]
    said = [(one.phase, one.text) for one in found if isinstance(one, AgentMessage)]
    assert said[:2] == [("commentary", "on the way"), ("final_answer", "the end")]
    assert len([one for one in found if isinstance(one, ContextCompaction)]) == 1
    reviews = [(one.entered, one.review) for one in found if isinstance(one, ReviewMode)]
    assert reviews == [(True, "say it is fine"), (False, "it is fine")]
