"""The TUI for listeners: what is said, once and in order, and what a typed line does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from codex_ssh.core.copy_request import Conflict
from codex_ssh.core.image import decode_image
from codex_ssh.tui.bridge import ExitReason, TuiOptions, TuiOutcome
from codex_ssh.tui.carrier import Carrier
from codex_ssh.tui.line_front import run_lines
from codex_ssh.tui.port_watch import PortKeeper
from tests.support import pictures
from tests.support.waiting import until
from tests.tui.conversation import Script, opened, thread
from tests.tui.test_ports import Box, port
from tests.tui.test_saves import Cart


@dataclass(kw_only=True)
class Listener:
    """Somebody at a terminal: hears what is written, types lines."""

    heard: list[str] = field(default_factory=list)
    typed: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    outcome: TuiOutcome | None = None

    def __post_init__(self) -> None:
        self.on_interrupt: Callable[[], None] = lambda: None

    def write(self, text: str) -> None:
        self.heard.append(text.removesuffix("\n"))

    async def read(self) -> str | None:
        return await self.typed.get()

    def type(self, line: str | None) -> None:
        self.typed.put_nowait(line)

    async def wait(self, text: str) -> None:
        await until(lambda: any(text in line for line in self.heard), f"{text!r} said", show=self.all)

    def all(self) -> str:
        return "\n".join(self.heard)


@asynccontextmanager
async def listening(
    script: Script, keeper: PortKeeper | None = None, carrier: Carrier | None = None, **options: object
) -> AsyncGenerator[Listener, None]:
    """Run the front end until the block ends."""
    listener = Listener()
    chosen = TuiOptions(**{"grace_seconds": 0, **options})  # type: ignore[arg-type]

    async def run() -> None:
        listener.outcome = await run_lines(script, chosen, listener, keeper=keeper, carrier=carrier)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run())
        yield listener
        listener.type(None)


def answer(script: Script, text: str, *, number: str = "m") -> None:
    script.say("item/completed", turnId="turn-1", item={"type": "agentMessage", "id": number, "text": text})


async def test_a_line_is_sent_and_the_answer_is_said_once() -> None:
    script = Script()
    async with listening(script) as listener:
        listener.type("hello")
        await until(lambda: script.asked("turn/start"), "the turn")
        script.say("turn/started", turn={"id": "turn-1", "status": "inProgress"})
        answer(script, "hi\x1b[31m there")
        script.turn("completed", durationMs=1500)
        await listener.wait("finished after 1.5 s")
    assert listener.heard.count("codex: hi␛[31m there") == 1
    assert "hello" not in listener.all()
    assert listener.outcome is not None
    assert listener.outcome.reason is ExitReason.QUIT


async def test_a_thread_that_cannot_be_opened_is_no_silence() -> None:
    script = Script()
    script.refuses("thread/start", "the model provider \x1b[31mis unknown")
    async with listening(script) as listener:
        await listener.wait("opening the thread failed")
        await listener.wait("/new begins a thread")
        assert "the model provider ␛[31mis unknown" in listener.all()
        listener.type("hello")
        await listener.wait("kept until a thread is open: /new begins one")
        script.replies["thread/start"] = lambda _: opened()
        listener.type("/new")
        await until(lambda: script.asked("turn/start"), "what was kept is sent")


async def test_a_long_answer_is_said_line_by_line_as_it_comes() -> None:
    script = Script()
    async with listening(script, prompt="go") as listener:
        await until(lambda: script.asked("turn/start"), "the turn")
        for piece in ("first li", "ne\nsecond", " line\nthi"):
            script.say("item/agentMessage/delta", turnId="turn-1", itemId="m", delta=piece)
        await listener.wait("second line")
        assert not any(line == "thi" for line in listener.heard)
        answer(script, "first line\nsecond line\nthird")
        await listener.wait("third")
    said = [line for line in listener.heard if "line" in line or line == "third"]
    assert "\n".join(said) == "codex: first line\nsecond line\nthird"


async def test_a_command_says_that_it_runs_and_how_it_ended() -> None:
    script = Script()
    async with listening(script) as listener:
        command = {"type": "commandExecution", "id": "c", "command": "/bin/bash -lc 'make test'", "cwd": "/w"}
        script.say("item/started", turnId="turn-1", item={**command, "status": "inProgress"})
        await listener.wait("runs: make test")
        done = {
            **command,
            "status": "failed",
            "exitCode": 2,
            "aggregatedOutput": "x\n" * 30,
            "durationMs": 2000,
        }
        script.say("item/completed", turnId="turn-1", item=done)
        await listener.wait("ran: make test, exit code 2, 2.0 s")
        await listener.wait("output, 30 lines, the last 20:")


async def test_an_approval_says_all_of_it_and_takes_a_letter() -> None:
    script = Script()
    async with listening(script) as listener:
        await listener.wait("thread in /w")
        script.ask_command(7, reason="no network")
        await listener.wait("command: make test")
        await listener.wait("alice on devbox, in /w/sub")
        await listener.wait("reason: no network")
        listener.type("n")
        await until(lambda: script.answers, "the answer")
    assert script.answers == [(7, {"decision": "decline"})]
    assert "answered elsewhere" not in listener.all()


async def test_a_letter_that_was_typed_too_early_decides_nothing_and_is_not_sent() -> None:
    script = Script()
    async with listening(script, grace_seconds=3600) as listener:
        await listener.wait("thread in /w")
        script.ask_command(7)
        await listener.wait("command: make test")
        listener.type("y")
        await listener.wait("too early")
    assert script.answers == []
    assert not script.asked("turn/start")


async def test_an_approval_answered_elsewhere_is_said() -> None:
    script = Script()
    async with listening(script) as listener:
        await listener.wait("thread in /w")
        script.ask_command(7)
        await listener.wait("approval wanted")
        script.say("serverRequest/resolved", requestId=7)
        await listener.wait("answered elsewhere")


async def test_questions_are_asked_one_after_the_other() -> None:
    script = Script()
    questions = [
        {
            "id": "a",
            "header": "First",
            "question": "which?",
            "options": [{"label": "left"}, {"label": "right"}],
        },
        {"id": "b", "header": "Second", "question": "why?", "options": []},
    ]
    async with listening(script) as listener:
        await listener.wait("thread in /w")
        script.ask(3, "item/tool/requestUserInput", questions=questions)
        await listener.wait("codex asks, question 1 of 2: First which?")
        listener.type("9")
        await listener.wait("answer with a number")
        listener.type("2")
        await listener.wait("question 2 of 2")
        listener.type("because")
        await until(lambda: script.answers, "the answer")
    answers = {"a": {"answers": ["right"]}, "b": {"answers": ["because"]}}
    assert script.answers == [(3, {"answers": answers})]


async def test_a_thread_is_chosen_by_its_number_and_its_end_is_said() -> None:
    script = Script()
    script.replies["thread/list"] = lambda _: {"data": [thread("t-7", preview="the old one")]}
    items = [
        {"turnId": "u", "item": {"type": "agentMessage", "id": f"m{at}", "text": f"answer {at}"}}
        for at in range(12)
    ]
    script.replies["thread/items/list"] = lambda _: {"data": items[::-1]}
    async with listening(script, resume="") as listener:
        await listener.wait("1: the old one")
        listener.type("1")
        await listener.wait("answer 11")
        await listener.wait("4 earlier entries are not said")
        assert "answer 3" not in listener.all()
    assert script.asked("thread/resume")[0]["threadId"] == "t-7"


async def test_ctrl_c_interrupts_the_turn_and_the_second_leaves() -> None:
    script = Script()
    async with listening(script, prompt="go") as listener:
        await until(lambda: script.asked("turn/start"), "the turn")
        script.turn()
        script.delta("m", "working on it\n")
        await listener.wait("working on it")
        listener.on_interrupt()
        await until(lambda: script.asked("turn/interrupt"), "the interrupt")
        listener.on_interrupt()
        await until(lambda: listener.outcome is not None, "the end")


async def test_a_lost_link_and_its_end_are_said() -> None:
    script = Script()
    async with listening(script) as listener:
        await listener.wait("thread in /w")
        script.drop()
        await listener.wait("no link")
        script.come_back()
        await listener.wait("the link is back")


async def test_what_the_server_refuses_is_said_and_the_message_is_given_back() -> None:
    script = Script()
    script.refuses("turn/start", "the model is asleep")
    async with listening(script) as listener:
        await listener.wait("thread in /w")
        listener.type("do it")
        await listener.wait("the model is asleep")
        await listener.wait("not taken by the server")
        assert "do it" in listener.heard


async def test_commands_are_few_and_what_is_none_is_a_message() -> None:
    script = Script()
    script.replies["model/list"] = lambda _: {"data": [{"model": "big", "description": "the big one"}]}
    async with listening(script) as listener:
        await listener.wait("thread in /w")
        listener.type("/etc/hosts is odd")
        await until(lambda: script.asked("turn/start"), "the message")
        for line, words in {
            "/again": "nothing waits for you",
            "/help": "/interrupt, or control c",
            "/model": "big: the big one",
            "/model big high": "from the next turn on: big high",
            "/status": "devbox",
        }.items():
            listener.type(line)
            await listener.wait(words)
        listener.type("/quit")
        await until(lambda: listener.outcome is not None, "the end")


async def test_an_image_goes_along_with_what_is_said_next_and_no_further() -> None:
    script = Script()
    image = decode_image(pictures.PNG, name="shot.png").attachment()
    async with listening(script, attachments=(image,)) as listener:
        await listener.wait("goes along with what you say next: shot.png 3×2, 78 B")
        listener.type("what is this")
        await until(lambda: script.asked("turn/start"), "the turn")
        listener.type("and this")
        await until(lambda: script.asked("turn/steer"), "the next one")
    first, second = script.asked("turn/start")[0], script.asked("turn/steer")[0]
    assert [part["type"] for part in first["input"]] == ["text", "image"]
    assert first["input"][1]["url"] == image.url
    assert [part["type"] for part in second["input"]] == ["text"]
    assert "not taken" not in listener.all()


async def test_a_port_is_offered_once_and_opened_by_a_command() -> None:
    script = Script()
    async with listening(script, Box(port(5173, age=0.0))) as listener:
        await listener.wait("/help says")
        listener.type("/ports")
        await listener.wait("no port is offered")
        listener.type("go")
        await until(lambda: script.asked("turn/start"), "the turn")
        script.say("turn/started", turn={"id": "turn-1", "status": "inProgress"})
        await listener.wait("something listens on port 5173 (node vite) of devbox; /ports opens it here")
        listener.type("/ports")
        await listener.wait("http://localhost:5173 is port 5173 of devbox (node vite)")
        listener.type("/ports 8000 x")
        await listener.wait("not a forward: 'x'")
        listener.type("/ports 8000")
        await listener.wait("http://localhost:8000 is port 8000 of devbox")
        listener.type("/ports")
        await listener.wait("http://localhost:8000 is port 8000")
    assert listener.all().count("something listens") == 1


async def test_a_file_is_saved_beside_what_is_there_and_said_when_it_is() -> None:
    cart = Cart(is_in_the_way=True)
    async with listening(Script(), carrier=cart) as listener:
        await listener.wait("thread")
        listener.type("/save out file.csv")
        await listener.wait("saving /w/out file.csv here")
        await until(lambda: cart.chosen, "the question")
        assert (cart.asked, cart.chosen) == ([("/w/out file.csv", "./out file.csv")], [Conflict.RENAME])
        listener.type("/save other")
        await until(lambda: len(cart.asked) == 2, "another at once")
        cart.may_end.set()
        await listener.wait("saved here: /here/out␛.csv")
        listener.type("/save stop")
