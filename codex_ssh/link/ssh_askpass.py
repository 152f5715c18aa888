"""Questions of the ``ssh`` we run, brought to the person we know.

Lives here: the socket the askpass program talks to, and telling what a prompt asks for.
Not here: the program (:mod:`codex_ssh.link.askpass`), and who answers (:mod:`codex_ssh.core.question`).

Nothing of a question or an answer is in an argv of ours or in a file; the socket lies in a private directory.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.secret import Secret
from codex_ssh.errors import CodexSshError
from codex_ssh.link import askpass
from codex_ssh.local.accepting import accepting
from codex_ssh.local.tasks import open_tasks

_LINE_LIMIT: Final = 64 * 1024
_HOST_KEY_QUESTIONS_AT_MOST: Final = 3


class AskpassServer:
    """Answers askpass programs.

    Args:
        directory: A private one.
        prompter: Gets the questions.
        name: The host, as the person knows it.
        hop_of: Gives the hop a process logs in to, empty when it is the host itself.
    """

    def __init__(self, directory: Path, prompter: Prompter, name: str, hop_of: Callable[[int], str]) -> None:
        self._socket = str(directory / "ask")
        self._program = directory / "askpass"
        self._prompter = prompter
        self._name = name
        self._hop_of = hop_of
        self._asked = asyncio.Lock()
        self._host_key_questions = 0
        self.failure: asyncio.Future[CodexSshError] = asyncio.get_running_loop().create_future()
        """Done when nobody could be asked, or the person left: the login is over then."""
        self.declined = ""
        """The last question a person gave no answer to."""

    def environment(self) -> Mapping[str, str]:
        """The variables that make ``ssh`` ask here, whatever its version and terminal."""
        return {
            "SSH_ASKPASS": str(self._program),
            "SSH_ASKPASS_REQUIRE": "force",
            # Before OpenSSH 8.4 only somebody with a display was asked this way. Nothing connects to it.
            "DISPLAY": os.environ.get("DISPLAY", ":codex-ssh"),
        }

    @asynccontextmanager
    async def serve(self) -> AsyncGenerator[None, None]:
        """Answer while the block lasts."""
        words = [sys.executable, "-I", "-S", str(Path(askpass.__file__)), self._socket]
        self._program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        self._program.chmod(0o700)
        async with open_tasks() as tasks:

            def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                tasks.start(self._answer(reader, writer), at_end=writer.close)

            server = await asyncio.start_unix_server(
                take, self._socket, limit=_LINE_LIMIT, start_serving=False
            )
            async with accepting(server):
                yield

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = json.loads(await reader.readline())
            text, hint = str(asked["prompt"]), str(asked["hint"])
            host = self._hop_of(int(asked["asker"])) or self._name
            if hint == "none":
                self._prompter.tell(host, text)
                await reader.read()  # shown until ssh takes it back
                return
            question = read_prompt(text, hint, host)
            async with self._asked:
                answer = await self._ask(question)
            if answer is None:
                self.declined = text
            words = answer.reveal() if answer is not None else None
            if hint == "confirm" and (words or "").strip().lower() not in ("y", "yes"):
                words = None
            writer.write(json.dumps(words).encode() + b"\n")
        except CodexSshError as error:
            if not self.failure.done():
                self.failure.set_result(error)
        except (ValueError, KeyError, TypeError, OSError):
            pass  # not our program, or gone: no answer is a no

    async def _ask(self, question: Question) -> Secret | None:
        if question.kind is QuestionKind.HOST_KEY:
            # ssh itself would ask for ever.
            self._host_key_questions += 1
            if self._host_key_questions > _HOST_KEY_QUESTIONS_AT_MOST:
                return None
        return await self._prompter.ask(question)


def read_prompt(text: str, hint: str, host: str) -> Question:
    """Tell what ``ssh`` asks for by its prompt; they are not translated, and stayed the same for years.

    Args:
        text: The prompt, several lines perhaps.
        hint: ``SSH_ASKPASS_PROMPT``.
        host: Who asks.
    """
    *lead, last = text.rstrip("\n").splitlines() or [""]
    kind, echo = QuestionKind.KEYBOARD_INTERACTIVE, False
    if hint == "confirm":
        kind, echo = QuestionKind.CONFIRM, True
    elif "(yes/no" in last or "'yes', 'no'" in last:
        kind, echo = QuestionKind.HOST_KEY, True
    elif re.match(r"Enter (passphrase|PIN) for ", last) or last.startswith("Bad passphrase"):
        kind = QuestionKind.PASSPHRASE
    elif login := re.fullmatch(r"(.*)'s password: ?", last):
        kind, last = QuestionKind.PASSWORD, f"password for {login[1]}: "
    elif prompt := re.fullmatch(r"\([^)]*@[^)]*\) (.*)", last):
        last = prompt[1]
    return Question(kind=kind, host=host, text=last, lead="\n".join(lead), echo=echo)
