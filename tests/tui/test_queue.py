"""What is said for after the running turn waits on the server where it can, is seen, and can be had back."""

from __future__ import annotations

from codex_ssh.core.outbox import Kept
from codex_ssh.core.rpc import Json
from tests.tui.conversation import THREAD, Script
from tests.tui.stage import Stage, open_stage


class Disk:
    """Keeps what would be on disk."""

    def __init__(self) -> None:
        self.kept = Kept()

    def save(self, kept: Kept) -> None:
        self.kept = kept


def keeps_queue(script: Script) -> list[Json]:
    """Let the server keep a queue; gives what is in it."""
    waiting: list[Json] = []

    def changed() -> None:
        script.say("thread/queue/changed")

    def add(params: Json) -> Json:
        submission = {
            "id": f"q{len(script.asked('thread/queue/add'))}",
            "clientUserMessageId": params["clientUserMessageId"],
            "input": params["input"],
        }
        waiting.append(submission)
        changed()
        return {"queuedSubmission": submission}

    def delete(params: Json) -> Json:
        found = [one for one in waiting if one["id"] == params["queuedSubmissionId"]]
        for one in found:
            waiting.remove(one)
        changed()
        return {"deleted": bool(found)}

    script.replies |= {
        "thread/queue/add": add,
        "thread/queue/list": lambda _: {"data": list(waiting), "nextCursor": None},
        "thread/queue/delete": delete,
        "thread/queue/start": lambda _: {"turn": {"id": "turn-2", "status": "inProgress"}},
    }
    return waiting


async def running(stage: Stage) -> None:
    stage.script.turn()
    await stage.wait_text("running")


async def test_tab_keeps_a_message_on_the_server_until_the_turn_is_over() -> None:
    script, disk = Script(), Disk()
    waiting = keeps_queue(script)
    async with open_stage(script, drafts=disk) as stage:
        await running(stage)
        await stage.type("then run the tests", then="tab")
        await stage.wait_text("▹ then run the tests")
        await stage.wait(lambda: waiting, "it is on the server")
        await stage.wait_gone("(not sent yet)")
        await stage.wait(lambda: not disk.kept.outbox.messages, "it has arrived for certain")
        assert stage.composer.text == ""
        assert not script.asked("turn/steer")
        number = waiting[0]["clientUserMessageId"]
        waiting.clear()
        script.say("thread/queue/changed")
        content = [{"type": "text", "text": "then run the tests"}]
        script.turn("completed", durationMs=1)
        script.item("userMessage", "u", clientId=number, content=content)
        await stage.wait_gone("▹")
        await stage.wait_text("› then run the tests")
        assert not script.asked("turn/start"), "the server started it"


async def test_the_last_one_can_be_edited_or_deleted() -> None:
    script = Script()
    waiting = keeps_queue(script)
    async with open_stage(script) as stage:
        await running(stage)
        for text in ("one", "two", "three"):
            await stage.type(text, then="tab")
            await stage.wait_text(f"▹ {text}")
        await stage.wait(lambda: len(waiting) == 3, "they are there")
        await stage.wait_gone("(not sent yet)")
        await stage.pilot.press("alt+up")
        await stage.wait(lambda: stage.composer.text == "three", "it is in the composer")
        await stage.wait_gone("▹ three")
        await stage.pilot.press("ctrl+c", "shift+left")
        await stage.wait(lambda: stage.composer.text == "two", "it is in the composer")
        await stage.pilot.press("ctrl+x")
        assert len(waiting) == 1, "nothing is deleted while something is written"
        await stage.pilot.press("ctrl+c", "ctrl+x")
        await stage.wait(lambda: not waiting, "it is gone")
        await stage.wait_gone("▹")


async def test_one_that_has_been_started_meanwhile_stays_where_it_is() -> None:
    script = Script()
    waiting = keeps_queue(script)
    async with open_stage(script) as stage:
        await running(stage)
        await stage.type("one", then="tab")
        await stage.wait(lambda: waiting, "it is there")
        await stage.wait_gone("(not sent yet)")
        waiting.clear()
        await stage.pilot.press("alt+up")
        await stage.wait_text("it is under way already")
        assert stage.composer.text == ""


async def test_what_another_client_queued_is_seen_and_waits_after_an_interrupt() -> None:
    script = Script()
    waiting = keeps_queue(script)
    async with open_stage(script) as stage:
        await running(stage)
        content = [{"type": "text", "text": "from \x1b[31melsewhere"}]
        waiting.append({"id": "x", "clientUserMessageId": "c", "input": content})
        script.say("thread/queue/changed")
        await stage.wait_text("▹ from ␛[31melsewhere")
        script.turn("interrupted", durationMs=1)
        await stage.wait_text("waits for your next turn, or /queue start")
        assert stage.composer.text == ""
        await stage.type("/queue start ")
        await stage.wait_call("thread/queue/start")


async def test_a_queued_message_meets_a_lost_link_and_is_queued_once() -> None:
    script = Script()
    waiting = keeps_queue(script)
    async with open_stage(script) as stage:
        await running(stage)
        answerer = script.replies["thread/queue/add"]

        def arrives_and_breaks(params: Json) -> Json:
            answerer(params)
            script.replies["thread/queue/add"] = answerer
            script.drop()
            raise script._lost("reset")

        script.replies["thread/queue/add"] = arrives_and_breaks
        await stage.type("once", then="tab")
        await stage.wait(lambda: not stage.chat.is_online, "the link is gone")
        await stage.wait_text("▹ once")
        script.come_back()
        await stage.wait(lambda: stage.chat.is_online, "the link is back")
        await stage.wait_gone("(not sent yet)")
        assert len(waiting) == len(script.asked("thread/queue/add")) == 1
        script.say("turn/started", turn={"id": "turn-2", "status": "inProgress", "items": []})
        await stage.wait_text("running")
        script.breaks("thread/queue/add")
        await stage.type("lost", then="tab")
        await stage.wait(lambda: not stage.chat.is_online, "the link is gone")
        script.come_back()
        await stage.wait(lambda: len(waiting) == 2, "it is sent again")


async def test_a_server_without_a_queue_gets_it_when_the_turn_is_over() -> None:
    script, disk = Script(), Disk()
    script.lacking = {"thread/queue/add"}
    async with open_stage(script, drafts=disk) as stage:
        await running(stage)
        await stage.type("afterwards", then="tab")
        await stage.wait_text("▹ afterwards (not sent yet)")
        assert [one.text for one in disk.kept.outbox.messages] == ["afterwards"]
        await stage.type("now")
        await stage.wait_call("turn/steer")
        assert not script.asked("turn/start")
        script.turn("completed", durationMs=1)
        await stage.wait_call("turn/start")
        await stage.wait_text("› afterwards")
        await stage.wait_gone("▹")


async def test_without_a_queue_an_interrupt_gives_the_messages_back() -> None:
    script = Script()
    script.lacking = {"thread/queue/add"}
    async with open_stage(script) as stage:
        await running(stage)
        await stage.type("one", then="tab")
        await stage.type("two", then="tab")
        await stage.type("half", then="escape")
        await stage.wait_call("turn/interrupt")
        script.turn("interrupted", durationMs=1)
        await stage.wait(lambda: stage.composer.text == "one\n\ntwo\n\nhalf", "they are back")
        assert not script.asked("turn/start")


async def test_tab_means_something_else_while_nothing_runs() -> None:
    async with open_stage() as stage:
        await stage.type("text", then="tab")
        assert stage.composer.text == "text"
        assert stage.composer.has_focus
        assert not stage.script.asked("thread/queue/add")


async def test_a_resumed_thread_shows_what_waits() -> None:
    script = Script()
    waiting = keeps_queue(script)
    content = [{"type": "text", "text": "still to do"}]
    waiting.append({"id": "x", "clientUserMessageId": "c", "input": content})
    async with open_stage(script) as stage:
        stage.chat.resume(THREAD)
        await stage.wait_text("▹ still to do")
