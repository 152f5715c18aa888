"""Going back to before something that was said, with it in the composer."""

from __future__ import annotations

from codex_ssh.core.rpc import Json
from codex_ssh.errors import RpcFailed
from tests.tui.conversation import THREAD, Script, opened
from tests.tui.stage import open_stage

IMAGE = {"type": "image", "url": "data:image/png;base64,AA=="}


def said(number: int, text: str, *more: Json) -> Json:
    content = [{"type": "text", "text": text}, *more]
    item = {"type": "userMessage", "id": f"u{number}", "content": content}
    return {"id": f"turn-{number}", "status": "completed", "items": [item]}


def with_prompts() -> Script:
    script = Script()
    turns = [said(3, "third [Image #1]", IMAGE), said(2, "second\x1b[31m"), {"id": "turn-x", "items": []}]
    script.replies["thread/turns/list"] = lambda params: {
        "data": turns if params.get("itemsView") == "summary" else []
    }
    script.replies["thread/revert"] = lambda _: {"thread": {"id": THREAD}}
    return script


async def test_escape_twice_chooses_a_prompt_and_the_thread_goes_back() -> None:
    async with open_stage(with_prompts()) as stage:
        await stage.pilot.press("escape")
        await stage.wait_text("esc again: back to before something you said")
        await stage.pilot.press("escape")
        await stage.wait_text("second␛[31m")
        await stage.pilot.press("down", "enter")
        await stage.wait(lambda: stage.composer.draft.text == "second\x1b[31m", "it is in the composer")
        assert stage.script.asked("thread/revert") == [{"threadId": THREAD, "beforeTurnId": "turn-2"}]
        assert not stage.script.asked("thread/fork")


async def test_an_image_comes_back_with_its_prompt() -> None:
    async with open_stage(with_prompts()) as stage:
        await stage.type("/back")
        await stage.wait_text("third")
        await stage.pilot.press("enter")
        await stage.wait(lambda: stage.composer.text, "it is in the composer")
        draft = stage.composer.draft
        assert draft.text == "third [Image #1]"
        assert len(draft.attachments) == 1


async def test_a_server_that_cannot_go_back_copies_what_was_before() -> None:
    script = with_prompts()
    script.lacking = {"thread/revert"}
    script.replies["thread/fork"] = lambda _: opened("t-2")
    async with open_stage(script) as stage:
        await stage.type("/back")
        await stage.wait_text("third")
        await stage.pilot.press("down", "enter")
        await stage.wait_call("thread/fork")
        fork = script.asked("thread/fork")[0]
        assert fork == {"threadId": THREAD, "beforeTurnId": "turn-2", "excludeTurns": True}
        await stage.wait_text("this is a copy, from before what is in the composer")
        assert stage.chat.transcript is not None
        assert stage.chat.transcript.thread_id == "t-2"
        assert stage.composer.draft.text == "second\x1b[31m"


async def test_a_thread_of_an_older_codex_is_copied() -> None:
    script = with_prompts()

    def refuse(_: Json) -> Json:
        raise RpcFailed("thread/revert", code=-32600, said="thread/revert only supports paginated threads")

    script.replies["thread/revert"] = refuse
    script.replies["thread/fork"] = lambda _: opened("t-2")
    async with open_stage(script) as stage:
        await stage.type("/back")
        await stage.wait_text("third")
        await stage.pilot.press("enter")
        await stage.wait_call("thread/fork")


async def test_what_the_server_refuses_is_said_and_nothing_is_in_the_composer() -> None:
    script = with_prompts()
    script.refuses("thread/revert", "turn not found: turn-3")
    async with open_stage(script) as stage:
        await stage.type("/back")
        await stage.wait_text("third")
        await stage.pilot.press("enter")
        await stage.wait_text("turn not found: turn-3")
        assert stage.composer.text == ""
        assert not script.asked("thread/fork")


async def test_escape_does_not_go_back_while_something_runs_or_is_written() -> None:
    async with open_stage(with_prompts()) as stage:
        await stage.type("text", then="escape")
        await stage.pilot.press("escape")
        assert stage.composer.text == "text"
        await stage.pilot.press("ctrl+c")
        stage.script.turn()
        await stage.wait_text("running")
        await stage.pilot.press("escape", "escape")
        await stage.wait_call("turn/interrupt")
        assert not any(one.get("itemsView") == "summary" for one in stage.script.asked("thread/turns/list"))


async def test_a_thread_in_which_nothing_was_said_has_nothing_to_go_back_to() -> None:
    async with open_stage() as stage:
        await stage.pilot.press("escape", "escape")
        await stage.wait_text("there is nothing to go back to")
