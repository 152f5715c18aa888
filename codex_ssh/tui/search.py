"""A search in the transcript as the reader sees it: the match that is looked at, and where he was before.

Lives here: what is brought into view, what is unfolded for it and folded again, and going on into history
that is not loaded yet. Not here: what matches (:mod:`codex_ssh.tui.find`), and the line it is typed in
(:mod:`codex_ssh.tui.widgets.find_bar`). Nothing here imports Textual's widgets or looks at a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from rich.style import Style
from textual.strip import Strip

from codex_ssh.core.entry import EntryKey
from codex_ssh.core.transcript import Changes
from codex_ssh.tui import palette
from codex_ssh.tui.find import Finder, Match, found_in
from codex_ssh.tui.lines import Span
from codex_ssh.tui.window import Window

OLDER_PAGES: Final = 25
"""So many pages of older history are loaded at one request to look further."""

_LOOKS_WITHOUT_MORE: Final = 120
"""After so many looks that brought nothing, no more history comes: there is no link."""


class History(Protocol):
    """Where older entries come from."""

    @property
    def has_older(self) -> bool:
        """Whether there are any."""

    @property
    def is_loading(self) -> bool:
        """Whether some are on their way."""

    def load_older(self) -> None:
        """Load some, if there are any and none are on their way."""


class Search:
    """One search after the other in a window.

    Attributes:
        text: What is looked for; empty when nothing is.
    """

    def __init__(self, window: Window, history: History) -> None:
        self.text = ""
        self._window = window
        self._history = history
        self._finder: Finder | None = None
        self._match: Match | None = None
        self._key: EntryKey | None = None
        self._before: tuple[EntryKey, int] | None = None
        self._pages_left = 0
        self._loaded = 0
        self._in_vain = 0
        self._spot: tuple[Sequence[Strip], Match, list[Span]] | None = None

    @property
    def at(self) -> int | None:
        """The place of the entry with the match that is looked at."""
        return self._match.at if self._match is not None else None

    # ---------------------------------------------------------------- beginning and ending

    def remember_place(self) -> None:
        """Come back here when the search is given up."""
        window = self._window
        first = window.rows[0] if window.rows and not window.following else None
        self._before = (window.entries[first.at].key, first.row) if first is not None else None

    def go_back(self) -> None:
        """End the search, and go where the reader was before."""
        self.stop()
        at = self._window.at(self._before[0]) if self._before is not None else None
        if self._before is None or at is None:
            self._window.follow()
        else:
            self._window.bring(at, self._before[1], 0)

    def stop(self) -> None:
        """End the search; the view stays where it is."""
        self.text = ""
        self._finder = self._match = self._key = None
        self._pages_left = 0
        self._window.hold_open(None)
        self._window.settle()

    def begin(self, text: str) -> None:
        """Look for another text; :meth:`look` does it."""
        if text == self.text:
            return
        if not text:
            self.stop()
            return
        rows = self._window.rows
        start = rows[-1].at if rows else len(self._window.entries) - 1
        self._finder = Finder(text, self._window.entries, start, self._finder)
        self.text = text
        self._match = self._key = self._spot = None
        self._pages_left = 0

    def take(self, changes: Changes) -> None:
        """Go on with other entries; the window has them already."""
        if self._finder is None or not (changes.order or changes.entries):
            return
        if changes.order:
            self._finder.take(self._window.entries, 0 if changes.front else changes.kept)
        for key in changes.entries:
            if (at := self._window.at(key)) is not None:
                self._finder.touch(at)
        if self._match is not None and self._key is not None:
            at = self._window.at(self._key)
            self._match = Match(at, self._match.number) if at is not None else None

    # ---------------------------------------------------------------- looking

    def look(self, may_go_on: Callable[[], bool]) -> bool:
        """Go through entries as long as one may; whether there is more to look for."""
        finder = self._finder
        if finder is None:
            return False
        while not finder.is_done and may_go_on():
            found = finder.step()
            if found is not None and self._match is None:
                self._pages_left = 0
                self._show(found)
        if not finder.is_done or self._look_further(finder):
            return True
        if self._match is None and (found := finder.nearest(len(self._window.entries) - 1)) is not None:
            self._show(found)
        return False

    def _look_further(self, finder: Finder) -> bool:
        """Load older history as long as there is nothing to show; whether more is to come."""
        if not self._pages_left:
            return False
        if self._history.is_loading:
            return True
        above = self._beside(finder, -1)
        count = len(self._window.entries)
        if above is not None:
            self._show(above)
        elif count == self._loaded and self._in_vain < _LOOKS_WITHOUT_MORE:
            self._in_vain += 1  # what was loaded is not in the window yet
            return True
        elif self._history.has_older and count != self._loaded:
            self._pages_left -= 1
            self._loaded, self._in_vain = count, 0
            self._history.load_older()
            return True
        self._pages_left = 0
        return False

    def go_on(self, step: int) -> None:
        """Go to the match above (-1) or below (1); above the first one, look in older history."""
        finder = self._finder
        if finder is None:
            return
        match = self._beside(finder, step)
        if match is not None:
            self._show(match)
        elif step < 0 and finder.is_done and self._history.has_older and not self._pages_left:
            self._pages_left, self._loaded = OLDER_PAGES, -1

    def _beside(self, finder: Finder, step: int) -> Match | None:
        return finder.beside(self._match, step) if self._match is not None else finder.nearest(-1)

    # ---------------------------------------------------------------- showing

    def _show(self, match: Match) -> None:
        """Bring a match into view, its entry unfolded if it must be."""
        window = self._window
        self._match, self._key = match, window.entries[match.at].key
        window.hold_open(None)
        if not self._is_all_shown(match.at):
            window.hold_open(self._key)
        window.hold()
        window.settle()
        self.reveal()

    def reveal(self) -> None:
        """Bring the match that is looked at into view, if it is not."""
        match, window = self._match, self._window
        if match is None:
            return
        spans = self._current()
        row = spans[0].row if spans else 0
        if not any(placed.at == match.at and placed.row == row for placed in window.rows):
            window.bring(match.at, row, window.height // 3)
            window.hold()

    def _is_all_shown(self, at: int) -> bool:
        """Whether as many matches are in the rows of an entry as in its text: then none is folded away."""
        if self._finder is None or self._window.is_unfolded(at):
            return True
        rows = self._window.rows_of(at)
        shown = sum(1 for _ in found_in(rows, self._finder.pattern, 0, len(rows) - 1))
        return shown >= self._finder.count(at)

    def _current(self) -> list[Span]:
        """Give the cells of the match that is looked at; none when its entry's rows do not show it."""
        if self._match is None or self._finder is None:
            return []
        rows = self._window.rows_of(self._match.at)
        if self._spot is None or self._spot[0] is not rows or self._spot[1] != self._match:
            found = list(found_in(rows, self._finder.pattern, 0, len(rows) - 1))
            cells = found[min(self._match.number, len(found) - 1)] if found else []
            self._spot = (rows, self._match, cells)
        return self._spot[2]

    def marks(self, at: int, first: int, last: int) -> Iterator[tuple[Span, Style]]:
        """Give what is drawn in another look in some rows of an entry."""
        if self._finder is None:
            return
        for spans in found_in(self._window.rows_of(at), self._finder.pattern, first, last):
            yield from ((span, palette.FOUND) for span in spans)
        if self.at == at:
            yield from ((span, palette.FOUND_HERE) for span in self._current())

    def words(self, key: str) -> str:
        """Say what was found: ``3 of 17``.

        Args:
            key: What is pressed to look in older history.
        """
        finder = self._finder
        if finder is None:
            return "a capital makes case count"
        if self._pages_left:
            return f"looking in older history, {len(self._window.entries)} entries so far"
        if not finder.is_done:
            return f"{finder.total} so far"
        number = finder.number(self._match) if self._match is not None else 0
        further = f" · {key}: older history" if self._history.has_older and number <= 1 else ""
        return (f"{number} of {finder.total}" if number else "not found") + further
