"""A session of the TUI with a real codex, recorded; ``python -m tests.tui.session`` writes the one kept here.

Its model is scripted, everything else is what happened: thoughts, answers, commands, an edit, a plan, an
approval that is given, one that is declined, and a turn that is interrupted.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from codex_ssh.core.discreet import Discreet
from codex_ssh.core.recording import read_recording
from codex_ssh.tui.recorder import Recorder
from tests.support.codex import CodexBinary, open_codex, require_codex
from tests.support.headless import open_loopback
from tests.support.model import Model, open_model
from tests.tui.roll import Roll, transcript_of
from tests.tui.stage import Stage, open_stage

DATA = Path(__file__).parent / "data"
KEPT = DATA / "session-0.169.0.jsonl"
SIZE = (96, 44)

FIRST = """\
think about where to look first
say I look at the sources, then I change one of them.
run: seq 1 40; echo 'def add(a, b):' > calc.py
patch notes.txt
plan
say **Done:** `notes.txt` is written."""


async def live(stage: Stage, model: Model) -> None:
    """Do with a real codex what a person would."""
    await send(stage, FIRST)
    await turns(stage, 1)
    await send(stage, "escalate: touch made-by-hand\nsay It is made.")
    await stage.wait_text("Run this command?")
    await stage.pilot.press("y")
    await turns(stage, 2)
    await send(stage, "escalate: rm -rf everything\nsay Then not.")
    await stage.wait_text("Run this command?")
    await stage.pilot.press("d")
    await turns(stage, 3)
    await send(stage, "hold a long answer that is not finished")
    await model.wait_holding()
    await stage.wait_text("not finished")
    await stage.pilot.press("escape")
    await turns(stage, 4)


async def send(stage: Stage, text: str) -> None:
    """Send a message."""
    stage.composer.take(text)
    await stage.pilot.press("enter")


async def turns(stage: Stage, count: int) -> None:
    """Wait for the end of so many turns."""

    def ended() -> int:
        transcript = stage.chat.transcript
        return sum(entry.key[1] == "#end" for entry in transcript.entries) if transcript is not None else 0

    await stage.wait(lambda: ended() == count, f"the end of turn {count}")


@asynccontextmanager
async def recorded(binary: CodexBinary, place: Path) -> AsyncGenerator[tuple[Stage, Roll], None]:
    """Give a TUI on a real codex after all of it was done, and what was recorded so far."""
    work = place / "work"
    work.mkdir()
    roll = Roll()
    async with open_model() as model:
        model.write_config(place / "codex-home")
        flags = ("-c", 'sandbox_mode="workspace-write"')
        async with (
            open_codex(binary, place / "codex-home", cwd=work, auth=False, flags=flags) as server,
            open_loopback(server.port) as line,
        ):
            recorder = Recorder(
                line,
                roll,
                Discreet(),
                version="0.1.0",
                began="2026-01-02T03:04:05+00:00",
                now=asyncio.get_running_loop().time,
                size=lambda: SIZE,
            )
            async with open_stage(through=recorder, size=SIZE) as stage:
                await live(stage, model)
                await stage.pilot.pause()
                recorder.finish()
                yield stage, roll


async def main() -> None:
    """Write it down, with places of its own instead of this machine's."""
    binary = require_codex("npm")
    with tempfile.TemporaryDirectory(prefix="session-") as name:
        async with recorded(binary, Path(name)) as (stage, roll):
            print("\n".join(transcript_of(stage.app)))
        text = roll.text.replace(name, "/home/alice")
    text = text.replace(f"/{os.uname().nodename}", "/devbox")
    read_recording(text.splitlines(keepends=True))
    DATA.mkdir(exist_ok=True)
    KEPT.write_text(text, encoding="utf-8")
    print(f"{KEPT}: {len(text)} bytes", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(main())
