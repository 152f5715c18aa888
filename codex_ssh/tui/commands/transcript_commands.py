"""Slash commands that take the thread's text elsewhere: to the clipboard, to a file."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

from codex_ssh.core.entry import Level
from codex_ssh.core.items import AgentMessage
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.transcript import Transcript
from codex_ssh.tui.commands.slash_command import SlashCommand, thread_of
from codex_ssh.tui.screens.pick_screen import Choice
from codex_ssh.tui.thread_document import thread_document

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp

_NAME_CHARACTERS: Final = 40
_NOT_IN_NAMES: Final = re.compile(r"[^\w.-]+")

_WHERE: Final = {
    "clipboard": "on the clipboard",
    "tmux": "in tmux, and with the terminal for its clipboard",
    "terminal": "with the terminal for its clipboard",
}


async def copy(app: CodexApp, words: list[str]) -> None:
    """Copy the last answer, or a code block of it."""
    answer = last_answer(thread_of(app))
    if not answer:
        app.chat.note(Level.INFO, "there is no answer to copy yet")
        return
    if words != ["code"]:
        await _copy(app, answer, "the answer")
        return
    blocks = code_blocks(answer)
    if not blocks:
        app.chat.note(Level.INFO, "the last answer has no code block")
        return
    at: str | None = "0"
    if len(blocks) > 1:
        choices = [
            Choice(
                value=str(number),
                label=block.strip().partition("\n")[0],
                about=f"{block.count(chr(10))} lines",
            )
            for number, block in enumerate(blocks)
        ]
        at = await app.pick("copy which code block?", choices)
    if at is not None:
        await _copy(app, blocks[int(at)], "the code")


async def _copy(app: CodexApp, text: str, what: str) -> None:
    where = await app.desk.copy(text)
    app.chat.note(Level.INFO, f"{what} is {_WHERE.get(where, where)}")


def last_answer(transcript: Transcript) -> str:
    """Give the last answer of the model's, as it wrote it; empty when there is none."""
    contents = (entry.content for entry in reversed(transcript.entries))
    return next((one.text for one in contents if isinstance(one, AgentMessage) and one.text), "")


def code_blocks(markdown: str) -> list[str]:
    """Give what stands in the code blocks of a text."""
    return [token.content for token in MarkdownIt().parse(markdown) if token.type in ("fence", "code_block")]


async def export(app: CodexApp, words: list[str]) -> None:
    """Write the whole thread as Markdown, to a file of this machine or to the clipboard."""
    transcript = thread_of(app)
    name = " ".join(words) or file_name(transcript, time.strftime("%Y-%m-%d"))
    place: str | None = "file"
    if not words:
        choices = [
            Choice(value="file", label=f"to {name}", about="a new file on this machine"),
            Choice(value="clipboard", label="to the clipboard"),
        ]
        place = await app.pick("export the whole thread?", choices)
    if place is None:
        return
    document = await thread_document(app.chat, transcript)
    if place == "clipboard":
        await _copy(app, document, "the thread")
    else:
        path = app.desk.save(name, document)
        app.chat.note(Level.INFO, f"the thread is in {path}")


def file_name(transcript: Transcript, day: str) -> str:
    """Give a name for an export."""
    title = _NOT_IN_NAMES.sub("-", plain_line(transcript.name)).strip("-.").lower()[:_NAME_CHARACTERS]
    return f"codex-{title or transcript.thread_id[:8]}-{day}.md"


COMMANDS: Final = (
    SlashCommand(
        name="copy",
        about="copy the last answer, or a code block of it",
        argument="[code]",
        run=copy,
        of_thread=True,
    ),
    SlashCommand(
        name="export",
        about="the whole thread as Markdown, to a file here or the clipboard",
        argument="[FILE]",
        run=export,
        needs=("thread/items/list",),
        of_thread=True,
    ),
)
