"""The terminal's title: what goes on there, for a row of tabs.

Lives here: the words of every item of the ``title`` key. Not here: the control sequence, which makes any text
harmless (:mod:`codex_ssh.core.terminal_codes`), and when it is written (:mod:`codex_ssh.tui.app`). Nothing
here imports Textual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from codex_ssh.core.items import UserMessage
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.transcript import Transcript
from codex_ssh.core.tui_settings import TitleItem
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.status_items import context_left, cut, model_text, plan_progress

LONGEST_THREAD: Final = 40

NEEDS_YOU: Final = "Action Required"
"""The official TUI's words: scripts and eyes look for them."""

_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def title_text(chat: Chat, items: Sequence[TitleItem], beat: int) -> str:
    """Give the title; remote text inside.

    Args:
        chat: The conversation.
        items: Its pieces, from left to right.
        beat: Counts up while a turn runs, and turns the spinner.
    """
    return " · ".join(part for item in items if (part := _ITEMS[item](chat, beat)))


_EARLY: Final = 200
"""What a thread began with is among so many entries: this is asked with every frame."""


def thread_title(transcript: Transcript) -> str:
    """Give the thread's name, else how it began; remote text."""
    if transcript.name:
        return cut(transcript.name, LONGEST_THREAD)
    early = islice(transcript.entries, _EARLY)
    first = next((entry for entry in early if isinstance(entry.content, UserMessage)), None)
    if first is None or not isinstance(first.content, UserMessage):
        return "new thread"
    return cut(first.content.text.strip().partition("\n")[0], LONGEST_THREAD) or "new thread"


def _activity(chat: Chat, beat: int) -> str:
    if chat.status.state not in (LinkState.UP, LinkState.SILENT):
        return "✗ no link"
    if chat.asks:
        return f"! {NEEDS_YOU}"
    is_running = chat.transcript is not None and chat.transcript.state.is_running
    return _SPINNER[beat % len(_SPINNER)] if is_running else ""


def _thread(chat: Chat, _: int) -> str:
    return thread_title(chat.transcript) if chat.transcript is not None else ""


def _directory(chat: Chat, _: int) -> str:
    cwd = chat.transcript.cwd if chat.transcript is not None else ""
    return cwd.rstrip("/").rpartition("/")[2] or cwd


def _state(chat: Chat, _: int) -> str:
    return chat.transcript.state.value if chat.transcript is not None else chat.doing


def _plan(chat: Chat, _: int) -> str:
    done, steps = plan_progress(chat.transcript)
    return f"{done}/{steps}" if steps else ""


def _context(chat: Chat, _: int) -> str:
    left = context_left(chat.transcript)
    return f"context {left} % left" if left is not None else ""


_ITEMS: Final[dict[TitleItem, Callable[[Chat, int], str]]] = {
    TitleItem.ACTIVITY: _activity,
    TitleItem.THREAD: _thread,
    TitleItem.HOST: lambda chat, _: chat.facts.host,
    TitleItem.DIRECTORY: _directory,
    TitleItem.BRANCH: lambda chat, _: chat.surroundings.branch,
    TitleItem.MODEL: lambda chat, _: model_text(chat),
    TitleItem.STATE: _state,
    TitleItem.PLAN: _plan,
    TitleItem.CONTEXT: _context,
}
