"""What stands for a host where several are seen side by side: who one is there, its thread, what that does.

Lives here: the value, and reading it off a conversation. Not here: how it is drawn. Nothing here imports
Textual.
"""

from __future__ import annotations

from typing import Final

from rich.style import Style

from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.value import dataclass
from codex_ssh.tui import palette
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.status_items import STATES, link_parts
from codex_ssh.tui.title import thread_title

_NO_MARK: Final = ("…", palette.BUSY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """One host, as it is just now; all texts but ``host`` and ``takes`` may be remote.

    Attributes:
        host: As the user calls it.
        user, machine: Who one is there, and the machine's own name; may be empty.
        thread_id: The thread shown; empty while none is open.
        title: The thread's name, or how it began.
        cwd: The thread's directory.
        state: What it does, in words.
        mark, style: The same as a sign and a colour.
        link: What is the matter with the link; empty when all is well.
        waits: How many requests wait for an answer.
        takes: What becomes of something that is said there now.
        refuses: Why nothing can be said there; empty when it can.
    """

    host: str
    user: str
    machine: str
    thread_id: str
    title: str
    cwd: str
    state: str
    mark: str
    style: Style
    link: str
    waits: int
    takes: str
    refuses: str

    @property
    def who(self) -> str:
        """Host, user and machine, as an approval names them."""
        machine = f" ({self.machine})" if self.machine and self.machine != self.host else ""
        return f"{f'{self.user}@' if self.user else ''}{self.host}{machine}"

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Who is spoken to: while it stays the same, it is the same thread, user and directory."""
        return (self.user, self.machine, self.thread_id, self.cwd)


def badge_of(chat: Chat, now: float) -> Badge:
    """Give the badge of a conversation.

    Args:
        chat: The conversation.
        now: The monotonic clock, in seconds.
    """
    transcript = chat.transcript
    mark, style = STATES[transcript.state] if transcript is not None else _NO_MARK
    if transcript is None:
        state = chat.doing or "no thread is open"
    else:
        # Without a link nobody knows what goes on there now.
        state = f"{'' if chat.is_online else 'was '}{transcript.state.value}"
    parts = link_parts(chat, now)
    return Badge(
        host=chat.facts.host,
        user=chat.facts.user,
        machine=chat.facts.hostname,
        thread_id=transcript.thread_id if transcript is not None else "",
        title=thread_title(transcript) if transcript is not None else "",
        cwd=chat.cwd,
        state=state,
        mark=mark,
        style=style,
        link=parts[0].text.removeprefix("✗ ") if parts else "",
        waits=len(chat.asks),
        takes=_takes(chat),
        refuses=_refuses(chat),
    )


def _takes(chat: Chat) -> str:
    if not chat.is_online:
        return "no link just now: it waits here, and is sent when the link is back"
    is_running = chat.transcript is not None and chat.transcript.state.is_running
    return "it steers the turn that runs" if is_running else "it begins a turn"


def _refuses(chat: Chat) -> str:
    if chat.lost is not None or chat.status.state is LinkState.STOPPED:
        return "its link is closed"
    if chat.options.approves_only:
        return "this view only approves"
    if chat.transcript is None:
        return "no thread is open there"
    if chat.is_read_only:
        return "another codex process has its thread"
    return ""
