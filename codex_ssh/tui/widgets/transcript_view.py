"""The transcript as one line-based widget: it draws the rows that are in view, and no others.

Lives here: drawing, the scroll bar, the mouse. Not here: which rows are in view
(:mod:`codex_ssh.tui.window`), what the rows of an entry look like (:mod:`codex_ssh.tui.cells`), and what
becomes of what was selected or clicked (:mod:`codex_ssh.tui.widgets.reading_pane`).

A widget per entry, or per markdown block, cannot keep up: with 2 000 entries a key takes seconds to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Final

from rich.style import Style
from textual import events
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollDown, ScrollTo, ScrollUp
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from codex_ssh.core.entry import Entry
from codex_ssh.core.transcript import Changes
from codex_ssh.tui import palette
from codex_ssh.tui.lines import Span, drawn
from codex_ssh.tui.links import Target, link_of
from codex_ssh.tui.selection import Grain, Selection, Spot
from codex_ssh.tui.window import Window
from codex_ssh.tui.wrap import inset_of

NEAR_TOP_ROWS: Final = 20
"""So near the top older history is asked for."""

WHEEL_ROWS: Final = 3

_CLICK_SECONDS: Final = 0.4
"""A second click within this time selects a word, a third one a line."""

_DRAG_SECONDS: Final = 0.05
"""While the mouse is held above or below the view, it scrolls by a row this often."""


Marked = tuple[Span, Style]
"""Cells, and how they look."""

Marks = Callable[[int, int, int], Iterable[Marked]]
"""Gives what looks different in an entry, from its place among all and the first and last row in view."""


def _no_marks(at: int, first: int, last: int) -> Iterable[Marked]:
    return ()


class TranscriptView(ScrollView, can_focus=False):
    """Shows the entries of a transcript.

    Attributes:
        window: What is in view.
        marks: Gives what is drawn in another look in some rows of an entry.
        selection: What is selected with the mouse; None when nothing is.
    """

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    TranscriptView {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        padding: 0 1;
        &.-raw { scrollbar-size-vertical: 0; padding: 0; }
    }
    """

    class NearTop(Message):
        """The reader is about to reach the oldest entry there is."""

    class Sized(Message):
        """The view has another size, and is drawn anew."""

    class Selected(Message):
        """Text was selected, and the mouse let go."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class LinkClicked(Message):
        """A piece of text that points somewhere was clicked."""

        def __init__(self, target: Target) -> None:
            super().__init__()
            self.target = target

    def __init__(self) -> None:
        super().__init__()
        self.window = Window()
        self.selection: Selection | None = None
        self.marks: Marks = _no_marks
        self._drawn: list[tuple[Strip, tuple[Marked, ...]]] = []
        self._pressed: tuple[Offset, float, Grain] | None = None
        self._dragging: Spot | None = None
        self._followed = False
        self._drag_timer: Timer | None = None
        self._mouse = Offset()

    # ---------------------------------------------------------------- content

    def show(self, entries: Sequence[Entry], cwd: str) -> None:
        """Show other entries from scratch."""
        self.selection = None
        self.window.show(entries, cwd)
        self.draw()

    def update_entries(self, entries: Sequence[Entry], changes: Changes) -> None:
        """Take changes of the entries that are shown."""
        self.window.update(entries, changes)
        self.draw()

    def toggle_all(self) -> None:
        """Fold or unfold everything."""
        self.selection = None
        self.window.toggle_all()
        self.draw()

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        """Draw the rows that are not what they were."""
        window = self.window
        if (size := Size(window.width, window.total)) != self.virtual_size:
            # Not by assignment: all of the screen would be laid out anew for every row that comes.
            self.set_reactive(Widget.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        self.scroll_to(y=window.top, animate=False, immediate=True, force=True)
        marked = self._marked()
        before = self._drawn
        self._drawn = [(placed.strip, marked.get(y, ())) for y, placed in enumerate(window.rows)]
        changed = [
            y
            for y in range(max(len(before), len(self._drawn)))
            if y >= len(before) or y >= len(self._drawn) or before[y] != self._drawn[y]
        ]
        if changed:
            rows = changed[-1] + 1 - changed[0]
            self.refresh(Region(0, changed[0], self.outer_size.width, rows))

    def _marked(self) -> dict[int, tuple[Marked, ...]]:
        """Give the cells that look different from what their entry says, by row of the view."""
        window, marked = self.window, dict[int, tuple[Marked, ...]]()
        for at, group in groupby(enumerate(window.rows), key=lambda placed: placed[1].at):
            placed = list(group)
            y, first, last = placed[0][0], placed[0][1].row, placed[-1][1].row
            found = list(self.marks(at, first, last))
            if self.selection is not None:
                selected = self.selection.spans(at, first, last, window.at, window.rows_of)
                found += [(span, palette.CHOSEN) for span in selected]
            for span, style in found:
                if first <= span.row <= last:
                    row = y + span.row - first
                    marked[row] = (*marked.get(row, ()), (span, style))
        return marked

    def render_line(self, y: int) -> Strip:
        """Give one visible row."""
        width = self.window.width
        strip, marked = self._drawn[y] if y < len(self._drawn) else (Strip([], 0), ())
        for span, style in marked:
            strip = drawn(strip, span.start, span.end, style)
        return strip.extend_cell_length(width).crop(0, width)

    # ---------------------------------------------------------------- moving

    def scroll_rows(self, rows: int) -> None:
        """Move the view by rows, down or, when negative, up."""
        self.window.scroll(rows)
        self._moved()

    def scroll_pages(self, pages: float) -> None:
        """Move the view by pages, down or up; two rows of the old one stay."""
        self.scroll_rows(round(pages * max(1, self.size.height - 2)))

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.window.follow()
        self.draw()

    def _moved(self) -> None:
        self.draw()
        if self.window.top < NEAR_TOP_ROWS and not self.window.following:
            self.post_message(self.NearTop())

    def on_scroll_to(self, event: ScrollTo) -> None:
        """Go where the scroll bar was dragged to."""
        event.stop()
        event.prevent_default()
        if event.y is not None:
            self.window.jump(round(event.y))
            self._moved()

    def on_scroll_up(self, event: ScrollUp) -> None:
        """Go a page up: the scroll bar was clicked above its handle."""
        event.stop()
        event.prevent_default()
        self.scroll_pages(-1)

    def on_scroll_down(self, event: ScrollDown) -> None:
        """Go a page down."""
        event.stop()
        event.prevent_default()
        self.scroll_pages(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        self._wheel(event, -WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        self._wheel(event, WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(rows)

    def on_resize(self) -> None:
        """Wrap what is visible anew."""
        # Without the scroll bar, which is always there.
        width = max(8, self.scrollable_content_region.width)
        if width != self.window.width:
            self.selection = None
        self.window.resize(width, self.size.height)
        self.draw()
        self.post_message(self.Sized())

    # ---------------------------------------------------------------- the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to select: characters, at the second click words, at the third lines."""
        spot = self._spot(event.offset)
        if event.button != 1 or spot is None:
            return
        grain, before = Grain.CHARACTER, self._pressed
        if before is not None and before[0] == event.offset and event.time - before[1] < _CLICK_SECONDS:
            grain = Grain(before[2] % len(Grain) + 1)
        self._pressed = (event.offset, event.time, grain)
        self._dragging, self._mouse = spot, event.offset
        self._followed = self.window.following
        # What streams in does not move what is being selected.
        self.window.hold()
        self.selection = Selection(fixed=spot, moving=spot, grain=grain) if grain > 1 else None
        self.capture_mouse()
        self.draw()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Select up to here."""
        if self._dragging is None or self.app.mouse_captured is not self:
            return
        self._mouse = event.offset
        if self._drag_timer is None and not 0 <= event.y < self.size.height:
            self._drag_timer = self.set_interval(_DRAG_SECONDS, self._drag_on)
        self._drag()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Hand over what is selected, or take it as a click."""
        if self._dragging is None:
            return
        if self.selection is not None:
            if text := self.selection.text(self.window.at, self.window.rows_of):
                self.post_message(self.Selected(text))
        elif self._pressed is not None and self._pressed[2] is Grain.CHARACTER and self._click(event.offset):
            self._followed = False
        self._let_go()
        self.release_mouse()

    def on_mouse_release(self) -> None:
        """The mouse was taken away, by a dialog that came up: nothing is copied."""
        if self._dragging is not None:
            self._let_go()

    def _let_go(self) -> None:
        self._dragging = None
        if self._drag_timer is not None:
            self._drag_timer.stop()
            self._drag_timer = None
        if self._followed:
            self.window.follow()
        else:
            self.window.scroll(0)
        self.draw()

    def take_selection(self) -> str:
        """Give what is selected and let go of it; empty when nothing is."""
        selection, self.selection = self.selection, None
        if selection is None:
            return ""
        self.draw()
        return selection.text(self.window.at, self.window.rows_of)

    def _drag_on(self) -> None:
        if self._mouse.y < 0:
            self.window.scroll(-1)
        elif self._mouse.y >= self.size.height:
            self.window.scroll(1)
        self._drag()

    def _drag(self) -> None:
        spot = self._spot(self._mouse)
        if spot is None or self._dragging is None or self._pressed is None:
            return
        if self.selection is not None or spot != self._dragging:
            self.selection = Selection(fixed=self._dragging, moving=spot, grain=self._pressed[2])
        self.draw()

    def _click(self, offset: Offset) -> bool:
        """Open a link, or fold or unfold the entry whose mark, gutter or fold was clicked.

        True when something was folded or unfolded: the view stays where it is then.
        """
        window = self.window
        if not 0 <= offset.y < len(window.rows):
            return False
        placed, column = window.rows[offset.y], offset.x - self.gutter.left
        target = self._target(placed.strip, column)
        if target is not None:
            self.post_message(self.LinkClicked(target))
        elif column < inset_of(placed.strip):
            window.toggle(placed.at)
            return True
        return False

    def _target(self, strip: Strip, column: int) -> Target | None:
        piece = strip.crop(column, column + 1)
        return next((target for segment in piece if (target := link_of(segment.style)) is not None), None)

    def _spot(self, offset: Offset) -> Spot | None:
        """Give the cell of an entry at or nearest to a place in the widget."""
        window = self.window
        if not window.rows:
            return None
        placed = window.rows[min(max(0, offset.y), len(window.rows) - 1)]
        column = max(0, offset.x - self.gutter.left)
        return Spot(key=window.entries[placed.at].key, row=placed.row, column=column)
