"""The pictures in the documentation, drawn by the TUI itself: ``python -m tests.tui.pictures`` writes them.

``tests/tui/test_pictures.py`` compares the files with what is drawn now.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from textual.widgets import Input, TextArea

from codex_ssh.core.fleet import Doing, FleetThread, Reach
from codex_ssh.core.thread import ThreadId
from codex_ssh.core.tui_settings import ThemeName
from codex_ssh.local.recording_file import load_recording
from codex_ssh.tui.app import CodexApp
from tests.support.waiting import until
from tests.tui.conversation import Script, thread
from tests.tui.program import fill
from tests.tui.roll import open_replay
from tests.tui.session import KEPT
from tests.tui.stage import open_stage
from tests.tui.test_many_hosts import Written, go, report
from tests.tui.test_threads_screen import ACTIVE, WAITING, listing

PLACE: Final = Path(__file__).parents[2] / "docs" / "reference"

TITLE: Final = "codex-ssh devbox"

Size = tuple[int, int]


async def an_approval() -> str:
    """Draw a conversation that waits for an approval."""
    script = Script()
    fill(script)
    script.ask_command(reason="the sandbox has no network")
    async with open_stage(script, size=(96, 44), ready=False) as stage:
        await stage.wait_text("Run this command?")
        return await drawn(stage.app)


async def an_edit() -> str:
    """Draw an edit that waits for an approval."""
    script = Script()
    script.turn()
    script.item("userMessage", "u", content=[{"type": "text", "text": "add takes minus for plus: fix it"}])
    diff = (
        "@@ -1,6 +1,9 @@\n import math\n \n-def add(a, b):\n-    return a - b\n"
        '+def add(a: float, b: float) -> float:\n+    """Give the sum."""\n+    return a + b\n \n'
        " def root(a):\n     return math.sqrt(a)\n"
    )
    changes = [
        {"path": "/w/src/calc.py", "kind": {"type": "update"}, "diff": diff},
        {"path": "/w/NOTES", "kind": {"type": "add"}, "diff": "add was wrong since 1.2\n"},
    ]
    script.item("fileChange", "f", done=False, status="inProgress", changes=changes)
    script.ask("7", "item/fileChange/requestApproval", itemId="f", reason="these files are not writable")
    async with open_stage(script, size=(96, 46), ready=False) as stage:
        await stage.wait_text("Give the sum.")
        await stage.wait(lambda: stage.app._asks.card.display, "the card")
        return await drawn(stage.app)


async def the_threads() -> str:
    """Draw the list of threads."""
    now = time.time()
    script = listing(
        thread("t-run", preview="fix the failing test", updatedAt=now - 15, status=ACTIVE),
        thread("t-wait", name="deploy", updatedAt=now - 330, status=WAITING, gitInfo={"branch": "main"}),
        thread(
            "t-old", preview="what does the parser do with tabs?", updatedAt=now - 7_500, cwd="/srv/parser"
        ),
        thread("t-older", preview="write the release notes", updatedAt=now - 180_000),
    )
    items = [
        {"type": "userMessage", "id": "u", "content": [{"type": "text", "text": "try again"}]},
        {"type": "agentMessage", "id": "a", "text": "The test fails in the parser."},
    ]
    script.replies["thread/turns/list"] = lambda _: {
        "data": [{"id": "turn", "status": "completed", "items": items}]
    }
    async with open_stage(script, size=(96, 30)) as stage:
        await stage.type("/resume")
        await stage.wait_text("fails in the parser")
        await stage.wait_text("release notes")
        return await drawn(stage.app)


async def the_hosts() -> str:
    """Draw the list of hosts: two that are open, one of them waiting, and three others."""
    now = time.time()

    def does(number: str, title: str, doing: Doing, seconds: int) -> FleetThread:
        at = int(now) - seconds
        return FleetThread(id=ThreadId(number), title=title, doing=doing, cwd="/srv/model", updated_at=at)

    waits = does("t-1", "find a learning rate", Doing.WAITING, 250)
    runs = does("t-2", "train it", Doing.RUNNING, 20)
    gpu = report("gpu", Reach.UP, waits, runs, does("t-3", "plots", Doing.IDLE, 9_000))
    seen = replace(report("build", Reach.UP, does("t-4", "build it", Doing.RUNNING, 11_400)), at=now - 11_000)
    build = replace(report("build", Reach.OFF, why="no answer within 3 s"), last=seen)
    vault = report("vault", Reach.ASKS, why="it asks for a password")
    fleet = Written(
        report("web"), build, replace(gpu, version="0.169.0"), vault, report("new", Reach.NO_SERVER)
    )
    async with open_stage(Script(), size=(96, 24), fleet=fleet) as stage:
        await go(stage, "web")
        await go(stage, "devbox")
        fleet.scripts["web"].ask_command()
        await stage.wait_text("web waits for you")
        await stage.pilot.press("alt+h")
        await stage.wait_text("no server")
        await stage.wait_gone("looking at")
        return await drawn(stage.app)


async def all_the_hosts() -> str:
    """Draw three hosts side by side: one waits, one streams, one is over."""
    script = Script()
    fill(script)
    script.turn("completed", durationMs=95_000)
    fleet = Written(report("gpu"), report("web"))
    async with open_stage(script, size=(126, 30), ready=False, fleet=fleet) as stage:
        await stage.wait_text("worked for")
        for host in ("gpu", "web"):
            await go(stage, host)
        gpu, web = fleet.scripts["gpu"], fleet.scripts["web"]
        for one, title in ((gpu, "train the model"), (web, "deploy it")):
            one.say("thread/name/updated", threadName=title)
            one.turn()
        gpu.item("commandExecution", "c", command="python train.py", aggregatedOutput="epoch 1\nepoch 2\n")
        gpu.item("agentMessage", "m", done=False, text="")
        gpu.delta(
            "m", "It goes **well**: the loss is\n\n- 0.31 after the first epoch\n- 0.27 after the second"
        )
        web.item("agentMessage", "m", text="All tests are green, so this can go out.")
        web.ask_command(command="make deploy")
        await stage.wait_text("Run this command?")
        await stage.pilot.press("alt+a")
        await stage.wait_text("0.27 after the second")
        return await drawn(stage.app)


async def a_small_terminal() -> str:
    """Draw a conversation where there is little room."""
    script = Script()
    fill(script)
    script.turn("completed", durationMs=95_000)
    async with open_stage(script, size=(40, 20)) as stage:
        await stage.wait_text("worked for")
        return await drawn(stage.app)


async def the_themes() -> str:
    """Draw the list of themes, with the light one tried on."""
    script = Script()
    fill(script)
    script.turn("completed", durationMs=95_000)
    async with open_stage(script, size=(96, 30), ready=False) as stage:
        await stage.wait_text("worked for")
        await stage.type("/theme")
        await stage.wait_text("which theme?")
        await stage.pilot.press("down", "down")
        await stage.wait(lambda: stage.app.look is ThemeName.LIGHT, "it is on")
        return await drawn(stage.app)


async def a_replay() -> str:
    """Draw the end of a session that was recorded with a real codex."""
    async with open_replay(load_recording(KEPT), size=(96, 40)) as replay:
        await replay.wait_over()
        await replay.wait_text("interrupted after")
        return await drawn(replay.app, title="codex-ssh replay session.jsonl")


PICTURES: Final[Mapping[str, Callable[[], Awaitable[str]]]] = {
    "tui.svg": an_approval,
    "tui-edit.svg": an_edit,
    "tui-threads.svg": the_threads,
    "tui-hosts.svg": the_hosts,
    "tui-all.svg": all_the_hosts,
    "tui-small.svg": a_small_terminal,
    "tui-themes.svg": the_themes,
    "tui-replay.svg": a_replay,
}
"""By the name of the file."""


async def drawn(app: CodexApp, *, title: str = TITLE) -> str:
    """Give the screen as SVG once nothing moves, without what blinks and counts."""
    await until(lambda: app.chat.surroundings.account is not None, "what is beside the thread")
    for field in app.screen.query("Input, TextArea"):
        assert isinstance(field, Input | TextArea)
        field.cursor_blink = False
    seen: list[str] = []

    def is_still() -> bool:
        app.here.turn_since = None  # a turn that runs has just begun
        app._refresh_status()
        seen.append(app.export_screenshot(title=title))
        return len(seen) > 20 and len(set(seen[-20:])) == 1

    await until(is_still, "nothing moves", seconds=30)
    return seen[-1]


async def main() -> None:
    """Write all that differ."""
    for name, draw in PICTURES.items():
        picture = await draw()
        file = PLACE / name
        if not file.exists() or file.read_text(encoding="utf-8") != picture:
            file.write_text(picture, encoding="utf-8")
            print(file, file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(main())
