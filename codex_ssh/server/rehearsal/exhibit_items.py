"""One item of every type, as codex 0.169 makes them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

from codex_ssh.server.rehearsal.exhibit_frame import Began, Ended, Frame, Scene, Told, deltas, once
from codex_ssh.server.rehearsal.wire import Shape

_ANSWER: Final = """## What was wrong

`add` in `calc.py:2` took **minus** for plus, see [the notes](https://example.org/notes):

1. found it with `git bisect`
2. fixed it

```python
assert add(1, 2) == 3
```

| test | result |
|---|---|
| add | ok |
| a longer name | ok |

> Nothing else changed.
"""


def agent_message(_: Scene) -> Iterator[Frame]:
    """A remark and an answer, with all kinds of markdown."""
    for phase, text in (("commentary", "I look at the failing test first."), ("final_answer", _ANSWER)):
        yield Began(
            item={
                "type": "agentMessage",
                "moderation": None,
                "id": "msg",
                "text": "",
                "phase": phase,
                "memoryCitation": None,
                "delivery": None,
                "questions": None,
            }
        )
        yield from deltas("item/agentMessage/delta", text)
        yield Ended(changes={"text": text})


def reasoning(_: Scene) -> Iterator[Frame]:
    """A thought, its summary and its raw words."""
    summary, raw = "**Weighing it up**\n\nThe test says minus.\n", "The sign is wrong, is it not?\n"
    yield Began(item={"type": "reasoning", "id": "rs", "summary": [], "content": []})
    yield Told(method="item/reasoning/summaryPartAdded", params={"summaryIndex": 0}, of_item=True)
    yield from deltas("item/reasoning/summaryTextDelta", summary, summaryIndex=0)
    yield from deltas("item/reasoning/textDelta", raw, contentIndex=0)
    yield Ended(changes={"summary": [summary], "content": [raw]})


def plan(_: Scene) -> Iterator[Frame]:
    """A plan, as plan mode has it."""
    text = "# The plan\n\n- look at `calc.py`\n- change the sign\n- run the tests\n"
    yield Began(item={"type": "plan", "id": "plan", "text": ""})
    yield from deltas("item/plan/delta", text)
    yield Ended(changes={"text": text})


def _command(cwd: str, command: str, actions: list[Shape], **end: Any) -> Iterator[Frame]:
    yield Began(
        item={
            "type": "commandExecution",
            "id": "call",
            "pluginId": None,
            "scriptPath": None,
            "command": f"/bin/bash -lc '{command}'",
            "cwd": cwd,
            "processId": "4711",
            "source": "unifiedExecStartup",
            "status": "inProgress",
            "commandActions": actions or [{"type": "unknown", "command": command}],
            "aggregatedOutput": None,
            "exitCode": None,
            "durationMs": None,
        }
    )
    output = end.get("aggregatedOutput") or ""
    yield from deltas("item/commandExecution/outputDelta", output)
    if stdin := end.pop("stdin", ""):
        typed = {"processId": "4711", "stdin": stdin}
        yield Told(method="item/commandExecution/terminalInteraction", params=typed, of_item=True)
    yield Ended(changes={"status": "completed", "exitCode": 0, "durationMs": 12, **end})


def command_execution(scene: Scene) -> Iterator[Frame]:
    """A command that fails, and one that is typed into."""
    cwd = scene.cwd
    output = "".join(f"tests/test_{n}.py ok\n" for n in range(1, 13)) + "tests/test_calc.py:7: 1 failed\n"
    failed: Shape = {"status": "failed", "exitCode": 1, "durationMs": 4200}
    yield from _command(cwd, "pytest -q", [], aggregatedOutput=output, **failed)
    yield from _command(cwd, "./ask.sh", [], aggregatedOutput="sure? yes\n", stdin="yes\n", durationMs=1500)


def explored(scene: Scene) -> Iterator[Frame]:
    """Commands that only look at files; the last finds nothing."""
    cwd = scene.cwd
    read: Shape = {"type": "read", "command": "cat calc.py", "name": "calc.py", "path": f"{cwd}/calc.py"}
    listed: Shape = {"type": "listFiles", "command": "ls tests", "path": "tests"}
    searched: Shape = {"type": "search", "command": "rg add tests", "query": "add", "path": "tests"}
    yield from _command(cwd, "cat calc.py", [read], aggregatedOutput="def add(a, b):\n    return a - b\n")
    yield from _command(
        cwd, "ls tests && rg add tests", [listed, searched], aggregatedOutput="test_calc.py\n"
    )
    yield from _command(
        cwd, "cat gone.py", [{**read, "name": "gone.py", "path": f"{cwd}/gone.py"}], exitCode=1
    )


_UPDATE: Final = """@@ -1,4 +1,5 @@
 def add(a, b):
-    return a - b
+    return a + b
+    # checked by tests/test_calc.py
\x20
\x20
@@ -40,2 +41,2 @@ def multiply(a, b):
     total = 0
-    for _ in range(a): total += b
+    for _ in range(abs(a)): total += b
"""


def file_change(scene: Scene) -> Iterator[Frame]:
    """An edit that changes, moves, adds and deletes files, and the diff of the turn."""
    cwd = scene.cwd
    update = {"path": f"{cwd}/calc.py", "kind": {"type": "update", "move_path": None}, "diff": _UPDATE}
    moved_to = f"{cwd}/docs/notes.md"
    move = {
        "path": f"{cwd}/notes.md",
        "kind": {"type": "update", "move_path": moved_to},
        "diff": "@@ -1 +1 @@\n-# Note\n+# Notes\n",
    }
    add = {"path": f"{cwd}/tests/test_calc.py", "kind": {"type": "add"}, "diff": "from calc import add\n\n"}
    delete = {"path": f"{cwd}/old.py", "kind": {"type": "delete"}, "diff": "unused = 1\n"}
    yield Began(item={"type": "fileChange", "id": "call", "changes": [update], "status": "inProgress"})
    changes = [update, move, add, delete]
    yield Told(method="item/fileChange/patchUpdated", params={"changes": changes}, of_item=True)
    yield Ended(changes={"changes": changes, "status": "completed"})
    diff = f"diff --git a/calc.py b/calc.py\n--- a/calc.py\n+++ b/calc.py\n{_UPDATE}"
    yield Told(method="turn/diff/updated", params={"diff": diff})


def _mcp(tool: str, arguments: Shape, **end: Any) -> Iterator[Frame]:
    yield Began(
        item={
            "type": "mcpToolCall",
            "id": "call",
            "server": "weather",
            "tool": tool,
            "status": "inProgress",
            "arguments": arguments,
            "appContext": None,
            "mcpAppUi": None,
            "pluginId": None,
            "readOnlyHint": True,
            "result": None,
            "error": None,
            "durationMs": None,
        }
    )
    yield Told(method="item/mcpToolCall/progress", params={"message": "asking the sky"}, of_item=True)
    yield Ended(changes={"status": "completed", "durationMs": 1200, **end})


def mcp_tool_call(_: Scene) -> Iterator[Frame]:
    """A call that works, and one that does not."""
    content = [
        {"type": "text", "text": "Sunny, 21 °C"},
        {"type": "image", "data": "", "mimeType": "image/png"},
    ]
    structured = {"city": "Oslo", "sky": "clear", "wind": {"from": "west", "speed": 3}}
    yield from _mcp(
        "forecast",
        {"city": "Oslo", "days": 1},
        result={"content": content, "structuredContent": structured, "_meta": None},
    )
    failed: Shape = {"content": [{"type": "text", "text": "no such city"}], "structuredContent": None}
    yield from _mcp("forecast", {"city": "Osol"}, status="failed", result={**failed, "_meta": None})


def dynamic_tool_call(_: Scene) -> Iterator[Frame]:
    """A call of a client's own tool."""
    yield Began(
        item={
            "type": "dynamicToolCall",
            "id": "call",
            "namespace": "editor",
            "tool": "selection",
            "arguments": {"file": "calc.py"},
            "status": "inProgress",
            "contentItems": None,
            "success": None,
            "durationMs": None,
        }
    )
    given = [{"type": "inputText", "text": "lines 1 to 2 are selected"}]
    yield Ended(changes={"status": "completed", "contentItems": given, "success": True, "durationMs": 3})


def function_call_output(_: Scene) -> Iterator[Frame]:
    """What a function gave."""
    output = "2026-11-28T01:00:00Z"
    yield from once("functionCallOutput", name="curr_time", namespace="clock", output=output)


def web_search(_: Scene) -> Iterator[Frame]:
    """A search for two things, a page, and something looked for in it."""
    page = "https://docs.python.org/3/tutorial/floatingpoint.html"
    search = {"type": "search", "query": "float sum", "queries": ["python float sum", "fsum accuracy"]}
    results = [{"title": "Floating-Point Arithmetic", "url": page, "snippet": "…"}]
    yield from once("webSearch", query="float sum", action=search, results=results)
    yield from once("webSearch", query=page, action={"type": "openPage", "url": page}, results=None)
    find = {"type": "findInPage", "url": page, "pattern": "fsum"}
    yield from once("webSearch", query=f"'fsum' in {page}", action=find, results=None)


def image_view(scene: Scene) -> Iterator[Frame]:
    """A picture that is looked at."""
    cwd = scene.cwd
    yield from once("imageView", path=f"{cwd}/plot.png")


def image_generation(scene: Scene) -> Iterator[Frame]:
    """A picture that is made."""
    cwd = scene.cwd
    yield Began(
        item={
            "type": "imageGeneration",
            "id": "ig",
            "status": "in_progress",
            "revisedPrompt": None,
            "result": "",
            "savedPath": None,
        }
    )
    prompt = "A plus sign in a red circle, flat, on white"
    yield Ended(
        changes={"status": "completed", "revisedPrompt": prompt, "savedPath": f"{cwd}/images/plus.png"}
    )


def review(_: Scene) -> Iterator[Frame]:
    """A review, and what it found."""
    found = (
        "The change is right, with one remark.\n\n"
        "- **[P2] Negative counts** — `calc.py:41`\n  `range(abs(a))` hides a wrong sign.\n"
    )
    yield from once("enteredReviewMode", review="current changes")
    yield from once("exitedReviewMode", review=found)


def context_compaction(_: Scene) -> Iterator[Frame]:
    """A summary of the conversation."""
    yield from once("contextCompaction")


def agents(_: Scene) -> Iterator[Frame]:
    """Two agents started, and waited for."""
    agents = ["01a21fa8-ddc9-78c3-996a-2bfbb5b71ae7", "01a21fa8-e0a2-7f10-8c55-77c1d9d0c2be"]

    def call(
        tool: str, receivers: list[str], prompt: str | None, states: Shape, began: Shape
    ) -> Iterator[Frame]:
        yield Began(
            item={
                "type": "collabAgentToolCall",
                "id": "call",
                "tool": tool,
                "status": "inProgress",
                "senderThreadId": str(uuid.UUID(int=0)),
                "receiverThreadIds": receivers if tool == "wait" else [],
                "prompt": prompt,
                "model": None,
                "reasoningEffort": None,
                "agentsStates": {},
                **began,
            }
        )
        yield Ended(changes={"status": "completed", "receiverThreadIds": receivers, "agentsStates": states})

    model = {"model": "rehearsal", "reasoningEffort": "medium"}
    for agent, prompt in zip(agents, ("Look for other wrong signs", "Run the slow tests"), strict=True):
        yield from call("spawnAgent", [agent], prompt, {agent: _state("pendingInit")}, model)
    states = {agents[0]: _state("completed", "There are none."), agents[1]: _state("errored", "No pytest.")}
    yield from call("wait", agents, None, states, {})


def _state(status: str, message: str | None = None) -> Shape:
    return {"status": status, "message": message}


def sub_agent_activity(_: Scene) -> Iterator[Frame]:
    """An agent begins and is done."""
    for kind in ("started", "completed"):
        agent = str(uuid.UUID(int=1))
        yield from once("subAgentActivity", kind=kind, agentPath="/root/tests", agentThreadId=agent)


def hook_prompt(_: Scene) -> Iterator[Frame]:
    """What a hook told the model."""
    fragments = [{"text": "Run the tests before you stop.", "hookRunId": "stop:0:/etc/codex/hooks.json"}]
    yield from once("hookPrompt", fragments=fragments)


def sleep(_: Scene) -> Iterator[Frame]:
    """A pause."""
    yield from once("sleep", durationMs=1500)


def unknown(_: Scene) -> Iterator[Frame]:
    """An item of a type nobody knows yet."""
    yield from once("hologram", title="A cube", size=3, layers=["front", "back"])
