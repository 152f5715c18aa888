"""The end of a transcript, as rows for a small place.

Lives here: which entries those are, and keeping their rows while they stay as they are. Not here: what the
rows of an entry look like (:mod:`codex_ssh.tui.cells`), and a transcript one can move in
(:mod:`codex_ssh.tui.window`).

Only entries that may be in view are looked at, so it costs the same however long the thread is. What changed
is found by comparing: the transcript's own list of changes is taken by whoever shows all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.strip import Strip

from codex_ssh.core.entry import Content, Entry, EntryKey, Progress
from codex_ssh.tui.cells import Cell, Look, place_of

LOOKED_AT: Final = 200
"""So many entries at most: of those that show nothing there may be any number."""


class Tail:
    """The end of one transcript after the other."""

    def __init__(self) -> None:
        self._cells: dict[EntryKey, _Seen] = {}

    def rows(self, entries: Sequence[Entry], look: Look, height: int) -> list[Strip]:
        """Give the last rows, without the free ones at the end; at most ``height``."""
        found: list[list[Strip]] = []
        count, seen = 0, dict[EntryKey, _Seen]()
        for at in range(len(entries) - 1, max(-1, len(entries) - 1 - LOOKED_AT), -1):
            if count > height:  # one more, as the last one is free
                break
            entry = entries[at]
            kept = self._cells.get(entry.key)
            if kept is None or kept.cell.entry is not entry:
                kept = _Seen(entry)
            seen[entry.key] = kept
            kept.cell.place = place_of(entries, at)
            rows = kept.rows(look)
            found.append(rows)
            count += len(rows)
        self._cells = seen
        shown = [row for rows in reversed(found) for row in rows[-height - 1 :]]
        while shown and not shown[-1].cell_length:
            shown.pop()
        return shown[-height:] if height > 0 else []


class _Seen:
    """An entry's rows, and what it was when they were made."""

    def __init__(self, entry: Entry) -> None:
        self.cell = Cell(entry)
        self._was: tuple[Content, Progress, bool] | None = None

    def rows(self, look: Look) -> list[Strip]:
        entry = self.cell.entry
        now = (entry.content, entry.progress, entry.gap)
        # Contents are values, and a changed one is another one: comparing them would cost their length.
        if self._was is None or self._was[0] is not now[0] or self._was[1:] != now[1:]:
            self.cell.spoil()
            self._was = now
        return self.cell.rows(look)
