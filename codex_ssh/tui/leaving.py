"""How a conversation stands when its front end ends.

Lives here: what is told to whoever started the front end. Not here: when that is, and what is printed then
(:mod:`codex_ssh.cli.connect`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codex_ssh.core.draft import Draft
from codex_ssh.core.thread import Thread
from codex_ssh.tui.bridge import ExitReason, TuiOutcome

if TYPE_CHECKING:
    from codex_ssh.tui.chat import Chat


def outcome_of(chat: Chat, reason: ExitReason, typed: Draft | None) -> TuiOutcome:
    """Say how it ended.

    Args:
        chat: The conversation.
        reason: Why.
        typed: What stands in the composer.
    """
    transcript, unsent = chat.transcript, chat.draft or typed or Draft()
    return TuiOutcome(
        reason=reason,
        thread_id=transcript.thread_id if transcript is not None else "",
        can_resume=chat.has_turns,
        turn_running=transcript is not None and transcript.state.is_running,
        error=chat.lost,
        draft=unsent.text if reason is ExitReason.LINK_LOST else "",
        threads=(*_shown_thread(chat), *chat.roster.threads_by_time),
    )


def _shown_thread(chat: Chat) -> list[Thread]:
    """Give the thread shown, with what a list needs of it; none before it has a turn."""
    if chat.transcript is None or not chat.has_turns:
        return []
    first = next(iter(chat.said()), "")
    return [Thread(id=chat.transcript.thread_id, name=chat.transcript.name, preview=first)]
