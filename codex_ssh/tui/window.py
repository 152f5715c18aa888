"""The part of a long transcript that is in view: which rows those are, and what keeps the reader's place.

Lives here: entries and their heights, following the end, scrolling, folding, and which rows are kept. Not
here: what the rows of an entry look like (:mod:`codex_ssh.tui.cells`), and drawing them
(:mod:`codex_ssh.tui.widgets.transcript_view`).

Rows are made only of entries that are in view; the height of any other is what it was when last seen, or a
guess. The place of the reader is an entry and a row in it, not a number of rows from the top: so a guess that
comes true above it, another width, or an older page of history does not move the text under the reader's
eyes, and scrolling goes row by row whatever the guesses were.

Of entries that are out of view so many rows are kept, those last seen; the others are made again when they
come into view. So what an action costs, and the memory it takes, does not grow with the transcript.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from textual.strip import Strip

from codex_ssh.core.entry import Entry, EntryKey
from codex_ssh.core.transcript import Changes
from codex_ssh.tui.cells import Cell, Look, place_of
from codex_ssh.tui.row_map import RowMap

GUESSED_ROWS: Final = 3
"""The height of an entry nobody has seen yet."""

KEPT_ROWS: Final = 3000
"""So many rows are kept at most, unless more are in view."""

MEASURED_AHEAD: Final = 16
"""Of so many entries above the view the height is not guessed, so that the scroll bar moves evenly."""


class Placed(NamedTuple):
    """One row in view.

    Attributes:
        at: The entry's place among all.
        row: The row's among those of the entry.
    """

    at: int
    row: int
    strip: Strip


class Window:
    """Entries one below the other, and the rows of them that are in view.

    Attributes:
        entries: All of them, in order; to be looked at only.
        following: The end is kept in view as it grows.
        width, height: Of the view, in cells and rows.
        rows: What is in view, from the top; fewer than ``height`` when there is no more.
        top: The row at the top of the view, counted from the first of all; partly guessed.
        unread: Entries that came below the view since its reader left the end.
        grew: Something below the view grew since then.
        made: How often the rows of an entry were made: what all this costs.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.following = True
        self.width = 80
        self.height = 0
        self.rows: list[Placed] = []
        self.top = 0
        self.unread = 0
        self.grew = False
        self.made = 0
        self._look = Look(width=self.width)
        self._other_look = replace(self._look, unfolded=True)
        self._map = RowMap()
        self._places: dict[EntryKey, int] = {}
        self._first = 0
        self._cells: dict[EntryKey, Cell] = {}
        self._kept = 0
        self._measured: set[EntryKey] = set()
        self._flipped: set[EntryKey] = set()
        self._held_open: EntryKey | None = None
        self._anchor: tuple[EntryKey, int] | None = None
        self._all_unfolded = False

    # ---------------------------------------------------------------- what there is

    @property
    def total(self) -> int:
        """Rows of all entries; partly guessed."""
        return self._map.total

    def at(self, key: EntryKey) -> int | None:
        """Give the place of an entry; None when there is none."""
        place = self._places.get(key)
        return None if place is None else place - self._first

    def show(self, entries: Sequence[Entry], cwd: str) -> None:
        """Show other entries from scratch, the end in view."""
        self._flipped.clear()
        self._cells.clear()
        self._kept = 0
        self._held_open = None
        self._measured.clear()
        self._set_look(replace(self._look, cwd=cwd))
        self._map = RowMap()
        self.entries, self._places, self._first = [], {}, 0
        self._put_from(0, entries, {})
        self.follow()

    def update(self, entries: Sequence[Entry], changes: Changes) -> None:
        """Take changes of the entries that are shown."""
        for key in changes.entries:
            self._measured.discard(key)
            if (cell := self._cells.get(key)) is not None:
                cell.spoil()
        if changes.order:
            self._take_order(entries, changes)
        if not self.following and self.rows:
            last = self.rows[-1].at
            self.grew |= any((at := self.at(key)) is not None and at >= last for key in changes.entries)
        self.settle()

    def _take_order(self, entries: Sequence[Entry], changes: Changes) -> None:
        anchored = self.at(self._anchor[0]) if self._anchor is not None else None
        last = self.entries[-1] if self.entries else None
        if changes.front:
            self._map.put_in_front([GUESSED_ROWS] * changes.front)
            self._first -= changes.front
            self.entries[:0] = entries[: changes.front]
            for at in range(changes.front):
                self._places[entries[at].key] = self._first + at
            anchored = anchored + changes.front if anchored is not None else None
        kept = changes.front + changes.kept
        most = min(len(entries), len(self.entries))
        while kept < most and self.entries[kept] is entries[kept]:
            kept += 1
        gone = self.entries[kept:]
        heights = {entry.key: rows for entry, rows in zip(gone, self._map.heights(kept), strict=True)}
        for entry in gone:
            del self._places[entry.key]
        del self.entries[kept:]
        self._map.cut(kept)
        self._put_from(kept, entries, heights)
        for entry in gone:
            cell = self._cells.get(entry.key)
            there = self.at(entry.key)
            if cell is not None and (there is None or self.entries[there] is not cell.entry):
                self._drop(entry.key)
        if self._anchor is not None and self._anchor[0] not in self._places:
            near = min(anchored or 0, len(self.entries) - 1)
            self._anchor = (self.entries[near].key, 0) if self.entries else None
        if not self.following and last is not None and (before := self.at(last.key)) is not None:
            later = self.entries[before + 1 :]
            self.unread += sum(1 for entry in later if not entry.key[1].startswith("#"))

    def _put_from(self, kept: int, entries: Sequence[Entry], heights: dict[EntryKey, int]) -> None:
        for at in range(kept, len(entries)):
            entry = entries[at]
            self.entries.append(entry)
            self._places[entry.key] = self._first + at
        self._map.extend(heights.get(entry.key, GUESSED_ROWS) for entry in self.entries[kept:])

    # ---------------------------------------------------------------- how it looks

    def resize(self, width: int, height: int) -> None:
        """Give the view another size."""
        self.height = height
        if width != self._look.width:
            self.width = width
            self._set_look(replace(self._look, width=width))
        self.settle()

    def change_look(self, look: Look) -> None:
        """Show everything in another way; width, directory and folds stay as they are."""
        self._set_look(replace(look, width=self._look.width, cwd=self._look.cwd))
        self.settle()

    @property
    def look(self) -> Look:
        """How entries look that nobody folded or unfolded by themselves."""
        return self._look

    def _set_look(self, look: Look) -> None:
        self._measured.clear()
        self._look = replace(look, unfolded=self._all_unfolded)
        self._other_look = replace(look, unfolded=not self._all_unfolded)

    def toggle_all(self) -> None:
        """Fold or unfold everything."""
        self._all_unfolded = not self._all_unfolded
        self._flipped.clear()
        self._set_look(self._look)
        self.settle()

    def toggle(self, at: int) -> None:
        """Fold or unfold one entry; its first row stays where it is, if it is in view."""
        row = next((y for y, placed in enumerate(self.rows) if placed.at == at and not placed.row), None)
        self._flipped ^= {self.entries[at].key}
        self._measured.discard(self.entries[at].key)
        if row is None:
            self.settle()
        else:
            self.bring(at, 0, row)

    def hold_open(self, key: EntryKey | None) -> None:
        """Unfold one entry for a while, instead of the one that was."""
        self._measured -= {key, self._held_open}
        self._held_open = key

    def is_unfolded(self, at: int) -> bool:
        """Whether everything of an entry is shown."""
        return self._look_of(self.entries[at].key).unfolded

    def _look_of(self, key: EntryKey) -> Look:
        flipped = key in self._flipped
        if key == self._held_open:
            flipped = not self._all_unfolded
        return self._other_look if flipped else self._look

    # ---------------------------------------------------------------- rows

    def rows_of(self, at: int) -> list[Strip]:
        """Give the rows of an entry, made when they are not there."""
        entry = self.entries[at]
        look = self._look_of(entry.key)
        cell = self._cells.pop(entry.key, None) or Cell(entry)
        self._cells[entry.key] = cell  # the last is the one last seen
        cell.place = place_of(self.entries, at)
        if not cell.is_fresh(look):
            self._kept -= cell.height
            self.made += 1
            rows = cell.rows(look)
            self._kept += len(rows)
            self._measured.add(entry.key)
            self._map.put(at, len(rows))
            return rows
        return cell.rows(look)

    def _measure(self, at: int) -> int:
        return len(self.rows_of(at))

    def _drop(self, key: EntryKey) -> None:
        self._kept -= self._cells.pop(key).height

    def _drop_unseen(self) -> None:
        """Forget rows that were not seen for long."""
        if self._kept <= KEPT_ROWS:
            return
        seen = {self.entries[placed.at].key for placed in self.rows}
        for key in [key for key in self._cells if key not in seen]:
            if self._kept <= KEPT_ROWS:
                break
            self._drop(key)

    # ---------------------------------------------------------------- places

    def settle(self) -> None:
        """Work out which rows are in view."""
        if not self.height:
            return
        at, row = self._begin()
        self.rows = self._down(at, row)
        if len(self.rows) < self.height:
            at, row = self._up(len(self.entries), 0, self.height)
            self.rows = self._down(at, row)
        for above in range(at - 1, max(-1, at - 1 - MEASURED_AHEAD), -1):
            if self.entries[above].key not in self._measured:
                self._measure(above)
        self.top = self._map.top(at) + row
        if self.following:
            self.unread, self.grew = 0, False
        self._drop_unseen()

    def _begin(self) -> tuple[int, int]:
        """Give the entry at the top of the view, and the row in it."""
        place = self.at(self._anchor[0]) if self._anchor is not None else None
        if self.following or place is None or self._anchor is None:
            return self._up(len(self.entries), 0, self.height)
        return place, min(self._anchor[1], max(0, self._measure(place) - 1))

    def _down(self, at: int, row: int) -> list[Placed]:
        """Give the rows from a place on that fit into the view."""
        found: list[Placed] = []
        while at < len(self.entries) and len(found) < self.height:
            strips = self.rows_of(at)
            end = min(len(strips), row + self.height - len(found))
            found += [Placed(at, inside, strips[inside]) for inside in range(row, end)]
            at, row = at + 1, 0
        return found

    def _up(self, at: int, row: int, rows: int) -> tuple[int, int]:
        """Give the place so many rows above another; the very first when there are not so many."""
        while row < rows and at > 0:
            at -= 1
            row += self._measure(at)
        return at, max(0, row - rows)

    def _is_at_end(self) -> bool:
        if len(self.rows) < self.height:
            return True
        last = self.rows[-1]
        if last.row < self._measure(last.at) - 1:
            return False
        return not any(self._measure(at) for at in range(last.at + 1, len(self.entries)))

    # ---------------------------------------------------------------- moving

    def scroll(self, rows: int) -> None:
        """Move the view by rows, down or, when negative, up."""
        if not self.rows:
            return
        at, row = self.rows[0].at, self.rows[0].row
        if rows < 0:
            at, row = self._up(at, row, -rows)
        else:
            row += rows
            while at < len(self.entries) and row >= self._measure(at):
                row -= self._measure(at)
                at += 1
        self._go(at, row)

    def bring(self, at: int, row: int, to: int) -> None:
        """Move the view so that a row of an entry stands at a row of the view, as far as possible."""
        self._go(*self._up(at, min(row, max(0, self._measure(at) - 1)), to))

    def jump(self, row: int) -> None:
        """Move the view to a row counted from the first of all, where a scroll bar points to."""
        if row >= self.total - self.height:
            self.follow()
        else:
            self._go(*self._map.find(row))

    def hold(self) -> None:
        """Stay here, whatever grows."""
        if self.rows:
            first = self.rows[0]
            self.following, self._anchor = False, (self.entries[first.at].key, first.row)

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following, self._anchor = True, None
        self.settle()

    def _go(self, at: int, row: int) -> None:
        if at >= len(self.entries):
            self.follow()
            return
        self.following, self._anchor = False, (self.entries[at].key, row)
        self.settle()
        if self._is_at_end():
            self.follow()
