"""One host of several that are seen side by side: its badge, what waits there, and the end of its transcript.

Lives here: drawing it. Not here: how panes share the screen
(:mod:`codex_ssh.tui.screens.all_hosts_screen`).
"""

from __future__ import annotations

import time
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.attention import ask_text
from codex_ssh.tui.badge import Badge, badge_of
from codex_ssh.tui.cells import Look
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.status_items import cut, cut_front
from codex_ssh.tui.tail import Tail
from codex_ssh.tui.wrap import Span, clipped

RULED_ROWS: Final = 10
"""A pane of so many rows has a rule between its badge and the transcript."""


class HostPane(Widget, can_focus=True):
    """Shows one conversation; nothing can be done in it.

    Args:
        chat: The conversation.
        unfold_key: What shows what is folded away, as it is shown to the user.
    """

    DEFAULT_CSS = """
    HostPane { border: round ansi_bright_black; background: ansi_default; padding: 0 1; }
    HostPane.-waits { border: round ansi_yellow; }
    HostPane:focus { border: heavy ansi_cyan; }
    HostPane.-waits:focus { border: heavy ansi_yellow; }
    """

    class Wanted(Message):
        """The user wants to go there."""

        def __init__(self, pane: HostPane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, chat: Chat, unfold_key: str) -> None:
        super().__init__()
        self.chat = chat
        self._unfold_key = unfold_key
        self._tail = Tail()
        self._rows: list[Strip] = []

    @property
    def host(self) -> str:
        """The host, as the user calls it."""
        return self.chat.facts.host

    def catch_up(self) -> None:
        """Draw what is not as it was."""
        width, height = self.content_size
        if not width or not height:
            return
        badge = badge_of(self.chat, time.monotonic())
        rows = [clipped(line, width) for line in self._head(badge, width)][:height]
        if height >= RULED_ROWS:
            rows.append(clipped([("─" * width, palette.DIM)], width))
        transcript = self.chat.transcript
        if transcript is not None:
            look = Look(width=width, cwd=transcript.cwd, unfold_key=self._unfold_key)
            rows += self._tail.rows(transcript.entries, look, height - len(rows))
        self.set_class(bool(badge.waits), "-waits")
        # As text: a title given as a string is markup.
        self.border_title = Text(plain_line(badge.who))
        self.border_subtitle = Text(f"? {badge.waits} waiting for you" if badge.waits else "")
        if rows != self._rows:
            self._rows = rows
            self.refresh()

    def _head(self, badge: Badge, width: int) -> list[list[Span]]:
        """Give the lines above the transcript: state, thread and directory, then what is the matter."""
        state, title, cwd = (plain_line(text) for text in (badge.state, badge.title, badge.cwd))
        room = max(8, width - cell_len(state) - 8)
        cwd = cut_front(cwd, max(room // 2, room - cell_len(title)))
        title = cut(title, max(1, room - cell_len(cwd)))
        rest = "".join(f" · {part}" for part in (title, cwd) if part)
        lines: list[list[Span]] = [[(f"{badge.mark} {state}", badge.style), (rest, palette.DIM)]]
        if badge.link:
            lines.append([(f"✗ {plain_line(badge.link)}", palette.BAD)])
        lines += [[(f"? {plain_line(ask_text(ask))}", palette.WARN)] for ask in self.chat.asks[:1]]
        return lines

    def render_line(self, y: int) -> Strip:
        """Give one visible row."""
        width = self.content_size.width
        strip = self._rows[y] if y < len(self._rows) else Strip([], 0)
        return strip.extend_cell_length(width, Style.null()).crop(0, width)

    def on_resize(self) -> None:
        """Use the room there is."""
        self.catch_up()

    def on_click(self, event: events.Click) -> None:
        """Choose it; twice: go there."""
        if event.chain > 1:
            self.post_message(self.Wanted(self))
