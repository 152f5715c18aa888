"""What a person sees and can do while there is no link, and when it is back."""

from __future__ import annotations

import asyncio

from codex_ssh.core.draft import harmless
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.outbox import Delivery, Kept, Message, Outbox
from codex_ssh.core.question import Question, QuestionKind
from codex_ssh.core.rpc import Json
from codex_ssh.core.thread import ThreadId
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.dialogs import DialogPrompter
from tests.tui.conversation import THREAD, Script, opened, thread
from tests.tui.stage import open_stage


class Disk:
    """Keeps what a real disk would."""

    def __init__(self) -> None:
        self.kept = Kept()

    def save(self, kept: Kept) -> None:
        self.kept = kept


def account(script: Script, *texts: str, turn: str = "turn-1", status: str = "completed") -> None:
    """Let the server tell of one turn with these answers, the user's message in front."""
    items: list[Json] = [
        {"turnId": turn, "item": {"type": "agentMessage", "id": f"a-{n}", "text": text}}
        for n, text in enumerate(texts)
    ]
    script.replies["thread/items/list"] = lambda _: {"data": items[::-1]}
    script.replies["thread/turns/list"] = lambda _: {"data": [{"id": turn, "status": status, "items": []}]}


def still_runs(script: Script, *flags: str) -> None:
    """Let the server tell that the turn goes on."""
    status: Json = {"type": "active", "activeFlags": list(flags)}
    script.replies["thread/resume"] = lambda _: {**opened(), "thread": thread(status=status)}
    script.replies["thread/turns/list"] = lambda _: {
        "data": [{"id": "turn-1", "status": "inProgress", "items": []}]
    }


async def test_the_screen_says_what_is_the_matter_and_tries_at_once_on_a_key() -> None:
    async with open_stage(size=(140, 24)) as stage:
        stage.script.drop()
        await stage.wait_text("no link, last contact 1 s ago")
        await stage.wait_text("ctrl+r: now")
        await stage.pilot.press("ctrl+r")
        assert stage.script.tries == 1
        stage.script.come_back()
        await stage.wait_gone("no link")
        await stage.wait_text("idle")


async def test_a_link_that_waits_for_the_user_says_why() -> None:
    async with open_stage(size=(140, 24)) as stage:
        stage.script.drop(LinkState.PAUSED, "the host key has changed")
        await stage.wait_text("no link: the host key has changed")
        await stage.wait_text("ctrl+r: reconnect")


async def test_what_was_missed_is_on_the_screen_and_said_in_a_few_lines() -> None:
    async with open_stage(size=(100, 40)) as stage:
        script = stage.script
        script.turn()
        script.delta("a-0", "the first half")
        await stage.wait_text("the first half")
        script.drop()
        await stage.wait_text("no link")
        account(script, "the first half, and the second", "and one more")
        script.come_back()
        await stage.wait_text("the first half, and the second")
        await stage.wait_text("and one more")
        await stage.wait_text("while there was no link")
        await stage.wait_text("1 turn finished")


async def test_streamed_text_with_a_hole_is_marked_until_all_of_it_is_there() -> None:
    async with open_stage(size=(100, 40)) as stage:
        script = stage.script
        script.turn()
        script.delta("a-0", "before the hole")
        await stage.wait_text("before the hole")
        script.drop()
        await stage.wait_text("no link")
        still_runs(script)
        script.come_back()
        script.delta("a-0", "after the hole")
        await stage.wait_text("missed while there was no link")
        await stage.wait_text("after the hole")
        script.item("agentMessage", "a-0", text="before the hole, in it, and after it")
        await stage.wait_text("in it, and after it")
        await stage.wait_gone("missed while there was no link")


async def test_a_message_said_without_a_link_waits_on_disk_and_is_sent_once() -> None:
    script, disk = Script(), Disk()
    async with open_stage(script, size=(140, 24), drafts=disk) as stage:
        script.drop()
        await stage.wait_text("no link")
        await stage.type("do it then")
        await stage.wait_text("1 waiting to be sent")
        assert [(one.text, one.delivery) for one in disk.kept.outbox.messages] == [
            ("do it then", Delivery.LOCAL)
        ]
        assert not script.asked("turn/start")
        script.come_back()
        await stage.wait_call("turn/start")
        script.item("userMessage", "u", clientId=script.asked("turn/start")[0]["clientUserMessageId"])
        await stage.wait(lambda: not disk.kept, "nothing is kept")
        assert len(script.asked("turn/start")) == 1


async def test_a_message_the_server_took_before_the_link_broke_is_not_sent_again() -> None:
    script = Script()
    script.breaks("turn/start")
    async with open_stage(script, size=(140, 24)) as stage:
        await stage.type("only once")
        await stage.wait_text("no link")
        number = script.asked("turn/start")[0]["clientUserMessageId"]
        said = {
            "type": "userMessage",
            "id": "u",
            "clientId": number,
            "content": [{"type": "text", "text": "x"}],
        }
        script.replies["thread/items/list"] = lambda _: {"data": [{"turnId": "turn-1", "item": said}]}
        script.come_back()
        await stage.wait(lambda: not stage.chat.outbox.messages and stage.chat.is_online, "it is settled")
        assert len(script.asked("turn/start")) == 1


async def test_a_message_the_server_never_saw_is_sent_again() -> None:
    script = Script()
    script.breaks("turn/start")
    async with open_stage(script, size=(140, 24)) as stage:
        await stage.type("twice if need be")
        await stage.wait_text("no link")
        script.come_back()
        await stage.wait(lambda: len(script.asked("turn/start")) == 2, "it is sent again")
        first, second = script.asked("turn/start")
        assert first["clientUserMessageId"] == second["clientUserMessageId"]


async def test_an_approval_goes_with_the_link_and_comes_back_when_it_is_asked_again() -> None:
    async with open_stage(size=(100, 40)) as stage:
        script = stage.script
        script.turn()
        script.ask_command(3, "make test")
        await stage.wait_text("yes, run it")
        script.drop()
        await stage.wait_gone("yes, run it")
        await stage.pilot.press("y")
        assert script.answers == []
        still_runs(script, "waitingOnApproval")
        script.ask_command(3, "make test")
        script.come_back()
        await stage.wait_text("yes, run it")
        assert len(stage.chat.asks) == 1


async def test_an_approval_that_was_answered_meanwhile_is_gone() -> None:
    async with open_stage(size=(100, 40)) as stage:
        script = stage.script
        script.turn()
        script.ask_command(3, "make test")
        await stage.wait_text("yes, run it")
        script.drop()
        await stage.wait_gone("yes, run it")
        account(script, "done without you")
        script.come_back()
        await stage.wait_text("1 request answered elsewhere")
        assert stage.chat.asks == ()


async def test_an_answer_nobody_confirmed_is_fenced_before_the_server_asks_again() -> None:
    async with open_stage(size=(100, 40)) as stage:
        script = stage.script
        script.turn()
        script.ask_command(3, "make test")
        await stage.wait_text("yes, run it")
        script.silent_about_answers = True
        await stage.pilot.press("y")
        await stage.wait(lambda: script.answers, "the answer")
        script.drop()
        await stage.wait_text("no link")
        script.come_back()
        await stage.wait(lambda: len(script.asked("thread/resume")) == 1, "it joins again")
        methods = [method for method, _ in script.calls]
        assert methods.index("fence") < methods.index("thread/resume")


async def test_what_a_killed_client_left_is_in_the_composer_again() -> None:
    sent = Message(id="seen", thread_id=ThreadId(THREAD), text="it got there", delivery=Delivery.SENT)
    lost = Message(id="lost", thread_id=ThreadId(THREAD), text="it did not", delivery=Delivery.SENT)
    left = Kept(thread_id=THREAD, draft=harmless("half a sen"), outbox=Outbox(messages=(sent, lost)))
    script, disk = Script(), Disk()
    said = {"type": "userMessage", "id": "u", "clientId": "seen", "content": [{"type": "text", "text": "x"}]}
    script.replies["thread/items/list"] = lambda _: {"data": [{"turnId": "turn-1", "item": said}]}
    options = TuiOptions(resume=THREAD, left=left, grace_seconds=0)
    async with open_stage(script, size=(100, 40), options=options, drafts=disk) as stage:
        await stage.wait(lambda: stage.composer.text == "it did not\n\nhalf a sen", "the composer has it")
        assert not script.asked("turn/start")
        await stage.wait(lambda: disk.kept.draft == stage.composer.draft, "it is kept on")


async def test_what_stands_in_the_composer_is_on_disk() -> None:
    disk = Disk()
    async with open_stage(drafts=disk) as stage:
        await stage.type("not sent yet", then="")
        await stage.wait(lambda: disk.kept.draft.text == "not sent yet", "it is kept")


async def test_a_login_that_asks_something_asks_in_a_dialog() -> None:
    async with open_stage(size=(100, 40)) as stage:
        prompter = DialogPrompter(Refuser())
        prompter.app = stage.app
        question = Question(
            kind=QuestionKind.KEYBOARD_INTERACTIVE, host="bastion", text="Verification code: ", lead="Hello"
        )
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(prompter.ask(question))
            await stage.wait_text("Verification code:")
            await stage.wait_text("bastion asks")
            await stage.type("123456")
        answer = asked.result()
        assert answer is not None
        assert answer.reveal() == "123456"
        assert "123456" not in stage.screen()
        await stage.wait_gone("Verification code:")


class Refuser:
    """Answers nothing."""

    async def ask(self, question: Question) -> None:
        raise AssertionError(question)

    def tell(self, host: str, text: str) -> None:
        raise AssertionError(text)
