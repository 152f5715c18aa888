"""What the server asks a program is answered without a card, and never before another client could."""

from __future__ import annotations

from codex_ssh.tui.bridge import TuiOptions
from tests.tui.stage import open_stage


async def test_the_time_is_answered_without_a_word() -> None:
    async with open_stage() as stage:
        stage.script.ask(7, "currentTime/read")
        await stage.wait(lambda: stage.script.answers, "the answer")
        ((number, result),) = stage.script.answers
        assert number == 7
        assert isinstance(result["currentTimeAt"], int)
        assert "currentTime" not in stage.screen()


async def test_a_tool_we_do_not_have_is_answered_and_told() -> None:
    async with open_stage() as stage:
        stage.script.ask("x", "item/tool/call", tool="open_\x1b[31mfile", arguments={})
        await stage.wait_text("it was told so")
        ((number, result),) = stage.script.answers
        assert (number, result["success"]) == ("x", False)


async def test_a_request_nobody_knows_is_refused_and_told() -> None:
    async with open_stage() as stage:
        stage.script.ask(8, "item/tool/guess")
        await stage.wait_text("asked for 'item/tool/guess'")
        assert stage.script.refusals == [(8, -32601)]


async def test_an_attestation_is_refused() -> None:
    async with open_stage() as stage:
        stage.script.ask(9, "attestation/generate")
        await stage.wait(lambda: stage.script.refusals, "the refusal")
        assert stage.script.refusals == [(9, -32000)]


async def test_what_another_client_answers_first_is_not_answered_again() -> None:
    async with open_stage(options=TuiOptions(grace_seconds=0, patience=0.01)) as stage:
        stage.script.ask(1, "item/tool/call", tool="theirs", arguments={})
        stage.script.say("serverRequest/resolved", requestId=1)
        stage.script.ask(2, "item/tool/call", tool="nobodys", arguments={})
        await stage.wait_text("nobodys")
        assert [number for number, _ in stage.script.answers] == [2]
        assert "theirs" not in stage.screen()
