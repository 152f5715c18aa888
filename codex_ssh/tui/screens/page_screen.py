"""A page on the whole screen: a diff, a file of the devbox, the keys.

Lives here: keys, the line above and the lines below. Not here: what is on the page
(:mod:`codex_ssh.tui.page`) and drawing it (:mod:`codex_ssh.tui.widgets.page_view`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input, Static

from codex_ssh.core.keymap import Keymap, shown
from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.diff import SIDE_BY_SIDE_CELLS
from codex_ssh.tui.page import Page
from codex_ssh.tui.widgets.page_view import PageView

Copy = Callable[[str], Awaitable[str]]
"""Copies a text, and gives what to say about it."""

Edit = Callable[[str], Awaitable[str]]
"""Shows a text in an editor, and gives what to say afterwards; may be empty."""

_WAIT_SECONDS: Final = 0.5

_ROOMY_CELLS: Final = 60
"""Narrower than that the name of the part is more use than that of the page."""


class PageScreen(Screen[None]):
    """Shows a page until it is closed.

    Args:
        page: What to show.
        keymap: Which keys do what.
        copy, edit: What is done with the text of the page.
        waits: Gives what waits for the user behind this screen, in words; empty when nothing does.
        find: Begins with a search.
    """

    DEFAULT_CSS = """
    PageScreen { background: ansi_default; color: ansi_default; }
    PageScreen #title { height: 1; background: ansi_default; }
    PageScreen #keys { height: 1; background: ansi_default; }
    PageScreen Input, PageScreen Input:focus {
        border: none; height: 1; padding: 0 1; background: ansi_default; color: ansi_default; display: none;
        & .input--cursor { text-style: reverse; background: ansi_default; color: ansi_default; }
        & .input--placeholder { text-style: dim; color: ansi_default; background: ansi_default; }
    }
    PageScreen Input.-shown { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("page.close", "leave"),
        bind("page.up", "move(-1)"),
        bind("page.down", "move(1)"),
        bind("page.page_up", "move_pages(-1)"),
        bind("page.page_down", "move_pages(1)"),
        bind("page.top", "top"),
        bind("page.bottom", "bottom"),
        bind("page.next_part", "part(1)"),
        bind("page.previous_part", "part(-1)"),
        bind("page.columns", "columns"),
        bind("page.find", "find"),
        bind("page.find_next", "find_again(1)"),
        bind("page.find_previous", "find_again(-1)"),
        bind("page.copy", "copy"),
        bind("page.edit", "edit"),
    ]

    def __init__(
        self,
        page: Page,
        keymap: Keymap,
        *,
        copy: Copy,
        edit: Edit,
        waits: Callable[[], str],
        find: bool = False,
    ) -> None:
        super().__init__()
        self.view = PageView(page)
        self._page = page
        self._keymap = keymap
        self._copy = copy
        self._edit = edit
        self._waits = waits
        self._find = find
        self._said = ""

    def compose(self) -> ComposeResult:
        """Build the screen."""
        yield Static(id="title", markup=False)
        yield self.view
        yield Input(placeholder="find; enter: next, esc: done")
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Take the keyboard."""
        self.view.focus()
        if self._find:
            self.action_find()
        self.set_interval(_WAIT_SECONDS, self._refresh_lines)
        self._refresh_lines()

    def on_page_view_moved(self) -> None:
        """Say where we are."""
        self._refresh_lines()

    def _refresh_lines(self) -> None:
        if not self.is_mounted:
            return
        titles = self.view.titles
        line = Text(no_wrap=True, overflow="ellipsis")
        if len(titles) < 2 or self.size.width >= _ROOMY_CELLS:
            line.append(f"{self._page.title}  ", palette.BOLD)
        if len(titles) > 1:
            part = max(self.view.part, 0)
            line.append(f"{part + 1} of {len(titles)}: {titles[part][0]}  ", palette.DIM)
        line.append(f"{self.view.percent} %" if self.view.is_whole else "…", palette.DIM)
        self.query_one("#title", Static).update(line)
        self.query_one("#keys", Static).update(self._keys_line())

    def _keys_line(self) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        if waits := self._waits():
            line.append(f"{waits}  ", palette.WARN)
        if self._said:
            line.append(f"{self._said}  ", palette.GOOD)
        keys = [("page.close", "back"), ("page.find", "find")]
        if len(self.view.titles) > 1:
            keys.insert(1, ("page.next_part", "next"))
        if self._page.has_sides and self.size.width >= SIDE_BY_SIDE_CELLS:
            keys.append(("page.columns", "side by side"))
        keys += [("page.copy", "copy"), ("page.edit", "editor")]
        hints = [f"{shown(named[0])}: {about}" for name, about in keys if (named := self._keymap.keys(name))]
        line.append("  ".join(hints), palette.DIM)
        return line

    # ---------------------------------------------------------------- keys

    def action_leave(self) -> None:
        """End the search, or close."""
        if self.query_one(Input).has_focus:
            self._end_find()
        else:
            self.dismiss(None)

    def action_move(self, rows: int) -> None:
        """Scroll by rows."""
        self.view.move(rows)

    def action_move_pages(self, pages: int) -> None:
        """Scroll by pages."""
        self.view.move_pages(pages)

    def action_top(self) -> None:
        """Go to the start."""
        self.view.scroll_home(animate=False)

    def action_bottom(self) -> None:
        """Go to the end."""
        self.view.scroll_end(animate=False)

    def action_part(self, step: int) -> None:
        """Go to another part."""
        self.view.go_to_part(step)

    def action_columns(self) -> None:
        """Put old and new side by side, or one below the other."""
        if self._page.has_sides:
            self.view.sides = not self.view.sides
            self.view.redraw()

    def action_find(self) -> None:
        """Ask what to look for."""
        entry = self.query_one(Input)
        entry.add_class("-shown")
        entry.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Find it while it is typed."""
        self._said = ""
        if event.value:
            found = self.view.find(event.value)
            self._said = f"in {found} lines" if found != 1 else "in 1 line"
        else:
            self.view.find("")
        self._refresh_lines()

    def on_input_submitted(self) -> None:
        """Go to the next place."""
        self.view.find_again(1)

    def _end_find(self) -> None:
        entry = self.query_one(Input)
        entry.remove_class("-shown")
        if not entry.value:
            self.view.find("")
        self.view.focus()

    def action_find_again(self, step: int) -> None:
        """Go to another place."""
        self.view.find_again(step)

    async def action_copy(self) -> None:
        """Copy all of it."""
        self._said = await self._copy(self._page.text)
        self._refresh_lines()

    async def action_edit(self) -> None:
        """Show all of it in the user's editor; what is changed there changes nothing."""
        self._said = await self._edit(self._page.text)
        self._refresh_lines()
