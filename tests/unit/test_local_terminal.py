import asyncio
import contextlib
import os
import subprocess
import sys
import termios
from collections.abc import Generator
from dataclasses import dataclass

import pytest

from codex_ssh.core.question import Question, QuestionKind
from codex_ssh.errors import HostKeyRefused, LoginRefused
from codex_ssh.local.terminal import SilentPrompter, TerminalPrompter
from tests.support.waiting import until

PASSWORD = Question(kind=QuestionKind.PASSWORD, host="devbox", text="Password: ")
CODE = Question(kind=QuestionKind.KEYBOARD_INTERACTIVE, host="devbox", text="Code: ", echo=True)
HOST_KEY = Question(kind=QuestionKind.HOST_KEY, host="devbox", text="yes? ", lead="SHA256:abc", echo=True)


@dataclass
class Pty:
    """A terminal with us in the person's chair."""

    screen_end: int
    path: str
    shown: str = ""

    def type(self, text: str) -> None:
        os.write(self.screen_end, text.encode())

    def read(self) -> str:
        with contextlib.suppress(BlockingIOError):
            self.shown += os.read(self.screen_end, 65536).decode()
        return self.shown

    def flags(self) -> int:
        return int(termios.tcgetattr(self.screen_end)[3])


@pytest.fixture
def pty() -> Generator[Pty, None, None]:
    screen_end, program_end = os.openpty()
    os.set_blocking(screen_end, False)
    yield Pty(screen_end, os.ttyname(program_end))
    os.close(program_end)
    os.close(screen_end)


async def answer(pty: Pty, question: Question, typed: str) -> str | None:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        asked = group.create_task(TerminalPrompter(pty.path).ask(question))
        await until(lambda: question.text.strip() in pty.read(), "the prompt is shown")
        pty.type(typed)
        await asked
    got = asked.result()
    return got.reveal() if got is not None else None


async def test_a_secret_is_read_without_being_shown(pty: Pty) -> None:
    before = pty.flags()
    assert await answer(pty, PASSWORD, "hunter2\n") == "hunter2"
    assert pty.read() == "(devbox) Password: \r\n"
    assert pty.flags() == before


async def test_an_answer_that_may_be_seen_is_shown(pty: Pty) -> None:
    assert await answer(pty, CODE, "424242\n") == "424242"
    assert "424242" in pty.read()


async def test_the_end_of_input_is_no_answer_and_an_empty_line_is_an_empty_one(pty: Pty) -> None:
    assert await answer(pty, PASSWORD, "\x04") is None
    pty.shown = ""
    assert await answer(pty, PASSWORD, "\n") == ""


async def test_lines_above_the_prompt_are_shown_harmless(pty: Pty) -> None:
    kind, lead = QuestionKind.PASSWORD, "one\x07\ntwo\u202e"
    question = Question(kind=kind, host="devbox", text="P\x1b[2J: ", lead=lead)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        asked = group.create_task(TerminalPrompter(pty.path).ask(question))
        await until(lambda: "[2J: " in pty.read(), "the prompt is shown")
        pty.type("x\n")
        await asked
    assert pty.shown.startswith("one␇\r\ntwo<202e>\r\n(devbox) P␛")
    assert "\x1b" not in pty.read()


async def test_a_cancelled_question_puts_the_terminal_back(pty: Pty) -> None:
    before = pty.flags()
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(TerminalPrompter(pty.path).ask(PASSWORD))
        await until(lambda: "Password" in pty.read(), "the prompt is shown")
        assert not pty.flags() & termios.ECHO
        asked.cancel()
    assert asked.cancelled()
    assert pty.flags() == before


async def test_the_loop_goes_on_while_a_question_is_open(pty: Pty) -> None:
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(TerminalPrompter(pty.path).ask(PASSWORD))
        await until(lambda: "Password" in pty.read(), "the prompt is shown")
        turns = 0
        for _ in range(100):
            await asyncio.sleep(0)
            turns += 1
        assert turns == 100
        pty.type("x\n")
        await asked


async def test_questions_wait_for_each_other(pty: Pty) -> None:
    prompter = TerminalPrompter(pty.path)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        first = group.create_task(prompter.ask(PASSWORD))
        second = group.create_task(prompter.ask(CODE))
        await until(lambda: "Password" in pty.read(), "the first prompt is shown")
        pty.type("one\n")
        await until(lambda: "Code" in pty.read(), "the second prompt is shown")
        pty.type("two\n")
        await second
    one, two = first.result(), second.result()
    assert one is not None
    assert two is not None
    assert (one.reveal(), two.reveal()) == ("one", "two")


async def test_without_a_terminal_the_question_is_an_error() -> None:
    with pytest.raises(LoginRefused, match="no terminal"):
        await TerminalPrompter("/nonexistent/tty").ask(PASSWORD)
    with pytest.raises(HostKeyRefused, match="no terminal"):
        await TerminalPrompter("/nonexistent/tty").ask(HOST_KEY)


async def test_nobody_to_ask_names_what_was_asked() -> None:
    with pytest.raises(LoginRefused) as login:
        await SilentPrompter().ask(PASSWORD)
    assert (login.value.host, login.value.said) == ("devbox", "Password:")
    assert "--no-input" in login.value.message
    with pytest.raises(HostKeyRefused) as host_key:
        await SilentPrompter().ask(HOST_KEY)
    assert host_key.value.said == "SHA256:abc"


def test_another_machines_lines_go_to_stderr_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    TerminalPrompter().tell("devbox", "Welcome\x1b[31m\r\n\nto work\n")
    SilentPrompter().tell("devbox", "x")
    out, err = capsys.readouterr()
    assert err == "devbox: Welcome␛[31m\ndevbox: to work\ndevbox: x\n"
    assert out == ""


CTRL_C = """\
import asyncio
from codex_ssh.core.question import Question, QuestionKind
from codex_ssh.local.terminal import TerminalPrompter
asyncio.run(TerminalPrompter().ask(Question(kind=QuestionKind.PASSWORD, host="h", text="Password: ")))
"""


async def test_ctrl_c_at_the_real_terminal_ends_the_question_and_restores_it(pty: Pty) -> None:
    before = pty.flags()
    with open(pty.path, "r+b", buffering=0) as terminal:  # noqa: ASYNC230 - a terminal, ready at once
        child = subprocess.Popen(  # noqa: ASYNC220 - setsid makes the pty its controlling terminal
            ["setsid", "--ctty", "--wait", sys.executable, "-c", CTRL_C],
            stdin=terminal,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        await until(lambda: "Password" in pty.read(), "the prompt is shown")
        pty.type("\x1a\x03")
        await until(lambda: child.poll() is not None, "the program ends")
    finally:
        child.kill()
        child.wait()
    assert pty.flags() == before
