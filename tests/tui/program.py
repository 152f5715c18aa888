"""Runs the TUI on a written conversation on a real terminal: ``python -m tests.tui.program WHAT``."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import AsyncIterator

from codex_ssh.core.rpc import Notification, Request
from codex_ssh.tui.app import run_tui
from codex_ssh.tui.bridge import TuiOptions
from tests.tui.conversation import Script


class Broken(Script):
    """Its reader has a bug."""

    async def incoming(self) -> AsyncIterator[Notification | Request]:
        canary = "canary-secret"
        async for message in super().incoming():
            if message.method == "boom":
                raise ZeroDivisionError(len(canary))
            yield message


def fill(script: Script) -> None:
    """Play a turn that shows a bit of everything and ends with an approval."""
    script.turn()
    script.item("userMessage", "u", content=[{"type": "text", "text": "Make the tests pass\nand say how"}])
    script.item("reasoning", "r", summary=["**Looking around** first, then at the failing test."])
    steps = [("Look", "completed"), ("Change", "inProgress"), ("Check", "pending")]
    plan = [{"step": step, "status": status} for step, status in steps]
    script.say("turn/plan/updated", turnId="turn-1", explanation="Three steps", plan=plan)
    script.item(
        "commandExecution",
        "c1",
        command="/bin/bash -lc 'pytest -q'",
        status="completed",
        aggregatedOutput="".join(f"tests/test_{n}.py ok\n" for n in range(12)) + "1 failed\n",
        exitCode=1,
        durationMs=4200,
    )
    diff = "@@ -1,3 +1,3 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n"
    change = {"path": "/w/calc.py", "kind": {"type": "update"}, "diff": diff}
    script.item("fileChange", "f", status="completed", changes=[change])
    text = (
        "## What was wrong\n\n`add` took **minus** for plus, see [the notes](https://example.org/notes):\n\n"
        "1. found it\n2. fixed it\n\n```python\nassert add(1, 2) == 3\n```\n\n"
        "| test | result |\n|---|---|\n| add | ok |\n"
    )
    script.item("agentMessage", "a", text=text)
    script.item("commandExecution", "i", done=False, command="/bin/bash -lc 'make test'", status="inProgress")
    script.say(
        "thread/tokenUsage/updated",
        tokenUsage={
            "total": {"totalTokens": 48_200},
            "last": {"totalTokens": 30_000},
            "modelContextWindow": 258_400,
        },
    )


async def main(what: str) -> int:
    """Run, and print how it ended."""
    script = Broken() if what == "crash" else Script()
    if what == "crash":
        script.say("boom")
    else:
        fill(script)
    if what == "approval":
        script.ask_command(reason="the sandbox has no network")
    try:
        print(await run_tui(script, TuiOptions()))
    except ZeroDivisionError:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
