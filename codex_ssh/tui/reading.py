"""Reading by keyboard: a cursor that stands on one entry of the transcript, and on a link in it.

Lives here: where the cursor goes, and what comes into view with it. Not here: keys and drawing
(:mod:`codex_ssh.tui.widgets.reading_pane`).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from codex_ssh.core.entry import Entry, EntryKey
from codex_ssh.core.items import UserMessage
from codex_ssh.tui.lines import Span
from codex_ssh.tui.links import Target, links_in
from codex_ssh.tui.window import Window


class Cursor:
    """Stands on an entry of a window.

    Attributes:
        key: The entry; None while nobody reads.
        link: Which of the entry's links, from 0; None for none.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self.key: EntryKey | None = None
        self.link: int | None = None

    @property
    def at(self) -> int | None:
        """The place of the entry among all."""
        return self._window.at(self.key) if self.key is not None else None

    @property
    def entry(self) -> Entry | None:
        """The entry."""
        at = self.at
        return self._window.entries[at] if at is not None else None

    # ---------------------------------------------------------------- going

    def begin(self, at: int | None = None) -> bool:
        """Stand on an entry, or the last one in view; False when there is none."""
        rows = self._window.rows
        if at is None and rows:
            at = next((placed.at for placed in reversed(rows) if placed.strip.text.strip()), rows[-1].at)
        if at is None:
            return False
        self._window.hold()
        self._stand(at)
        return True

    def move(self, step: int) -> bool:
        """Go to the entry above (-1) or below (1); one that is taller than the view is read to its end first.

        False when there is none.
        """
        at = self.at
        if at is None:
            return False
        if self._is_cut_off(at, step):
            self._window.scroll(step * max(1, self._window.height // 2))
            self._window.hold()
            return True
        way = range(at + step, len(self._window.entries) if step > 0 else -1, step)
        found = next((other for other in way if self._window.rows_of(other)), None)
        if found is None:
            return False
        self._stand(found)
        self._show(found, from_above=step > 0)
        return True

    def move_to_prompt(self, step: int) -> bool:
        """Go to what the user said before (-1) or after (1) this; False when there is nothing."""
        at = self.at
        if at is None:
            return False
        way = range(at + step, len(self._window.entries) if step > 0 else -1, step)
        found = next((one for one in way if isinstance(self._window.entries[one].content, UserMessage)), None)
        if found is None:
            return False
        self._stand(found)
        self._window.bring(found, 0, 1)
        self._window.hold()
        return True

    def move_to_end(self, *, first: bool) -> None:
        """Go to the first entry, or to the last."""
        count = len(self._window.entries)
        way: Iterable[int] = range(count) if first else range(count - 1, -1, -1)
        found = next((at for at in way if self._window.rows_of(at)), None)
        if found is not None:
            self._stand(found)
            self._show(found, from_above=not first)

    def follow_scroll(self) -> None:
        """Stand on an entry that is in view, after the view was scrolled."""
        rows, at = self._window.rows, self.at
        if at is None or not rows or rows[0].at <= at <= rows[-1].at:
            return
        self._stand(rows[0].at if at < rows[0].at else rows[-1].at)

    def _stand(self, at: int) -> None:
        self.key, self.link = self._window.entries[at].key, None

    def _is_cut_off(self, at: int, step: int) -> bool:
        """Whether the entry is in view, taller than it, and goes on beyond it that way."""
        seen = [placed.row for placed in self._window.rows if placed.at == at]
        height = len(self._window.rows_of(at))
        if not seen or height <= self._window.height:
            return False
        return seen[-1] < height - 1 if step > 0 else seen[0] > 0

    def _show(self, at: int, *, from_above: bool) -> None:
        """Bring the entry into view, as little as needed; of a tall one the part that is reached first."""
        window = self._window
        height = len(window.rows_of(at))
        seen = [placed.row for placed in window.rows if placed.at == at]
        if len(seen) < min(height, window.height):
            if from_above and height <= window.height:
                window.bring(at, height - 1, window.height - 1)
            elif from_above:
                window.bring(at, 0, 0)
            else:
                window.bring(at, max(0, height - window.height), 0)
        window.hold()

    # ---------------------------------------------------------------- links

    def links(self) -> list[tuple[Target, list[Span]]]:
        """Give the links of the entry and the cells each stands in, from the top."""
        at = self.at
        if at is None:
            return []
        pieces = links_in(self._window.rows_of(at))
        return [
            (target, [Span(row, start, end) for row, start, end, _ in group])
            for target, group in groupby(pieces, key=lambda piece: piece[3])
        ]

    def next_link(self) -> None:
        """Go to the next link of the entry, round and round, and bring it into view."""
        links, at = self.links(), self.at
        if not links or at is None:
            self.link = None
            return
        self.link = 0 if self.link is None else (self.link + 1) % len(links)
        row = links[self.link][1][0].row
        if not any(placed.at == at and placed.row == row for placed in self._window.rows):
            self._window.bring(at, row, self._window.height // 2)
            self._window.hold()

    @property
    def target(self) -> Target | None:
        """Where the chosen link points to; without a choice, the first one of the entry."""
        links = self.links()
        return links[min(self.link or 0, len(links) - 1)][0] if links else None
