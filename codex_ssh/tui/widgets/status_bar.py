"""One line about where we are and what goes on; what matters least goes first when there is no room."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.transcript import RunState
from codex_ssh.tui import palette
from codex_ssh.tui.cells import seconds
from codex_ssh.tui.chat import Chat

_STATES = {
    RunState.IDLE: ("●", palette.GOOD),
    RunState.RUNNING: ("▶", palette.BUSY),
    RunState.WAITING_FOR_APPROVAL: ("?", palette.WARN),
    RunState.WAITING_FOR_ANSWER: ("?", palette.WARN),
    RunState.INTERRUPTED: ("■", palette.WARN),
    RunState.FAILED: ("✗", palette.BAD),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of the line.

    Attributes:
        rank: The lowest stays longest.
    """

    text: str
    rank: int
    style: Style = palette.DIM


class StatusBar(Static, can_focus=False):
    """Host, transport, round trip, server version, directory, run state, model, tokens."""

    DEFAULT_CSS = """
    StatusBar { height: 1; padding: 0 1; }
    """

    def __init__(self, chat: Chat) -> None:
        super().__init__(markup=False)
        self._chat = chat
        self.hint = ""
        self._line = Text()

    def show(self, running_seconds: float | None) -> None:
        """Draw the line anew."""
        width = self.content_size.width
        parts = [Part(text=self.hint, rank=0, style=palette.WARN)] if self.hint else []
        line = fitted([*parts, *status_parts(self._chat, running_seconds, width)], width)
        if line != self._line:
            self._line = line
            self.update(line, layout=False)


def status_parts(chat: Chat, running_seconds: float | None, width: int) -> list[Part]:
    """Give all pieces of the line, from left to right."""
    facts, transcript = chat.facts, chat.transcript
    parts: list[Part] = link_parts(chat, time.monotonic())
    if chat.doing or transcript is None:
        parts.append(Part(text=f"… {chat.doing}", rank=1, style=palette.BUSY))
    else:
        mark, style = _STATES[transcript.state]
        ran = f" {_whole(int(running_seconds))}" if running_seconds is not None and chat.is_online else ""
        # Without a link nobody knows what goes on there now.
        was = "" if chat.is_online else "was "
        parts.append(Part(text=f"{mark} {was}{transcript.state.value}{ran}", rank=1, style=style))
    if chat.is_read_only:
        parts.append(Part(text="read only, /fork goes on", rank=1, style=palette.WARN))
    trip = f"{chat.round_trip * 1000:.0f} ms" if chat.round_trip is not None else "– ms"
    parts.append(Part(text=plain_line(facts.host), rank=2, style=palette.BOLD))
    parts.append(Part(text=f"{facts.transport} {trip}", rank=4))
    if transcript is not None:
        model = " ".join(
            part for part in (chat.model or transcript.model, chat.effort or transcript.effort) if part
        )
        parts.append(Part(text=plain_line(model), rank=5))
        parts.append(Part(text=_short(plain_line(transcript.cwd), max(12, width // 4)), rank=3))
        if transcript.usage.total:
            parts.append(Part(text=tokens(transcript.usage.total), rank=7))
        if transcript.usage.context_window:
            used = 100 * transcript.usage.context / transcript.usage.context_window
            parts.append(Part(text=f"context {used:.0f} %", rank=6))
    if facts.server_version:
        parts.append(Part(text=f"app server {plain_line(facts.server_version)}", rank=8))
    return [part for part in parts if part.text]


def link_parts(chat: Chat, now: float) -> list[Part]:
    """Say what is the matter with the link; nothing when all is well.

    Args:
        chat: The conversation.
        now: The monotonic clock, in seconds.
    """
    status = chat.status
    contact = f"last contact {_whole(int(chat.silent_for))} ago"
    match status.state:
        case LinkState.UP:
            return []
        case LinkState.SILENT:
            text, key = f"no answer, {contact}", ""
        case LinkState.CONNECTING:
            text, key = f"reconnecting, {contact}", ""
        case LinkState.LOST:
            due = max(0, int((status.next_try or now) - now))
            again = f", next try in {_whole(due)}" if due else ""
            text, key = f"no link, {contact}{again}", "ctrl+r: now"
        case LinkState.PAUSED:
            text, key = f"no link, {contact}", "ctrl+r: reconnect"
        case LinkState.STOPPED:
            text, key = "the link is closed", ""
    waiting = len(chat.outbox.messages)
    parts = [Part(text=f"✗ {text}", rank=0, style=palette.BAD)]
    if key:
        parts.append(Part(text=key, rank=1, style=palette.WARN))
    if waiting:
        parts.append(Part(text=f"{waiting} waiting to be sent", rank=2, style=palette.WARN))
    return parts


def fitted(parts: list[Part], width: int) -> Text:
    """Give the line, with the least important pieces left out until it fits."""
    kept = list(parts)
    while len(kept) > 1 and sum(Text(part.text).cell_len + 3 for part in kept) - 3 > width:
        kept.remove(max(kept, key=lambda part: part.rank))
    line = Text(no_wrap=True, overflow="ellipsis")
    for part in kept:
        if line:
            line.append(" · ", palette.DIM)
        line.append(part.text, part.style)
    line.truncate(width, overflow="ellipsis")
    return line


def tokens(count: int) -> str:
    """Give a number of tokens in few characters."""
    if count < 1000:
        return f"{count} tokens"
    if count < 1_000_000:
        return f"{count / 1000:.1f}k tokens"
    return f"{count / 1_000_000:.1f}M tokens"


def _whole(count: int) -> str:
    return f"{count} s" if count < 60 else seconds(count * 1000)


def _short(path: str, longest: int) -> str:
    return path if len(path) <= longest else f"…{path[-longest + 1 :]}"
