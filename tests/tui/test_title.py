"""The terminal's title says what goes on, in the user's words and order, and goes back to what it was."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from codex_ssh.core.terminal_codes import POP_TITLE, PUSH_TITLE, title_sequence
from codex_ssh.core.tui_settings import TitleItem, TuiSettings
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.title import LONGEST_THREAD, title_text
from tests.conftest import StartTmux
from tests.support.waiting import until
from tests.tui.conversation import Script
from tests.tui.stage import Stage, open_stage

ROOT = Path(__file__).parents[2]


def title(stage: Stage, *items: TitleItem, beat: int = 0) -> str:
    return title_text(stage.chat, items or stage.chat.options.settings.title, beat)


async def test_it_says_what_goes_on_which_thread_and_where() -> None:
    script = Script()
    async with open_stage(script) as stage:
        assert title(stage) == "new thread · devbox"
        script.turn()
        script.item("userMessage", "u", content=[{"type": "text", "text": "Make the tests pass\nnow"}])
        await stage.wait_text("running")
        await stage.wait(lambda: title(stage) == "⠋ · Make the tests pass · devbox", "the first words")
        assert title(stage, beat=1)[0] != title(stage, beat=2)[0]
        script.ask_command()
        await stage.wait(lambda: title(stage) == "! Action Required · Make the tests pass · devbox", "an ask")
        script.drop()
        await stage.wait(lambda: title(stage).startswith("✗ no link · "), "the link's state")


async def test_every_item_has_its_words() -> None:
    script = Script()
    script.replies["command/exec"] = lambda _: {"exitCode": 0, "stdout": "topic\n", "stderr": ""}
    script.say("thread/name/updated", threadName="a name that is longer than the tab of any terminal is wide")
    script.turn()
    plan = [{"step": "a", "status": "completed"}, {"step": "b", "status": "pending"}]
    script.say("turn/plan/updated", turnId="turn-1", plan=plan)
    usage = {"total": {"totalTokens": 9}, "last": {"totalTokens": 30}, "modelContextWindow": 100}
    script.say("thread/tokenUsage/updated", tokenUsage=usage)
    script.say("thread/settings/updated", threadSettings={"cwd": "/srv/src/project"})
    async with open_stage(script, ready=False) as stage:
        await stage.wait(lambda: stage.chat.surroundings.branch, "the branch")
        await stage.wait(lambda: stage.chat.transcript and stage.chat.transcript.usage.total, "all of it")
        parts = title(stage, *TitleItem).split(" · ")
        assert parts[0] == "⠋"
        assert len(parts[1]) == LONGEST_THREAD
        assert parts[2:] == [
            "devbox",
            "project",
            "topic",
            "gpt-test",
            "running",
            "1/2",
            "context 70 % left",
        ]


async def test_without_items_the_title_is_left_alone() -> None:
    async with open_stage(options=TuiOptions(settings=TuiSettings(title=()))) as stage:
        written: list[str] = []
        stage.app.write_terminal = written.append  # type: ignore[method-assign, assignment]
        stage.script.turn()
        await stage.wait_text("running")
        assert not any("\x1b]2;" in sequence for sequence in written)


@pytest.mark.parametrize("name", ["a\x1b]0;evil\x07b", "a\x9d0;evil\x9cb", "a\u202eb", "a\nb"])
async def test_a_hostile_name_stays_inside_the_title(name: str) -> None:
    script = Script()
    async with open_stage(script) as stage:
        written: list[str] = []
        stage.app.write_terminal = written.append  # type: ignore[method-assign, assignment]
        script.say("thread/name/updated", threadName=name)
        await stage.wait(lambda: any(s.startswith("\x1b]2;a") for s in written), "the title")
        (sequence,) = [s for s in written if s.startswith("\x1b]2;a")]
        assert sequence.endswith("b · devbox\a")
        assert sequence[4:-1].isprintable()


@pytest.mark.tmux
async def test_a_terminal_has_it_and_has_its_own_again_at_the_end(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    argv = ["sh", "-c", f"read go; exec {sys.executable} -m tests.tui.program approval"]
    terminal = await start_tmux(argv, environment={"PYTHONPATH": str(ROOT)}, columns=100, lines=30)
    await terminal.command("select-pane", "-T", "mine")
    await terminal.command("pipe-pane", "-o", f"cat > {raw}")
    await terminal.key("Enter")

    async def shown() -> str:
        return (await terminal.command("display-message", "-p", "#{pane_title}")).strip()

    async def is_ours() -> bool:
        return await shown() == "! Action Required · Make the tests pass · devbox"

    await until(is_ours, "the title", show=raw.read_text)
    await terminal.key("C-q")
    assert await terminal.wait_exit() == 0
    assert await shown() == "mine"
    text = raw.read_text(errors="replace")
    assert text.index(PUSH_TITLE) < text.index("\x1b]2;") < text.index(POP_TITLE)


async def test_an_editor_that_had_the_terminal_may_have_left_another_title() -> None:
    script = Script()
    async with open_stage(script) as stage:
        written: list[str] = []
        driver = stage.app._driver
        assert driver is not None
        driver.write = written.append  # type: ignore[method-assign, assignment]
        stage.app.suspend = nullcontext  # type: ignore[method-assign, assignment]
        with stage.app.lend_terminal():
            stage.app.put_title("not now")
            assert written == []
        assert title_sequence("new thread · devbox") in written
