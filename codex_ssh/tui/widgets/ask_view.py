"""Shows one request and takes its answer: what the card and the full screen have in common.

Lives here: rows that scroll, decisions that stay in sight, the keys that decide, and the pause before they
count. Not here: how a request looks (:mod:`codex_ssh.tui.ask_rows`).

Nothing is ever approved by itself or by a key meant for something else: a key counts only after a short
pause. Rows that are out of sight are counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from codex_ssh.core.ask import Ask
from codex_ssh.core.decision import Decision, Verdict
from codex_ssh.core.keymap import Keymap, Place, key_hint
from codex_ssh.tui import palette
from codex_ssh.tui.ask_rows import Scene, all_rows, decision_rows
from codex_ssh.tui.wrap import blank, clipped

_ALIASES: Final = {"n": "d"}
"""``n`` says no as ``d`` does."""

_LEAST_ROWS: Final = 2
"""Rows above the decisions; with fewer the decisions scroll along."""


class AskView(ScrollView, can_focus=True):
    """Shows one request and takes its answer.

    Args:
        keymap: Which keys do what, beside the decisions' own.
        place: Which part of the keymap counts.
        grace_seconds: Keys before that do not count.
        clock: Monotonic seconds.
    """

    DEFAULT_CSS = """
    AskView {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
    }
    """

    class Decided(Message):
        """The user decided."""

        def __init__(self, ask: Ask, decision: Decision) -> None:
            super().__init__()
            self.ask = ask
            self.decision = decision

    def __init__(
        self,
        keymap: Keymap,
        place: Place,
        *,
        grace_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._keymap = keymap
        self._place = place
        self._grace = grace_seconds
        self._clock = clock
        self._ask: Ask | None = None
        self._scene: Scene | None = None
        self._chosen: int | None = None
        self._since = 0.0
        self._rows: list[Strip] = []
        self._choices: list[Strip] = []
        self._width = 0

    @property
    def decisions(self) -> Sequence[Decision]:
        """What may be chosen now."""
        return getattr(self._ask, "decisions", ())

    @property
    def is_settled(self) -> bool:
        """Whether keys count by now."""
        return self._ask is not None and self._clock() - self._since >= self._grace

    def begin_again(self) -> None:
        """Count the pause anew: it was out of sight, and comes back."""
        self._since = self._clock()

    def _take(self, ask: Ask | None, scene: Scene | None) -> None:
        """Show a request, from the top; nothing but a "no" is chosen.

        What changed under the eyes of whoever decides is read again: keys count after a moment only.
        """
        if ask == self._ask and scene is not None and scene.change != getattr(self._scene, "change", None):
            self._since = self._clock()
        if ask != self._ask:
            self._since = self._clock()
            offered = getattr(ask, "decisions", ())
            harmless = [at for at, one in enumerate(offered) if one.verdict is Verdict.DECLINE]
            self._chosen = harmless[0] if harmless else max(0, len(offered) - 1)
            self.scroll_to(y=0, animate=False, immediate=True)
        self._ask, self._scene = ask, scene
        self._build()

    def on_key(self, event: events.Key) -> None:
        """Take a decision by its key, or by its number in the list."""
        key = event.character or ""
        wanted = _ALIASES.get(key, key)
        for at, decision in enumerate(self.decisions):
            if wanted and wanted in (decision.key, str(at + 1)):
                event.stop()
                self._decide(decision)
                return
        action = self._keymap.action(event.key, self._place)
        if action and self._act(action):
            event.stop()
        elif event.is_printable and key:
            event.stop()
            self._typed(key)

    def _act(self, action: str) -> bool:
        """Do an action of the keymap; False when it means nothing just now."""
        del action
        return False

    def _hint(self, action: str, words: str) -> str:
        """Give what a key does, for a title; empty where the action has no key."""
        return key_hint(self._keymap, action, words)

    def _typed(self, character: str) -> None:
        """Take a character that does nothing here."""

    def _decide(self, decision: Decision) -> None:
        if self._ask is not None and self.is_settled:
            self.post_message(self.Decided(self._ask, decision))

    # ---------------------------------------------------------------- drawing

    def _about(self, ask: Ask, scene: Scene, width: int) -> list[Strip]:
        """Give the rows above the decisions."""
        return all_rows(ask, scene, width)

    def _room(self) -> int:
        """Give how wide a row may be."""
        return max(16, self.scrollable_content_region.width or self.app.size.width - 4)

    def _build(self) -> None:
        """Make all rows anew: another request, or another width."""
        self._width = self._room()
        self._rows = []
        if self._ask is not None and self._scene is not None:
            self._rows = self._about(self._ask, self._scene, self._width)
        self._choose()

    def _choose(self) -> None:
        """Make the decisions anew, and the size with them."""
        self._choices = decision_rows(self.decisions, self._chosen, self._width)
        self._measure()
        self.refresh(layout=True)

    def _measure(self) -> None:
        rows = len(self._rows) + len(self._choices)
        overflows = self.content_size.height and rows > self.content_size.height
        self.virtual_size = Size(self._width, rows + bool(overflows))

    @property
    def _pinned(self) -> int:
        """How many rows at the bottom stay there."""
        height = self.content_size.height
        room = height - _LEAST_ROWS - 1
        return len(self._choices) if len(self._choices) <= room else 0

    def render_line(self, y: int) -> Strip:
        """Give one visible row: rows, how many are out of sight if any, and the decisions."""
        width, height, pinned = self.scrollable_content_region.width, self.content_size.height, self._pinned
        scrolled = self._rows if pinned else [*self._rows, *self._choices]
        overflows = len(scrolled) + pinned > height
        above = height - pinned - overflows
        if y < above:
            at = self.scroll_offset.y + y
            strip = scrolled[at] if at < len(scrolled) else blank()
        elif overflows and y == above:
            strip = self._out_of_sight(len(scrolled), above, width)
        else:
            at = y - above - overflows
            strip = self._choices[at] if pinned and at < len(self._choices) else blank()
        return strip.extend_cell_length(width).crop(0, width)

    def _out_of_sight(self, total: int, above: int, width: int) -> Strip:
        before = min(self.scroll_offset.y, max(0, total - above))
        after = max(0, total - above - before)
        words = f"── {before} rows above, {after} below "
        if after:
            words = f"── {after} more rows below " + (f"({before} above) " if before else "")
        return clipped([(words + "─" * max(0, width - len(words)), palette.WARN)], width)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw anew: the count of rows out of sight changed too."""
        super().watch_scroll_y(old_value, new_value)
        self.refresh()

    def on_resize(self) -> None:
        """Wrap anew, where the width changed."""
        if self._ask is not None and self._room() != self._width:
            self._build()
        else:
            self._measure()
