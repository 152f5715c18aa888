"""An application with a transcript to read: the keys that read it, wherever the keyboard is.

Lives here: those keys, and what reading asks of the rest of the screen. Not here: reading
(:mod:`codex_ssh.tui.widgets.reading_pane`) and the rest of the screen (:mod:`codex_ssh.tui.app`).
"""

from __future__ import annotations

from typing import ClassVar, Final, TypeVar

from textual.binding import BindingType

from codex_ssh.core.terminal_codes import MOUSE_OFF, MOUSE_ON
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.lending import LendingApp
from codex_ssh.tui.widgets.reading_pane import ReadingPane

R = TypeVar("R")

_OF_THE_TRANSCRIPT: Final = frozenset(
    {"find", "read", "scroll_half", "toggle_columns", "toggle_raw", "go_to_first", "follow", "unfold"}
)
"""What is done to the transcript, and only while no dialog is over it."""


class ReadingApp(LendingApp[R]):
    """Has a transcript.

    Attributes:
        has_mouse: The mouse is used.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("transcript.unfold", "unfold", priority=True),
        bind("transcript.half_up", "scroll_half(-1)", priority=True),
        bind("transcript.half_down", "scroll_half(1)", priority=True),
        bind("transcript.first", "go_to_first", priority=True),
        bind("transcript.follow", "follow", priority=True),
        bind("transcript.find", "find", priority=True),
        bind("transcript.read", "read", priority=True),
        bind("transcript.columns", "toggle_columns", priority=True),
        bind("transcript.raw", "toggle_raw", priority=True),
    ]

    has_mouse: bool

    @property
    def pane(self) -> ReadingPane:
        """The transcript and all a reader does with it."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether an action's key means it now; else the key is the focused widget's."""
        if action in _OF_THE_TRANSCRIPT:
            return len(self.screen_stack) == 1
        return super().check_action(action, parameters)

    def action_unfold(self) -> None:
        """Fold or unfold everything."""
        self.pane.view.toggle_all()

    def action_scroll_half(self, halves: int) -> None:
        """Scroll by half a page."""
        self.pane.scroll_pages(halves / 2)

    def action_go_to_first(self) -> None:
        """Go to the beginning."""
        self.pane.go_to_first()

    def action_follow(self) -> None:
        """Go to the end."""
        self.pane.follow()

    def action_find(self) -> None:
        """Find text."""
        self.pane.find()

    def action_read(self) -> None:
        """Read by keyboard."""
        self.pane.read()

    def action_toggle_columns(self) -> None:
        """Show edits side by side, or not."""
        self.pane.toggle_columns()

    def action_toggle_raw(self) -> None:
        """Show nothing but text, or the usual again; the terminal has its mouse meanwhile."""
        raw = self.pane.toggle_raw()
        if self.has_mouse:
            self.write_terminal(MOUSE_OFF if raw else MOUSE_ON)
