"""Rows of a page, scrolled and searched; drawn piece by piece, so that keys are heard meanwhile."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable

from rich.segment import Segment
from textual import events, work
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from codex_ssh.tui import palette
from codex_ssh.tui.page import Page


class PageView(ScrollView, can_focus=True):
    """Shows a page.

    Args:
        page: What to show.
        take_key: Does what a key stands for, at once; False when it stands for nothing.

    Attributes:
        sides: Old and new side by side, where there is room.
        is_whole: All of it is drawn.
    """

    DEFAULT_CSS = """
    PageView {
        height: 1fr; background: ansi_default; overflow-x: hidden;
        scrollbar-size-vertical: 1; scrollbar-gutter: stable;
    }
    """

    class Moved(Message):
        """Another part of the page is in view, or there is more of it."""

    def __init__(self, page: Page, take_key: Callable[[events.Key], bool]) -> None:
        super().__init__()
        self.sides = False
        self.is_whole = False
        self._take_key = take_key
        self._page = page
        self._rows: list[Strip] = []
        self._starts: list[int] = []
        self._found: list[int] = []
        self._wanted = ""
        self._width = 0
        self._begin: tuple[int, int] | None = (page.begin_at, 0)

    async def _on_key(self, event: events.Key) -> None:
        # Not by bindings: their actions would come after keys that were pressed behind this one.
        if self._take_key(event):
            event.stop()
            event.prevent_default()

    # ---------------------------------------------------------------- drawing

    def on_resize(self, event: events.Resize) -> None:
        """Draw it for another width."""
        width = self.scrollable_content_region.width
        if width and width != self._width:
            is_first, self._width = not self._width, width
            if is_first:
                self.draw()
            else:
                self.redraw()

    @work(exclusive=True)
    async def draw(self) -> None:
        """Draw the page; what was at the top stays there."""
        self._rows, self._starts, self._found, self.is_whole = [], [], [], False
        for at, piece in enumerate(self._page.pieces):
            self._starts.append(len(self._rows))
            self._take(piece.draw(self._width, self.sides))
            if self._begin is not None and at >= self._begin[0]:
                self._go_on_at(self._begin)
            await asyncio.sleep(0)
        self.is_whole = True
        self._begin = None
        self.virtual_size = Size(self._width, len(self._rows) + self._room_below())
        self.post_message(self.Moved())

    def redraw(self) -> None:
        """Draw it in another way; what is at the top stays there."""
        self._begin = self._place()
        self.draw()

    def _take(self, rows: list[Strip]) -> None:
        first = len(self._rows)
        self._rows += rows
        if self._wanted:
            self._found += [first + at for at, row in enumerate(rows) if self._wanted in row.text.casefold()]
        self.virtual_size = Size(self._width, len(self._rows))
        self.refresh()

    def _room_below(self) -> int:
        """Give how many empty rows let the last part come to the top, where there is more than fits."""
        starts = [start for _, start in self.titles]
        if len(starts) < 2 or len(self._rows) <= self.size.height:
            return 0
        return max(0, self.size.height - (len(self._rows) - starts[-1]))

    def _go_on_at(self, place: tuple[int, int]) -> None:
        row = self._starts[min(place[0], len(self._starts) - 1)] + place[1]
        if row <= self.max_scroll_y or len(self._starts) == len(self._page.pieces):
            self.scroll_to(y=row, animate=False, force=True)

    def _place(self) -> tuple[int, int]:
        top = round(self.scroll_y)
        at = max(0, bisect_right(self._starts, top) - 1)
        return at, top - self._starts[at] if self._starts else 0

    def render_line(self, y: int) -> Strip:
        """Give one row of the view."""
        at = round(self.scroll_y) + y
        width = self.scrollable_content_region.width
        if at >= len(self._rows):
            return Strip.blank(width)
        row = self._rows[at]
        if self._wanted and self._wanted in row.text.casefold():
            row = _marked(row, self._wanted)
        return row.adjust_cell_length(width)

    # ---------------------------------------------------------------- where we are

    @property
    def titles(self) -> list[tuple[str, int]]:
        """The parts one can go to, and the row each begins at."""
        pieces = zip(self._page.pieces, self._starts, strict=False)
        return [(piece.title, start) for piece, start in pieces if piece.title]

    @property
    def part(self) -> int:
        """The part at the top of the view, from 0; -1 before the first."""
        starts = [start for _, start in self.titles]
        return bisect_right(starts, round(self.scroll_y)) - 1

    @property
    def percent(self) -> int:
        """How far down the view is."""
        return round(100 * self.scroll_y / self.max_scroll_y) if self.max_scroll_y else 100

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say that another part is in view."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved())

    def go_to_part(self, step: int) -> None:
        """Go to the next or the previous part."""
        starts = [start for _, start in self.titles]
        top = round(self.scroll_y)
        later = [start for start in starts if start > top]
        earlier = [start for start in starts if start < top]
        if step > 0 and later:
            self.scroll_to(y=later[0], animate=False)
        elif step < 0:
            self.scroll_to(y=earlier[-1] if earlier else 0, animate=False)

    def move(self, rows: int) -> None:
        """Scroll by rows."""
        self.scroll_relative(y=rows, animate=False)

    def move_pages(self, pages: int) -> None:
        """Scroll by pages; one row stays in view."""
        self.move(pages * max(1, self.size.height - 1))

    # ---------------------------------------------------------------- finding

    def find(self, text: str) -> int:
        """Mark a text, go to its first place at or below the top, and give in how many rows it is."""
        self._wanted = text.casefold()
        self._found = (
            [at for at, row in enumerate(self._rows) if self._wanted in row.text.casefold()]
            if self._wanted
            else []
        )
        top = round(self.scroll_y)
        self._go_to_row(next((at for at in self._found if at >= top), next(iter(self._found), None)))
        self.refresh()
        return len(self._found)

    def find_again(self, step: int) -> None:
        """Go to the next or the previous place, round the end."""
        top = round(self.scroll_y)
        if step > 0:
            row = next((at for at in self._found if at > top), next(iter(self._found), None))
        else:
            row = next((at for at in reversed(self._found) if at < top), next(reversed(self._found), None))
        self._go_to_row(row)

    def _go_to_row(self, row: int | None) -> None:
        if row is not None:
            self.scroll_to(y=row, animate=False)


def _marked(row: Strip, wanted: str) -> Strip:
    """Give a row with the text that is looked for set off."""
    segments: list[Segment] = []
    text = row.text.casefold()
    marks = [False] * len(text)
    at = text.find(wanted)
    while at >= 0:
        marks[at : at + len(wanted)] = [True] * len(wanted)
        at = text.find(wanted, at + len(wanted))
    place = 0
    for segment in row:
        for character in segment.text:
            style = segment.style or palette.PLAIN
            chosen = place < len(marks) and marks[place]
            segments.append(Segment(character, style + palette.CHOSEN if chosen else style))
            place += 1
    return Strip(Segment.simplify(segments))
