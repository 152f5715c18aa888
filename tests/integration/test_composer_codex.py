"""The composer with a real codex: what the model reads, the queue, going back, commands, files, skills."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual import events

from codex_ssh.core.image import Image, decode_image
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.desk import NoDesk
from tests.conftest import StartCodex
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.headless import open_loopback
from tests.support.model import Json, Model
from tests.support.pictures import PNG
from tests.tui.stage import Stage, open_stage

pytestmark = pytest.mark.codex

SHOT = decode_image(PNG, name="shot.png")


class Table(NoDesk):
    """A desk with an image on its clipboard."""

    async def pasted_image(self) -> Image | None:
        return SHOT


OpenTui = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
async def server(start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    return await start_codex(codex_binary, auth=False)


@pytest.fixture
def open_tui(server: CodexAppServer, workspace: Path) -> OpenTui:
    """Open a TUI on the server, with a new thread or with one there is; there may be several."""

    @asynccontextmanager
    async def opened(resume: str | None = None) -> AsyncGenerator[Stage, None]:
        options = TuiOptions(grace_seconds=0, cwd=str(workspace), resume=resume)
        async with (
            open_loopback(server.port) as line,
            open_stage(through=line, options=options, desk=Table(), size=(100, 40), ready=False) as stage,
        ):
            await stage.wait(lambda: stage.chat.transcript is not None and not stage.chat.doing, "the thread")
            yield stage

    return opened


def texts(request: Json) -> list[str]:
    """What the user said, as the model reads it."""
    return [
        part["text"]
        for item in request["input"]
        if item.get("role") == "user"
        for part in item["content"]
        if part["type"] == "input_text"
    ]


async def paste(stage: Stage, text: str) -> None:
    stage.composer.post_message(events.Paste(text))
    await stage.pilot.pause()


async def test_the_model_reads_a_paste_an_image_a_file_and_a_skill(
    open_tui: OpenTui, server: CodexAppServer, workspace: Path, model: Model
) -> None:
    (workspace / "my notes.md").write_text("noted")
    skill = server.codex_home / "skills" / "greet" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: greet\ndescription: Says hello\n---\nSay hello nicely.\n")
    async with open_tui() as stage:
        long = "".join(f"line {n} \x1b[31m\u202e\n" for n in range(40))
        await stage.type("say see ", then="ctrl+v")
        await stage.wait_text("[shot.png 3×2")
        await stage.type("@mynot", then="")
        await stage.wait_text("my notes.md")
        await stage.pilot.press("enter")
        await stage.type("$gre", then="")
        await stage.wait_text("Says hello")
        await stage.pilot.press("tab")
        await paste(stage, long)
        await stage.pilot.press("enter")
        await stage.wait(lambda: model.requests, "the model is asked")
        request = model.requests[-1]
        assert f'say see [Image #1] @"my notes.md" $greet {long}' in texts(request)
        assert SHOT.data_url() in json.dumps(request)
        assert any("Say hello nicely." in text for text in texts(request)), "codex put the skill in"


async def test_the_queue_is_on_the_server_and_every_client_sees_it(open_tui: OpenTui, model: Model) -> None:
    async with open_tui() as first:
        await first.type("say hello")
        await first.wait_text("• hello")
        await first.type("hold on")
        await model.wait_holding()
        await first.wait_text("running")
        for text in ("say second", "say third", "say fourth"):
            await first.type(text, then="tab")
            await first.wait_text(f"▹ {text}")
        assert first.chat.transcript is not None
        async with open_tui(first.chat.transcript.thread_id) as other:
            await other.wait_text("▹ say third")
            await other.pilot.press("alt+up")
            await other.wait(lambda: other.composer.text == "say fourth", "the last one is taken back")
            await first.wait_gone("▹ say fourth")
            model.release()
            for stage in (first, other):
                await stage.wait_text("• second")
                await stage.wait_text("• third")
                await stage.wait_gone("▹")
                assert "fourth" not in stage.screen().split("╭")[0]
            await first.wait(lambda: not first.chat.outbox.messages, "all has arrived for certain")


async def test_the_queue_goes_on_when_everybody_has_left(
    open_tui: OpenTui, server: CodexAppServer, workspace: Path, model: Model
) -> None:
    async with open_tui() as stage:
        await stage.type("hold on")
        await model.wait_holding()
        await stage.wait_text("running")
        await stage.type("say nobody was there", then="tab")
        await stage.wait(lambda: not stage.chat.outbox.messages, "it has arrived")
        assert stage.chat.transcript is not None
        thread_id = stage.chat.transcript.thread_id
    model.release()
    async with open_tui(thread_id) as stage:
        await stage.wait_text("• nobody was there")
        assert stage.composer.text == ""


async def test_an_interrupt_pauses_the_queue_until_it_is_started(open_tui: OpenTui, model: Model) -> None:
    async with open_tui() as stage:
        await stage.type("hold on")
        await model.wait_holding()
        await stage.wait_text("running")
        await stage.type("say later", then="tab")
        await stage.wait_text("▹ say later")
        await stage.wait_gone("(not sent yet)")
        await stage.pilot.press("escape")
        await stage.wait_text("waits for your next turn, or /queue start")
        await stage.type("/queue start ")
        await stage.wait_text("• later")
        await stage.wait_gone("▹")


async def test_going_back_takes_the_thread_back_for_every_client(open_tui: OpenTui, model: Model) -> None:
    async with open_tui() as stage:
        for text in ("say one", "say two", "say three"):
            await stage.type(text)
            await stage.wait_text(f"• {text[4:]}")
            await stage.wait_text("idle")
        assert stage.chat.transcript is not None
        async with open_tui(stage.chat.transcript.thread_id) as other:
            await other.wait_text("• three")
            await stage.pilot.press("escape", "escape")
            await stage.wait_text("go back to before which of these?")
            await stage.pilot.press("down", "enter")
            await stage.wait(lambda: stage.composer.text == "say two", "it is in the composer")
            for one in (stage, other):
                await one.wait_gone("• two")
                await one.wait_gone("• three")
                await one.wait_text("• one")
                await one.wait_text("the conversation was taken back to here")
            await stage.pilot.press("ctrl+u")
            await stage.type("say otherwise")
            await stage.wait_text("• otherwise")
            said = [text for text in texts(model.requests[-1]) if text.startswith("say")]
            assert said == ["say one", "say otherwise"], "the model does not know what was taken back"


async def test_a_shell_command_runs_there_and_is_shown(open_tui: OpenTui, workspace: Path) -> None:
    async with open_tui() as stage:
        await stage.type("!echo made-$((40+2)) | tee made.txt")
        await stage.wait_text("made-42")
        assert (workspace / "made.txt").read_text() == "made-42\n"


async def test_files_are_found_while_a_name_is_typed_and_deleted(open_tui: OpenTui, workspace: Path) -> None:
    (workspace / "src").mkdir()
    for n in range(200):
        (workspace / "src" / f"module_{n}.py").write_text("x")
    async with open_tui() as stage:
        await stage.type("@module_19", then="")
        await stage.wait_text("src/module_19.py")
        await stage.type("7", then="")
        await stage.wait(lambda: stage.chat.search.query == "module_197", "the answer to the last one")
        await stage.wait_text("src/module_197.py")
        await stage.pilot.press(*["backspace"] * 10)
        await stage.type("src", then="")
        await stage.wait(lambda: stage.chat.search.query == "src", "the answer")
        await stage.pilot.press("tab")
        assert stage.composer.draft.seen == "@src/ "
