"""A page on the whole screen: a diff, a file of the devbox, the keys.

Lives here: keys, the line above and the lines below. Not here: what is on the page
(:mod:`codex_ssh.tui.page`) and drawing it (:mod:`codex_ssh.tui.widgets.page_view`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input, Static

from codex_ssh.core.keymap import Keymap, Place, shown
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
        save: Brings what is shown to this machine; None where it is no file.
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
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("page.close", "leave"),
        bind("page.up", "move(-1)"),
        bind("page.down", "move(1)"),
        bind("page.page_up", "move_pages(-1)"),
        bind("page.page_down", "move_pages(1)"),
    ]
    """What counts while a text is looked for, too; the page takes all of its keys itself."""

    def __init__(
        self,
        page: Page,
        keymap: Keymap,
        *,
        copy: Copy,
        edit: Edit,
        waits: Callable[[], str],
        save: Callable[[], None] | None = None,
        find: bool = False,
    ) -> None:
        super().__init__()
        self.view = PageView(page, self._take_key)
        self._page = page
        self._keymap = keymap
        self._copy = copy
        self._edit = edit
        self._waits = waits
        self._save = save
        self._find = find
        self._said = ""
        self._finds = False

    def compose(self) -> ComposeResult:
        """Build the screen."""
        yield Static(id="title", markup=False)
        yield self.view
        yield Input(placeholder="find; enter: next, esc: done", select_on_focus=False)
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Take the keyboard."""
        self.set_focus(self.view)
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
            line.append(f"{self._title(len(titles) > 1)}  ", palette.BOLD)
        if len(titles) > 1:
            part = max(self.view.part, 0)
            line.append(f"{part + 1} of {len(titles)}: {titles[part][0]}  ", palette.DIM)
        line.append(f"{self.view.percent} %" if self.view.is_whole else "…", palette.DIM)
        self.query_one("#title", Static).update(line)
        self.query_one("#keys", Static).update(self._keys_line())

    def _title(self, has_parts: bool) -> str:  # noqa: FBT001
        """Give what the page is; of a long path the end is kept."""
        title = self._page.title
        room = self.size.width - len("  100 %")
        return title if has_parts or len(title) <= room else f"…{title[-room + 1 :]}"

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
        if self._save is not None:
            keys.append(("page.save", "save here"))
        hints = [f"{shown(named[0])}: {about}" for name, about in keys if (named := self._keymap.keys(name))]
        line.append("  ".join(hints), palette.DIM)
        return line

    # ---------------------------------------------------------------- keys

    def _take_key(self, event: events.Key) -> bool:
        """Do what a key stands for in the page; what is typed behind the one that searches is searched."""
        if self._finds and event.is_printable and event.character is not None:
            self.query_one(Input).insert_text_at_cursor(event.character)
            return True
        match self._keymap.action(event.key, Place.PAGE):
            case "page.close":
                self.action_leave()
            case "page.up" | "page.down" as name:
                self.action_move(-1 if name == "page.up" else 1)
            case "page.page_up" | "page.page_down" as name:
                self.action_move_pages(-1 if name == "page.page_up" else 1)
            case "page.top":
                self.action_top()
            case "page.bottom":
                self.action_bottom()
            case "page.next_part" | "page.previous_part" as name:
                self.action_part(1 if name == "page.next_part" else -1)
            case "page.find_next" | "page.find_previous" as name:
                self.action_find_again(1 if name == "page.find_next" else -1)
            case name:
                return self._take_rarer(name)
        return True

    def _take_rarer(self, name: str) -> bool:
        match name:
            case "page.columns":
                self.action_columns()
            case "page.find":
                self.action_find()
            case "page.copy":
                self.run_worker(self._copy_all(), exclusive=True)
            case "page.edit":
                self.run_worker(self._edit_all(), exclusive=True)
            case "page.save" if self._save is not None:
                self._save()
            case _:
                return False
        return True

    def action_leave(self) -> None:
        """End the search, or close."""
        if self._finds:
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
        entry.display = True
        self._finds = True
        self.set_focus(entry)

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
        entry.display = False
        self._finds = False
        if not entry.value:
            self.view.find("")
        self.set_focus(self.view)

    def action_find_again(self, step: int) -> None:
        """Go to another place."""
        self.view.find_again(step)

    async def _copy_all(self) -> None:
        """Copy all of it."""
        self._said = await self._copy(self._page.text)
        self._refresh_lines()

    async def _edit_all(self) -> None:
        """Show all of it in the user's editor; what is changed there changes nothing."""
        self._said = await self._edit(self._page.text)
        self._refresh_lines()
