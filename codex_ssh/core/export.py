"""A thread as a Markdown document.

Lives here: which entry becomes what. Not here: reading the whole history (:mod:`codex_ssh.tui.account`) and
where the document goes (:mod:`codex_ssh.tui.commands.transcript_commands`).

What the model and the user wrote is Markdown already and stays so; what programs wrote is fenced. All of it
is harmless for a terminal, as :mod:`codex_ssh.core.entry_text` gives it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from codex_ssh.core.entry import CheckList, Content, Notice, TurnEnd
from codex_ssh.core.entry_text import change_text, entry_text
from codex_ssh.core.items import AgentMessage, CommandExecution, FileChange, Plan, Reasoning, UserMessage
from codex_ssh.core.plain_text import plain_line

_TICKS: Final = re.compile("`+")
_BOUNDARY: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def markdown_export(title: str, facts: Mapping[str, str], contents: Iterable[Content]) -> str:
    """Give the document.

    Args:
        title: Its heading.
        facts: What to know about the thread, by name; empty ones are left out.
        contents: All that was said and done, in order.
    """
    parts = [f"# {plain_line(title)}"]
    if rows := [f"- {name}: {plain_line(value)}" for name, value in facts.items() if value]:
        parts.append("\n".join(rows))
    speaker = ""
    for content in contents:
        who = "You" if isinstance(content, UserMessage) else "Codex"
        text = _part(content)
        if not text:
            continue
        if who != speaker:
            parts.append(f"## {who}")
            speaker = who
        parts.append(text)
    return "\n\n".join(parts) + "\n"


def _part(content: Content) -> str:
    text = entry_text(content)
    match content:
        case UserMessage() | AgentMessage() | Plan() | CheckList():
            return text
        case Reasoning():
            return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if text else ""
        case CommandExecution():
            return fenced(text, "console")
        case FileChange():
            return fenced("\n".join(change_text(change) for change in content.changes), "diff")
        case TurnEnd():
            return f"**The turn failed.** {text}" if text else ""
        case Notice():
            return ""  # ours, not the thread's
        case _:
            name = _BOUNDARY.sub(" ", type(content).__name__).lower()
            return f"*{name}*\n\n{fenced(text, 'text')}" if text else ""


def fenced(text: str, language: str = "") -> str:
    """Give a text as a code block, whatever backticks are in it; empty when there is no text."""
    if not text:
        return ""
    longest = max((len(found) for found in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.removesuffix(chr(10))}\n{fence}"
