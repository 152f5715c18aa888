"""Questions to the person at the terminal, and nobody to ask.

Lives here: the two prompters of a command: one asks on ``/dev/tty``, one (``--no-input``) refuses.
Not here: what is asked and why (:mod:`codex_ssh.core.question`), and questions inside a full-screen
TUI, which has a prompter of its own.

Questions go to ``/dev/tty`` and never to stdin or stdout: those may be a pipe. Everything another machine
said is shown with its control characters made visible.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import termios
from collections.abc import Generator
from typing import Final, NoReturn

from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.question import Question, QuestionKind
from codex_ssh.core.secret import Secret
from codex_ssh.errors import HostKeyRefused, LoginRefused, Stage

log = logging.getLogger(__name__)

_TERMINAL: Final = "/dev/tty"
_LINE_BYTES: Final = 4096
"""The longest line a terminal gives in one read (``MAX_CANON`` is less)."""


class TerminalPrompter:
    """Asks on a terminal; one question at a time, whoever asks.

    Cancelling an ``ask`` puts the terminal back: Ctrl-C is a signal, which cancels the task that waits.

    Args:
        path: The terminal.
    """

    def __init__(self, path: str = _TERMINAL) -> None:
        self._path = path
        self._turn = asyncio.Lock()

    @property
    def is_asking(self) -> bool:
        """Whether a question is on the terminal."""
        return self._turn.locked()

    async def ask(self, question: Question) -> Secret | None:
        """Ask and wait for one line; None at the end of input (Ctrl-D).

        Raises:
            LoginRefused, HostKeyRefused: There is no terminal.
        """
        async with self._turn:
            try:
                terminal = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
            except OSError as error:
                _refuse(question, f"there is no terminal to ask at ({error.strerror})")
            try:
                return await _ask_on(terminal, question)
            finally:
                os.close(terminal)

    def tell(self, host: str, text: str) -> None:
        """Show lines on stderr, each with the host in front."""
        show_lines(host, text)


class SilentPrompter:
    """Answers no question: ``--no-input``, and programs without a terminal.

    Args:
        shows: What is told goes to stderr; else to the log, since the screen is another program's.
    """

    def __init__(self, *, shows: bool = True) -> None:
        self._shows = shows

    async def ask(self, question: Question) -> Secret | None:
        """Refuse.

        Raises:
            LoginRefused, HostKeyRefused: Always.
        """
        _refuse(question, "nobody may be asked (--no-input)")

    def tell(self, host: str, text: str) -> None:
        """Show lines on stderr, each with the host in front."""
        if self._shows:
            show_lines(host, text)
        else:
            log.info("%s: %s", host, plain_lines(text))


def show_lines(host: str, text: str) -> None:
    """Write another machine's words to stderr, harmless, each line with the host in front."""
    for line in text.splitlines():
        if line.strip():
            sys.stderr.write(f"{host}: {plain_line(line)}\n")
    sys.stderr.flush()


def _refuse(question: Question, why: str) -> NoReturn:
    asked = question.text.strip()
    if question.kind is QuestionKind.HOST_KEY:
        raise HostKeyRefused(
            f"the host key is not known, and {why}",
            stage=Stage.SSH,
            host=question.host,
            said=question.lead,
            hint="connect once without --no-input, or with ssh, and compare the fingerprint",
        )
    hint = {
        QuestionKind.PASSPHRASE: "load the key into the agent first: ssh-add",
    }.get(question.kind, "use a key that needs no question, or leave --no-input out")
    raise LoginRefused(
        f"a {question.kind.value} is asked for, and {why}",
        stage=Stage.SSH,
        host=question.host,
        said=asked,
        hint=hint,
    )


async def _ask_on(terminal: int, question: Question) -> Secret | None:
    lead = "".join(f"{plain_line(line)}\n" for line in question.lead.splitlines())
    prompt = f"({question.host}) {plain_line(question.text)}"
    with _mode(terminal, echo=question.echo):
        os.write(terminal, f"{lead}{prompt}".encode())
        try:
            line = await _read_line(terminal)
        finally:
            if not question.echo:
                os.write(terminal, b"\n")
    if not line:
        return None
    return Secret(line.decode(errors="surrogateescape").removesuffix("\n"))


@contextlib.contextmanager
def _mode(terminal: int, *, echo: bool) -> Generator[None, None, None]:
    """Read whole lines, show them or not, and put everything back.

    Ctrl-Z does nothing meanwhile: a shell that came back to a terminal without echo is hard to get out of.
    """
    before = termios.tcgetattr(terminal)
    during = termios.tcgetattr(terminal)
    during[3] |= termios.ICANON | termios.ISIG
    during[3] = during[3] | termios.ECHO if echo else during[3] & ~termios.ECHO
    during[6][termios.VSUSP] = bytes([os.fpathconf(terminal, "PC_VDISABLE") & 0xFF])
    # Drops what was typed before the question was there to be read.
    termios.tcsetattr(terminal, termios.TCSAFLUSH, during)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


async def _read_line(terminal: int) -> bytes:
    """One line with its end; empty at the end of input."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[bytes] = loop.create_future()

    def read() -> None:
        # In line mode the terminal is readable when a whole line is there, so this does not block.
        loop.remove_reader(terminal)
        try:
            data = os.read(terminal, _LINE_BYTES)
        except OSError as error:
            line.set_exception(error)
        else:
            line.set_result(data)

    loop.add_reader(terminal, read)
    try:
        return await line
    finally:
        loop.remove_reader(terminal)
