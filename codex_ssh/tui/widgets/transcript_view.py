"""The transcript as one line-based widget: only visible rows are drawn, only visible entries are wrapped.

Lives here: which rows are where, following the end, staying put while the reader has scrolled away. Not here:
what the rows of an entry look like (:mod:`codex_ssh.tui.cells`).

Heights of entries that were never visible at this width are guesses. The place the reader looks at is kept
as an entry and a row in it, not as a number of rows from the top, so that a guess coming true above it, a
resize or an older page of history does not move the text under the reader's eyes.

A widget per entry, or per markdown block, cannot keep up: with 2 000 entries a key takes seconds to show.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from codex_ssh.core.entry import Entry, EntryKey
from codex_ssh.core.transcript import Changes
from codex_ssh.tui.cells import Cell, Look, join_groups

NEAR_TOP_ROWS: Final = 20
"""So near the top older history is asked for."""


class TranscriptView(ScrollView, can_focus=False):
    """Shows the entries of a transcript.

    Attributes:
        following: The end is kept in view as it grows.
    """

    DEFAULT_CSS = """
    TranscriptView {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        padding: 0 1;
    }
    """

    class NearTop(Message):
        """The reader is about to reach the oldest entry there is."""

    def __init__(self) -> None:
        super().__init__()
        self.following = True
        self._cells: list[Cell] = []
        self._by_key: dict[EntryKey, Cell] = {}
        self._tops: list[int] = [0]
        self._anchor: tuple[Cell, int] | None = None
        self._unfolded: set[EntryKey] = set()
        self._all_unfolded = False
        self._cwd = ""
        self._placing = False
        self._width = 80

    # ---------------------------------------------------------------- content

    def show(self, entries: Sequence[Entry], cwd: str) -> None:
        """Show other entries from scratch."""
        self._cells, self._by_key, self._cwd = [], {}, cwd
        self._unfolded.clear()
        self.following, self._anchor = True, None
        self._order(entries)
        self._place(0)

    def update_entries(self, entries: Sequence[Entry], changes: Changes) -> None:
        """Take changes of the entries that are shown."""
        for key in changes.entries:
            if (cell := self._by_key.get(key)) is not None:
                cell.spoil()
        if changes.order:
            self._order(entries)
            self._place(0)
        elif changes.entries:
            self._place(
                min(
                    (at for at, cell in enumerate(self._cells) if cell.entry.key in changes.entries),
                    default=0,
                )
            )

    def toggle_all(self) -> None:
        """Fold or unfold everything."""
        self._all_unfolded = not self._all_unfolded
        self._unfolded.clear()
        self._place(0)

    def _order(self, entries: Sequence[Entry]) -> None:
        cells = {}
        for entry in entries:
            cell = self._by_key.get(entry.key)
            if cell is None or cell.entry is not entry:
                cell = Cell(entry)
            cells[entry.key] = cell
        self._by_key = cells
        self._cells = list(cells.values())
        join_groups(self._cells)
        if self._anchor is not None and self._by_key.get(self._anchor[0].entry.key) is not self._anchor[0]:
            at = self._by_key.get(self._anchor[0].entry.key)
            self._anchor = (at, 0) if at is not None else None

    def _look(self, cell: Cell) -> Look:
        unfolded = self._all_unfolded != (cell.entry.key in self._unfolded)
        return Look(width=self._width, cwd=self._cwd, unfolded=unfolded)

    # ---------------------------------------------------------------- places

    def _place(self, changed_from: int) -> None:
        """Work out where every row is, making the rows that are visible, and put the reader back."""
        height = self.size.height
        if self._placing or not height:
            return
        self._placing = True
        before = (self.scroll_offset.y, self._width, self._tops[: changed_from + 1][-1])
        try:
            # Without the scroll bar, which is always there.
            self._width = max(8, self.scrollable_content_region.width)
            self._measure(changed_from)
            for _ in range(8):
                top = self._wanted_top(height)
                if not self._make_visible(top, height):
                    break
            self.virtual_size = Size(self._width, self._tops[-1])
            self.scroll_to(y=self._wanted_top(height), animate=False, immediate=True, force=True)
        finally:
            self._placing = False
        self._refresh_from(before, changed_from)

    def _refresh_from(self, before: tuple[int, int, int], changed_from: int) -> None:
        """Draw what may look different: when nothing moved, only what is below the first changed entry."""
        top = self._tops[: changed_from + 1][-1]
        row = max(0, top - self.scroll_offset.y)
        if before == (self.scroll_offset.y, self._width, top) and row:
            self.refresh(Region(0, row, self.outer_size.width, max(0, self.size.height - row)))
        else:
            self.refresh()

    def _measure(self, start: int) -> None:
        del self._tops[start + 1 :]
        top = self._tops[-1]
        for cell in self._cells[start:]:
            look = self._look(cell)
            top += cell.height if cell.is_fresh(look) else cell.guess(look)
            self._tops.append(top)

    def _wanted_top(self, height: int) -> int:
        end = max(0, self._tops[-1] - height)
        if self.following or self._anchor is None:
            return end
        cell, row = self._anchor
        at = next((at for at, other in enumerate(self._cells) if other is cell), None)
        return end if at is None else min(end, self._tops[at] + min(row, max(0, cell.height - 1)))

    def _make_visible(self, top: int, height: int) -> bool:
        """Make the rows of entries in a range of rows; whether any height changed."""
        first = max(0, bisect_right(self._tops, top) - 1)
        changed = None
        at = first
        while at < len(self._cells) and self._tops[at] < top + height:
            cell = self._cells[at]
            look = self._look(cell)
            if not cell.is_fresh(look) and len(cell.rows(look)) != self._tops[at + 1] - self._tops[at]:
                changed = at if changed is None else changed
            at += 1
        if changed is None:
            return False
        self._measure(changed)
        return True

    # ---------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """Give one visible row."""
        row = self.scroll_offset.y + y
        width = self._width
        strip = self._row(row)
        return strip.extend_cell_length(width).crop(0, width).apply_offsets(0, row)

    def _row(self, row: int) -> Strip:
        at = bisect_right(self._tops, row) - 1
        if not 0 <= at < len(self._cells):
            return Strip([Segment("")], 0)
        cell = self._cells[at]
        rows = cell.rows(self._look(cell))
        inside = row - self._tops[at]
        return rows[inside] if inside < len(rows) else Strip([], 0)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Give the selected text; rows that were never visible are wrapped for it."""
        start = selection.start.y if selection.start is not None else 0
        end = selection.end.y if selection.end is not None else self._tops[-1] - 1
        lines = [""] * start + [self._row(row).text.rstrip() for row in range(start, end + 1)]
        return selection.extract("\n".join(lines)), "\n"

    # ---------------------------------------------------------------- moving

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Remember where the reader went, and make the rows that came into view."""
        super().watch_scroll_y(old_value, new_value)
        if self._placing:
            return
        top, height = round(new_value), self.size.height
        self.following = top >= self._tops[-1] - height
        at = max(0, bisect_right(self._tops, top) - 1)
        if not self.following and at < len(self._cells):
            self._anchor = (self._cells[at], top - self._tops[at])
        self._place(len(self._cells))
        if top < NEAR_TOP_ROWS and not self.following:
            self.post_message(self.NearTop())

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following, self._anchor = True, None
        self._place(len(self._cells))

    def on_resize(self) -> None:
        """Wrap what is visible anew."""
        self._place(0)

    def on_click(self, event: events.Click) -> None:
        """Fold or unfold the entry that was clicked."""
        at = bisect_right(self._tops, self.scroll_offset.y + event.y) - 1
        if event.button == 1 and 0 <= at < len(self._cells) and not self.screen.selections:
            self._unfolded ^= {self._cells[at].entry.key}
            self._cells[at].spoil()
            self._place(at)
