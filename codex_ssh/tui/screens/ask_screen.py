"""A request for approval on the whole screen: every row of it, file by file, decisions still at hand.

Lives here: the screen and its keys. Not here: how a request looks (:mod:`codex_ssh.tui.ask_rows`) and what
the decisions' keys do (:mod:`codex_ssh.tui.widgets.ask_view`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.strip import Strip

from codex_ssh.core.ask import Ask
from codex_ssh.core.decision import Decision
from codex_ssh.core.keymap import Keymap, Place
from codex_ssh.tui.ask_rows import Scene, changes_of, file_rows, head_rows
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.diff import diff_rows
from codex_ssh.tui.screens.dialog import Dialog
from codex_ssh.tui.widgets.ask_view import AskView
from codex_ssh.tui.wrap import blank


class AskPage(AskView):
    """All rows of a request.

    Attributes:
        side_by_side: Whether diffs have old and new in two columns, where there is room.
    """

    DEFAULT_CSS = """
    AskPage { height: 1fr; border: round ansi_yellow; padding: 0 1; background: ansi_default; }
    """

    def __init__(self, ask: Ask, scene: Scene, keymap: Keymap, *, grace_seconds: float) -> None:
        super().__init__(keymap, Place.APPROVAL_SCREEN, grace_seconds=grace_seconds)
        self.side_by_side = False
        self._asked = (ask, scene)
        self._files: list[int] = []

    def on_mount(self) -> None:
        """Show it from the top."""
        self._take(*self._asked)
        count = len(self._files)
        self.border_title = "approval" if count < 2 else f"approval, {count} files"
        hints = [
            self._hint("approval_screen.close", "back"),
            self._hint("approval_screen.columns", "side by side") if count else "",
            self._hint("approval_screen.next_file", "next file") if count > 1 else "",
        ]
        # A title is markup, and the key of a bracket is one.
        self.border_subtitle = Content(", ".join(hint for hint in hints if hint))

    @property
    def _page_rows(self) -> int:
        return max(1, self.content_size.height - self._pinned - 2)

    def update(self, scene: Scene) -> None:
        """Show what it is about now: the server may have changed the edit."""
        if scene != self._scene:
            self._take(self._ask, scene)

    def go_to_file(self, step: int) -> None:
        """Scroll to the next or the previous file."""
        at = round(self.scroll_y)
        found = bisect_right(self._files, at) if step > 0 else bisect_left(self._files, at) - 1
        if 0 <= found < len(self._files):
            self.scroll_to(y=self._files[found], animate=False)
        elif step < 0:
            self.scroll_home(animate=False)

    def _take(self, ask: Ask | None, scene: Scene | None) -> None:
        super()._take(ask, scene)
        self._chosen = None  # Enter decides nothing here: a key does
        self._choose()

    def _about(self, ask: Ask, scene: Scene, width: int) -> list[Strip]:
        rows = head_rows(ask, scene, width)
        self._files = []
        for change in changes_of(ask, scene):
            self._files.append(len(rows))
            rows += file_rows(change, scene.cwd, width)
            rows += diff_rows(change, width, side_by_side=self.side_by_side)
            rows.append(blank())
        return rows

    def _act(self, action: str) -> bool:
        match action:
            case "approval_screen.up":
                self.scroll_up(animate=False)
            case "approval_screen.down":
                self.scroll_down(animate=False)
            case "approval_screen.page_up":
                self.scroll_relative(y=-self._page_rows, animate=False)
            case "approval_screen.page_down":
                self.scroll_relative(y=self._page_rows, animate=False)
            case "approval_screen.top":
                self.scroll_home(animate=False)
            case "approval_screen.bottom":
                self.scroll_end(animate=False)
            case "approval_screen.next_file":
                self.go_to_file(1)
            case "approval_screen.file_before":
                self.go_to_file(-1)
            case "approval_screen.columns":
                self.side_by_side = not self.side_by_side
                self._build()
            case _:
                return False
        return True


class AskScreen(Dialog[Decision | None]):
    """Gives the decision; None when the user goes back to the card without one.

    Args:
        ask: What is asked.
        scene: Where it comes from.
        keymap: Which keys do what.
        grace_seconds: Keys before that do not count.
    """

    BINDINGS: ClassVar[list[BindingType]] = [bind("approval_screen.close", "back", priority=True)]

    DEFAULT_CSS = """
    AskScreen { background: ansi_default; }
    """

    def __init__(self, ask: Ask, scene: Scene, keymap: Keymap, *, grace_seconds: float) -> None:
        super().__init__()
        self.ask = ask
        self._page = AskPage(ask, scene, keymap, grace_seconds=grace_seconds)

    def compose(self) -> ComposeResult:
        """Build the screen."""
        yield self._page

    def update(self, scene: Scene) -> None:
        """Show what it is about now."""
        self._page.update(scene)

    def on_mount(self) -> None:
        """Take the keyboard."""
        self._page.focus()

    def on_ask_view_decided(self, message: AskView.Decided) -> None:
        """Give the decision."""
        message.stop()
        self.dismiss(message.decision)

    def action_back(self) -> None:
        """Decide nothing."""
        self.dismiss(None)
