"""A session with a real codex is recorded, and comes to the same screen when it is played."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_ssh.local.recording_file import load_recording
from codex_ssh.tui.player import Player
from codex_ssh.tui.replay_text import replay_text
from tests.support.codex import CodexBinary
from tests.tui.roll import open_replay, transcript_of
from tests.tui.session import KEPT, SIZE, recorded


@pytest.mark.codex
async def test_the_screen_of_a_real_session_is_the_one_it_had(
    codex_binary: CodexBinary, tmp_path: Path
) -> None:
    async with recorded(codex_binary, tmp_path) as (stage, roll):
        await stage.wait_text("interrupted after")
        live = transcript_of(stage.app)
        stage.app.view.toggle_all()
        await stage.pilot.pause()
        unfolded = transcript_of(stage.app)

    for speed in (0.0, 20.0):
        async with open_replay(roll.recording(), speed=speed, size=SIZE) as replay:
            await replay.wait_over()
            await replay.wait(lambda: transcript_of(replay.app) == live, f"the screen\n{live}")
            await replay.pilot.press("ctrl+o")
            await replay.wait(lambda: transcript_of(replay.app) == unfolded, "it unfolded")


async def test_the_session_that_is_kept_still_plays() -> None:
    text = await replay_text(Player(load_recording(KEPT), speed=0))

    assert [line for line in text.splitlines() if line.startswith(("› ", "• ", "$ ", "± ", "∴ "))] == [
        "› think about where to look first",
        "∴ about where to look first",
        "• I look at the sources, then I change one of them.",
        "$ seq 1 40; echo 'def add(a, b):' > calc.py",
        "± --- /dev/null",
        "• **Done:** `notes.txt` is written.",
        "› escalate: touch made-by-hand",
        "$ touch made-by-hand",
        "• It is made.",
        "› escalate: rm -rf everything",
        "$ rm -rf everything",
        "• Then not.",
        "› hold a long answer that is not finished",
        "• a long answer that is not finished",
    ]


async def test_the_session_that_is_kept_is_shown_to_its_end() -> None:
    async with open_replay(load_recording(KEPT), size=SIZE) as replay:
        await replay.wait_over()
        await replay.wait_text("interrupted after")
        await replay.wait_text("(cut short; not kept by the server)")
        await replay.wait_text("Plan, 1 of 3 done")


def test_the_session_that_is_kept_names_no_machine_it_was_made_on() -> None:
    text = KEPT.read_text(encoding="utf-8")

    assert "/home/alice/work" in text
    for place in ("/tmp/", "/root", "/Users/"):
        assert place not in text
