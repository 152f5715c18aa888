"""The whole thread as a document: what the server stored, and what is only on the screen yet.

Lives here: putting the two together. Not here: the document's form (:mod:`codex_ssh.core.export`) and reading
the history (:mod:`codex_ssh.tui.account`). Nothing here imports Textual.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from codex_ssh.core.entry import Content
from codex_ssh.core.export import markdown_export
from codex_ssh.core.transcript import Transcript
from codex_ssh.tui.account import read_all

if TYPE_CHECKING:
    from codex_ssh.tui.chat import Chat


async def thread_document(chat: Chat, transcript: Transcript) -> str:
    """Give a thread as Markdown, with all of its history; raises RpcFailed, LinkLost."""
    stored = await read_all(chat, transcript.thread_id)
    contents: list[Content] = [one.item for one in stored]
    known = {(one.turn_id, one.item.id) for one in stored}
    # What still runs, or was cut short, is not stored: it is as it is on the screen.
    ended = {one.turn_id for one in stored} - {transcript.turn_id}
    contents += [
        entry.content for entry in transcript.entries if entry.key not in known and entry.turn_id not in ended
    ]
    facts = chat.facts
    return markdown_export(
        transcript.name or "A thread of Codex",
        {
            "host": f"{facts.user}@{facts.host}" if facts.user else facts.host,
            "directory": transcript.cwd,
            "model": f"{transcript.model} {transcript.effort}".strip(),
            "thread": transcript.thread_id,
            "exported": time.strftime("%Y-%m-%d %H:%M"),
        },
        contents,
    )
