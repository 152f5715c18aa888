"""Turns that are taken back, by whom ever, vanish from the screen."""

from tests.tui.conversation import Script
from tests.tui.stage import open_stage


async def test_turns_taken_back_elsewhere_vanish() -> None:
    script = Script()
    async with open_stage(script) as stage:
        script.turn()
        script.item("agentMessage", "a", text="first answer")
        script.turn("completed")
        script.say(
            "item/completed", turnId="turn-2", item={"type": "agentMessage", "id": "b", "text": "second"}
        )
        script.say("turn/completed", turn={"id": "turn-2", "status": "completed", "items": []})
        await stage.wait_text("second")
        left = {"id": "turn-1", "status": "completed", "items": []}
        item = {"turnId": "turn-1", "item": {"type": "agentMessage", "id": "a", "text": "first answer"}}
        script.replies["thread/turns/list"] = lambda _: {"data": [left]}
        script.replies["thread/items/list"] = lambda _: {"data": [item]}
        script.say("thread/reverted")
        await stage.wait_gone("second")
        await stage.wait_text("taken back to here")
        assert "first answer" in stage.screen()
