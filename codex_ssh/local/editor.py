"""The user's editor on a text of ours.

Lives here: which editor, the file it gets, and what becomes of the terminal. Not here: giving the terminal
away and taking it back (:mod:`codex_ssh.tui.app`).

The file has mode 0600 in a directory of 0700 and is gone afterwards, however the editor ended.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import sys
import termios
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from codex_ssh.errors import DeskFailed
from codex_ssh.local.files import create_private, private_temp_dir
from codex_ssh.local.process import end_process
from codex_ssh.local.signals import keyboard_signals_are_theirs

MOST_BYTES: Final = 4 * 1024 * 1024
"""The most that is taken back."""

_USUAL: Final = ("sensible-editor", "nano", "vim", "vi")
_FILE: Final = "message.md"


async def edit_text(text: str, environment: Mapping[str, str]) -> str:
    """Have the user edit a text, for as long as that takes.

    The editor is ``$VISUAL``, ``$EDITOR`` (both may have arguments) or a usual one, and has our terminal.

    Returns:
        What it says then, without the newlines editors put at the end.

    Raises:
        DeskFailed: There is no editor, it ended with an error or by a signal, or the text cannot be read.
    """
    words = find_editor(environment)
    with private_temp_dir() as directory:
        file = directory / _FILE
        create_private(file, text)
        with _terminal_as_it_was(), keyboard_signals_are_theirs():
            code = await _run([*words, str(file)], environment)
        name = Path(words[0]).name
        if code < 0:
            raise DeskFailed(
                f"the editor {name!r} was ended by {signal.Signals(-code).name}", hint="the text is as it was"
            )
        if code > 0:
            raise DeskFailed(f"the editor {name!r} ended with {code}", hint="the text is as it was")
        return _read(file)


def find_editor(environment: Mapping[str, str]) -> Sequence[str]:
    """Give the words that start the editor; raises DeskFailed when there is none."""
    for variable in ("VISUAL", "EDITOR"):
        said = environment.get(variable, "").strip()
        if not said:
            continue
        try:
            words = shlex.split(said)
        except ValueError as error:
            raise DeskFailed(f"{variable} cannot be understood: {str(error).lower()}") from None
        program = shutil.which(os.path.expanduser(words[0]), path=environment.get("PATH"))
        if program is None:
            raise DeskFailed(f"{variable} names {words[0]!r}, which is not there", hint=f"set {variable}")
        return [program, *words[1:]]
    for name in _USUAL:
        program = shutil.which(name, path=environment.get("PATH"))
        if program is not None:
            return [program]
    raise DeskFailed("there is no editor", hint="set VISUAL or EDITOR")


async def _run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    try:
        process = await asyncio.create_subprocess_exec(*words, env=environment)
    except OSError as error:
        raise DeskFailed(f"the editor cannot be started: {error.strerror}") from error
    try:
        return await process.wait()
    finally:
        await end_process(process)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise DeskFailed(f"what was written cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise DeskFailed(
            f"what was written has more than {MOST_BYTES // 2**20} MiB", hint="the text is as it was"
        )
    return content.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n")


@contextmanager
def _terminal_as_it_was() -> Generator[None, None, None]:
    """Put the terminal's modes back: an editor that is killed leaves it without echo."""
    stdin = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
    try:
        before = termios.tcgetattr(stdin)
    except (termios.error, OSError):
        yield
        return
    try:
        yield
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)
