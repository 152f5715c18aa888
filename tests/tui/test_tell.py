"""One thing said to several hosts: only to those that were marked, and only after a word was typed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual import events
from textual.widgets import OptionList

from codex_ssh.core.attachment import Mention, Picture
from codex_ssh.core.draft import Draft, image_fold, mention_fold
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen
from codex_ssh.tui.screens.tell_screen import TellScreen
from codex_ssh.tui.widgets.host_view import HostView
from tests.tui.conversation import Script, opened
from tests.tui.stage import Stage, open_stage
from tests.tui.test_many_hosts import Written, go, report


@asynccontextmanager
async def three_hosts(size: tuple[int, int] = (80, 24)) -> AsyncGenerator[tuple[Stage, Script, Script]]:
    """A TUI on devbox, with gpu and web open beside it."""
    fleet = Written(report("gpu"), report("web"))
    async with open_stage(fleet=fleet, size=size, ready=False) as stage:
        await stage.wait(lambda: stage.chat.transcript is not None, "the thread")
        for host in ("gpu", "web", "devbox"):
            stage.app.type_command(f"/hosts {host}")
            await stage.wait(lambda host=host: stage.app.here.host == host, host)  # type: ignore[misc]
        await over(stage)
        await stage.wait(lambda: all(view.chat.transcript for view in stage.app.views), "all threads")
        yield stage, fleet.scripts["gpu"], fleet.scripts["web"]


def said(script: Script) -> list[str]:
    """Give what reached a host, as a turn or steering one."""
    calls = [*script.asked("turn/start"), *script.asked("turn/steer")]
    return [call["input"][0]["text"] for call in calls]


def view_of(stage: Stage, host: str) -> HostView:
    return next(view for view in stage.app.views if view.host == host)


def notes(stage: Stage, host: str) -> list[str]:
    """Give what was remarked in a host's conversation."""
    transcript = view_of(stage, host).chat.transcript
    assert transcript is not None
    return [text for entry in transcript.entries if (text := getattr(entry.content, "text", ""))]


async def begin(stage: Stage, text: str) -> TellScreen:
    stage.composer.take(f"/tell {text}")
    await stage.pilot.press("enter")
    return await stage.on_top(TellScreen)


async def mark(stage: Stage, *hosts: str) -> None:
    """Mark hosts in the list."""
    names = [view.host for view in stage.app.views]
    options = stage.app.screen.query_one(OptionList)
    for host in hosts:
        while options.highlighted != names.index(host):
            await stage.pilot.press("down")
        await stage.pilot.press("space")


async def confirm(stage: Stage, word: str) -> None:
    await stage.pilot.press("enter")
    await stage.on_top(ConfirmScreen)
    await stage.type(word)


async def over(stage: Stage) -> None:
    await stage.wait(lambda: len(stage.app.screen_stack) == 1, "no dialog")


# ---------------------------------------------------------------- saying it


async def test_the_marked_hosts_are_told_and_no_other() -> None:
    async with three_hosts() as (stage, gpu, web):
        gpu.turn()
        await stage.wait(lambda: (one := view_of(stage, "gpu").chat.transcript) and one.turn_id, "a turn")
        await begin(stage, "pull, and run the tests")
        for text in ("alice@devbox (box-17)  ● idle", "alice@gpu (gpu-1)  ▶ running", "new thread  /w"):
            assert text in stage.screen()
        # None is marked at first, not even the one that is shown.
        assert stage.screen().count("[ ]") == 3
        await mark(stage, "gpu", "web")
        await stage.wait_text("go on with 2")
        await stage.pilot.press("enter")
        await stage.on_top(ConfirmScreen)
        shown = stage.screen()
        assert "say this to 2 hosts?" in shown
        assert "│ pull, and run the tests" in shown
        assert "alice@gpu (gpu-1) in /w" in shown
        assert "new thread: running; it steers the turn that runs" in shown
        assert "alice@web (web-1) in /w" in shown
        assert "new thread: idle; it begins a turn" in shown
        assert "alice@devbox" not in shown
        await stage.type("2 hosts")
        await stage.wait(lambda: said(gpu) and said(web), "it is said")
        await over(stage)
        assert said(gpu) == said(web) == ["pull, and run the tests"]
        assert gpu.asked("turn/steer")
        assert web.asked("turn/start")
        assert said(stage.script) == []
        # Once in the conversation of each that was told, and where it was typed.
        for host in ("devbox", "gpu", "web"):
            assert notes(stage, host).count("said to 2 hosts: gpu, web") == 1
        assert stage.composer.text == ""
        assert view_of(stage, "web").desk.history() == ("pull, and run the tests",)


async def test_lines_blanks_and_pastes_are_said_as_they_were_written() -> None:
    text = "first\n  indented   twice\n" + "\n".join(f"line {number}" for number in range(40))
    async with three_hosts(size=(40, 20)) as (stage, gpu, _):
        await begin(stage, text)
        await mark(stage, "gpu")
        await stage.pilot.press("enter")
        await stage.on_top(ConfirmScreen)
        # The host and the word are in sight; the text above them can be gone through.
        await stage.wait_text("type 1 host and enter")
        assert "alice@gpu (gpu-1) in /w" in stage.screen()
        for _ in range(5):
            await stage.pilot.press("pageup")
        await stage.wait_text("│   indented   twice")
        await stage.type("1 host")
        await stage.wait(lambda: said(gpu), "it is said")
        assert said(gpu) == [text]


async def test_a_paste_goes_along_and_a_pasted_command_is_none() -> None:
    paste = "\n".join(f"line {number}" for number in range(30))
    async with three_hosts() as (stage, gpu, _):
        await stage.type("/tell ", then="")
        stage.composer.put_text(paste)
        assert "[pasted 30 lines]" in stage.screen() or stage.composer.draft.folds
        await stage.pilot.press("enter")
        await stage.on_top(TellScreen)
        await mark(stage, "gpu")
        await confirm(stage, "1 host")
        await stage.wait(lambda: said(gpu), "it is said")
        assert said(gpu) == [paste]
        await over(stage)
        stage.composer.put_text(f"/tell {paste}")
        await stage.pilot.press("enter")
        await stage.wait(lambda: said(stage.script), "a message like any other")
        assert len(stage.app.screen_stack) == 1


async def test_without_a_link_it_waits_for_it_and_is_said_once() -> None:
    async with three_hosts() as (stage, gpu, web):
        gpu.drop(LinkState.LOST)
        await stage.wait(lambda: not view_of(stage, "gpu").chat.is_online, "no link")
        await begin(stage, "later")
        await stage.wait_text("✗ no link")
        await mark(stage, "gpu", "web")
        await stage.pilot.press("enter")
        await stage.on_top(ConfirmScreen)
        assert "no link just now: it waits here" in stage.screen()
        await stage.type("2 hosts")
        await stage.wait(lambda: said(web), "said where there is a link")
        assert said(gpu) == []
        gpu.come_back()
        await stage.wait(lambda: said(gpu), "said when the link is back")
        assert said(gpu) == said(web) == ["later"]
        assert said(stage.script) == []


async def test_what_a_host_does_not_take_is_in_its_composer_and_is_told() -> None:
    async with three_hosts() as (stage, gpu, web):
        gpu.refuses("turn/start", "no more turns")
        await begin(stage, "go on")
        await mark(stage, "gpu", "web")
        await confirm(stage, "2 hosts")
        await stage.wait_text("what you wrote for gpu is in its composer again")
        assert said(web) == ["go on"]
        assert said(stage.script) == []
        await go(stage, "gpu")
        await stage.wait(lambda: stage.composer.text == "go on", "it is in the composer there")
        await stage.wait_text("no more turns")


# ---------------------------------------------------------------- saying nothing


async def test_another_word_says_nothing_anywhere() -> None:
    async with three_hosts() as (stage, gpu, web):
        await begin(stage, "rm it")
        await mark(stage, "gpu", "web")
        await confirm(stage, "")
        await stage.wait_text("that is not the word")
        for word in ("1 host", "3 hosts", "2", "yes"):
            await stage.type(word)
            await stage.pilot.press("ctrl+u")
            assert isinstance(stage.app.screen, ConfirmScreen), word
        await stage.pilot.press("escape")
        await over(stage)
        # It is not lost, and not said.
        await stage.wait(lambda: stage.composer.text == "/tell rm it", "it is in the composer")
        assert said(gpu) == said(web) == said(stage.script) == []
        assert notes(stage, "gpu") == []


async def test_with_no_host_marked_nothing_is_asked() -> None:
    async with three_hosts() as (stage, gpu, web):
        await begin(stage, "rm it")
        await stage.pilot.press("enter")
        await stage.wait_text("no host is marked; space: mark one")
        await mark(stage, "gpu")
        await mark(stage, "gpu")  # not any more
        await stage.pilot.press("enter")
        await stage.wait_text("no host is marked")
        await stage.pilot.press("escape")
        await over(stage)
        assert said(gpu) == said(web) == said(stage.script) == []


async def test_a_click_marks_and_does_not_go_on() -> None:
    async with three_hosts() as (stage, _, _):
        screen = await begin(stage, "rm it")
        await stage.pilot.click(OptionList, offset=(6, 2))
        await stage.wait_text("[x] alice@gpu")
        assert stage.app.screen is screen


@pytest.mark.parametrize("text", ["!rm -rf ~", "/compact", "/tell it"])
async def test_what_would_be_no_message_is_refused(text: str) -> None:
    async with three_hosts() as (stage, gpu, web):
        stage.composer.take(f"/tell {text}")
        await stage.pilot.press("enter")
        await stage.wait_text("one host at a time")
        await stage.wait(lambda: stage.composer.text == f"/tell {text}", "it is in the composer")
        assert len(stage.app.screen_stack) == 1
        assert said(gpu) == said(web) == said(stage.script) == []


async def test_images_and_files_of_one_host_are_refused_and_kept() -> None:
    picture = image_fold(Picture(url="data:image/png;base64,AAAA", label="shot.png"))
    file = mention_fold(Mention(name="a.py", path="/w/a.py"))
    async with three_hosts() as (stage, gpu, _):
        for fold in (picture, file):
            stage.composer.take(Draft(pieces=("/tell look at ", fold)))
            await stage.pilot.press("enter")
            await stage.wait_text("/tell takes text only")
            assert len(stage.composer.draft.attachments) == 1
        assert len(stage.app.screen_stack) == 1
        assert said(gpu) == said(stage.script) == []


async def test_with_one_host_open_it_says_how_to_open_others() -> None:
    async with open_stage(fleet=Written(report("gpu"))) as stage:
        await stage.type("/tell them")
        await stage.wait_text("only devbox is open here")
        await stage.wait_text("/hosts (alt+h: your hosts)")
        assert stage.composer.text == "/tell them"
        await stage.pilot.press("ctrl+c")
        await stage.type("/tell")
        await stage.wait(lambda: stage.composer.text == "/tell ", "the command to go on with")
        assert said(stage.script) == []


# ---------------------------------------------------------------- what happens meanwhile


async def test_a_host_that_is_gone_meanwhile_is_left_out() -> None:
    async with three_hosts() as (stage, gpu, web):
        await begin(stage, "go on")
        await mark(stage, "gpu", "web")
        await stage.pilot.press("enter")
        await stage.on_top(ConfirmScreen)
        gpu.lose("gone")
        await stage.wait(lambda: len(stage.app.views) == 2, "it is left")
        await stage.type("2 hosts")
        await stage.wait_text("not said to gpu: it was left meanwhile")
        await stage.wait_text("said to 1 host: web")
        assert said(web) == ["go on"]
        assert said(gpu) == said(stage.script) == []


async def test_another_thread_meanwhile_is_told_nothing() -> None:
    async with three_hosts() as (stage, gpu, web):
        await begin(stage, "go on")
        await mark(stage, "gpu")
        await stage.pilot.press("enter")
        await stage.on_top(ConfirmScreen)
        gpu.replies["thread/resume"] = lambda _: opened("t-other")
        chat = view_of(stage, "gpu").chat
        chat.resume("t-other")
        await stage.wait(lambda: chat.transcript and chat.transcript.thread_id == "t-other", "another one")
        await stage.type("1 host")
        await stage.wait_text("not said to gpu: another thread is shown there now")
        await stage.wait(lambda: stage.composer.text == "/tell go on", "it is in the composer")
        assert said(gpu) == said(web) == said(stage.script) == []


async def test_the_list_follows_and_a_mark_goes_with_its_host() -> None:
    async with three_hosts() as (stage, gpu, web):
        await begin(stage, "go on")
        await mark(stage, "gpu", "web")
        web.ask_command(1, "deploy it")
        await stage.wait_text("1 waiting for you")
        gpu.lose("gone")
        await stage.wait_gone("alice@gpu")
        await stage.wait_text("go on with 1")
        await stage.pilot.press("enter")
        await stage.on_top(ConfirmScreen)
        assert "say this to 1 host?" in stage.screen()


async def test_a_host_without_a_thread_and_one_that_is_read_only_cannot_be_marked() -> None:
    async with three_hosts() as (stage, gpu, _):
        view_of(stage, "gpu").chat.is_read_only = True
        view_of(stage, "web").chat.transcript = None
        await begin(stage, "go on")
        assert "another codex process has its thread" in stage.screen()
        assert "no thread is open there" in stage.screen()
        await stage.pilot.press("down", "space")
        await stage.wait_text("gpu cannot be told")
        await stage.pilot.press("enter")
        await stage.wait_text("no host is marked")
        assert said(gpu) == []


async def test_a_host_of_a_view_that_only_approves_cannot_be_marked() -> None:
    async with three_hosts() as (stage, gpu, _):
        chat = view_of(stage, "gpu").chat
        chat.options = replace(chat.options, approves_only=True)
        await begin(stage, "go on")
        await stage.wait_text("this view only approves")
        await stage.pilot.press("down", "space", "enter")
        await stage.wait_text("no host is marked")
        assert said(gpu) == []


async def test_two_names_of_one_thread_are_not_told_twice() -> None:
    async with three_hosts() as (stage, gpu, web):
        web._facts = replace(gpu.facts, host="web")
        await begin(stage, "go on")
        await mark(stage, "gpu", "web")
        await stage.pilot.press("enter")
        await stage.wait_text("show the same thread")
        assert said(gpu) == said(web) == []


async def test_text_of_a_devbox_is_no_markup_and_no_escape() -> None:
    async with three_hosts() as (stage, gpu, _):
        gpu.say("thread/name/updated", threadName="[red]x[/]\x1b[31m\ndevbox: yes")
        await begin(stage, "[bold]go[/]\x1b[2J")
        await stage.wait_text("[red]x[/]␛[31m␊devbox: yes")
        assert "[bold]go[/]␛[2J" in stage.screen()
        await mark(stage, "gpu")
        await stage.pilot.press("enter")
        await stage.on_top(ConfirmScreen)
        assert "[red]x[/]␛[31m␊devbox: yes: idle; it begins a turn" in stage.screen()
        assert "│ [bold]go[/]␛[2J" in stage.screen()


async def test_enter_that_came_before_the_dialog_was_there_marks_nothing() -> None:
    async with three_hosts() as (stage, _, _):
        screen = await begin(stage, "hello there")
        # Textual gives a key the dialog could not take yet to what has the keyboard, when that is there.
        screen.query_one(OptionList)._forward_event(events.Key("enter", None))
        await stage.wait_text("no host is marked")
        assert "[x]" not in stage.screen()
