"""What waits for the end of the running turn, a line each, above the composer.

Lives here: drawing it. Not here: what waits (:mod:`codex_ssh.tui.queue`).
"""

from __future__ import annotations

from typing import Final

from rich.text import Text
from textual.widgets import Static

from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.queue import Queue, Waiting

_ROWS: Final = 3


class QueueView(Static, can_focus=False):
    """Shows a queue; not there while nothing waits.

    Args:
        queue: What waits.
        edit_key: The key that takes the last one back, as a person reads it.
    """

    DEFAULT_CSS = """
    QueueView { height: auto; padding: 0 2; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, queue: Queue, edit_key: str) -> None:
        super().__init__(markup=False)
        self._queue = queue
        self._edit_key = edit_key
        self._shown: tuple[tuple[Waiting, ...], bool] = ((), False)

    def show(self) -> None:
        """Draw what waits now."""
        now = self._queue.waiting, self._queue.is_paused
        if now == self._shown:
            return
        self._shown = now
        waiting, is_paused = now
        self.display = bool(waiting)
        lines = [self._line(one) for one in waiting[:_ROWS]]
        more = f"{len(waiting) - _ROWS} more" if len(waiting) > _ROWS else ""
        edit = f"{self._edit_key} edits the last" if self._edit_key else ""
        paused = "waits for your next turn, or /queue start" if is_paused else ""
        lines.append(
            Text("  " + " · ".join(filter(None, (more, paused, edit))), style=palette.DIM, no_wrap=True)
        )
        lines[-1].overflow = "ellipsis"
        self.update(Text("\n").join(lines))

    @staticmethod
    def _line(one: Waiting) -> Text:
        where = " (not sent yet)" if one.is_here else ""
        return Text.assemble(
            ("▹ ", palette.BUSY),
            plain_line(one.draft.seen),
            (where, palette.DIM),
            no_wrap=True,
            overflow="ellipsis",
        )
