"""Vim's modes in the composer: shown, and with folds as single characters."""

from __future__ import annotations

from textual import events

from codex_ssh.core.tui_settings import TuiSettings
from codex_ssh.tui.bridge import TuiOptions
from tests.tui.conversation import Script
from tests.tui.stage import open_stage

VIM = TuiOptions(grace_seconds=0, settings=TuiSettings(vim=True))
LONG = "".join(f"line {n}\n" for n in range(30))


async def test_it_begins_with_insert_and_escape_moves() -> None:
    async with open_stage(options=VIM) as stage:
        await stage.wait_text("insert")
        await stage.type("one two", then="escape")
        await stage.wait_text("normal")
        await stage.pilot.press("b", "d", "w", "a")
        await stage.wait_text("insert")
        await stage.type("four ", then="enter")
        await stage.wait_call("turn/start")
        assert stage.script.asked("turn/start")[0]["input"][0]["text"] == "one four "


async def test_enter_sends_from_every_mode_and_writing_begins_anew() -> None:
    async with open_stage(options=VIM) as stage:
        await stage.type("one\ntwo", then="escape")
        await stage.pilot.press("v", "k")
        await stage.wait_text("visual line")
        assert stage.composer.selected_text == "one\ntwo"
        await stage.pilot.press("enter")
        await stage.wait_call("turn/start")
        await stage.wait_text("insert")
        await stage.type("more", then="")
        assert stage.composer.text == "more"


async def test_escape_interrupts_only_where_vim_has_no_use_for_it() -> None:
    script = Script()
    async with open_stage(script, options=VIM) as stage:
        script.turn()
        await stage.wait_text("running")
        await stage.type("text", then="escape")
        await stage.pilot.press("2", "d")
        await stage.wait_text("normal 2d")
        await stage.pilot.press("escape")
        await stage.wait_gone("normal 2d")
        assert not script.asked("turn/interrupt")
        await stage.pilot.press("escape")
        await stage.wait_call("turn/interrupt")
        assert stage.composer.text == "text"


async def test_a_fold_is_one_character() -> None:
    async with open_stage(options=VIM) as stage:
        await stage.type("a ", then="")
        stage.composer.post_message(events.Paste(LONG))
        await stage.pilot.pause()
        await stage.type(" b", then="escape")
        await stage.pilot.press("h", "h", "x")
        assert stage.composer.draft.seen == "a  b"
        await stage.pilot.press("$", "p")
        assert stage.composer.draft.seen == "a  b[pasted 30 lines]"
        await stage.pilot.press("u", "u")
        assert stage.composer.draft.text == f"a {LONG} b"
        await stage.pilot.press("d", "d", "u")
        assert stage.composer.draft.text == f"a {LONG} b"


async def test_nothing_is_offered_while_moving() -> None:
    async with open_stage(options=VIM) as stage:
        await stage.type("/mo", then="")
        await stage.wait_text("/model")
        await stage.pilot.press("escape")
        await stage.wait_gone("/model")
        await stage.pilot.press("escape", "h")
        assert stage.composer.text == "/mo"
        await stage.pilot.press("A", "d")
        await stage.wait_text("/model")


async def test_the_history_is_searched_from_normal_mode() -> None:
    async with open_stage(options=VIM) as stage:
        await stage.type("make tests")
        await stage.wait_text("› make tests")
        await stage.pilot.press("escape", "ctrl+r")
        await stage.type("tes")
        assert stage.composer.text == "make tests"
        await stage.wait_text("normal")
