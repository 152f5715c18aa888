"""A recording as plain text: what the conversation came to, without a screen.

Lives here: playing it to a chat nobody looks at, and one paragraph an entry. Not here: what an entry's text
is (:mod:`codex_ssh.core.entry_text`). Nothing here imports Textual.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.entry import CheckList, Entry, Notice, TurnEnd
from codex_ssh.core.entry_text import entry_text
from codex_ssh.core.items import AgentMessage, CommandExecution, FileChange, Reasoning, UserMessage
from codex_ssh.tui.chat import open_chat
from codex_ssh.tui.player import Player

_MARKS: Final = {
    UserMessage: "›",
    AgentMessage: "•",
    Reasoning: "∴",
    CommandExecution: "",
    FileChange: "±",
    CheckList: "▤",
    Notice: "·",
    TurnEnd: "──",
}


async def replay_text(player: Player) -> str:
    """Give all entries of the thread that is shown at the end, in their order; safe to print."""
    async with open_chat(player, player.options) as chat:
        chat.open()
        await player.play(chat)
        entries = chat.transcript.entries if chat.transcript is not None else ()
        return "\n\n".join(paragraph for entry in entries if (paragraph := _paragraph(entry)))


def _paragraph(entry: Entry) -> str:
    text = entry_text(entry.content).strip("\n")
    mark = _MARKS.get(type(entry.content), "⚒")
    return f"{mark} {text}".strip() if text else ""
