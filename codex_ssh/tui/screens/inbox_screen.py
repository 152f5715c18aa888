"""The request that waits longest, of all hosts that are open, on the whole screen.

Lives here: the screen. Not here: which request that is (:mod:`codex_ssh.tui.inbox`), and how it looks
(:mod:`codex_ssh.tui.screens.ask_screen`, whose page it shows).
"""

from __future__ import annotations

import enum
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from codex_ssh.core.ask import Ask
from codex_ssh.core.decision import Decision
from codex_ssh.core.keymap import Keymap
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.ask_rows import Scene
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.screens.ask_screen import AskPage
from codex_ssh.tui.screens.dialog import Dialog
from codex_ssh.tui.widgets.ask_view import AskView


class NoDecision(enum.Enum):
    """What becomes of a request without an answer from here."""

    LATER = "later"
    ELSEWHERE = "answered elsewhere"


class InboxScreen(Dialog[Decision | NoDecision]):
    """Gives the decision, or why there is none.

    Args:
        ask: What is asked.
        scene: Where it comes from.
        keymap: Which keys do what.
        grace_seconds: Keys before that do not count.
        behind: How many more wait behind it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [bind("approval_screen.close", "back", priority=True)]

    DEFAULT_CSS = """
    InboxScreen { background: ansi_default; }
    InboxScreen Static { height: 1; padding: 0 1; }
    """

    def __init__(
        self, ask: Ask, scene: Scene, keymap: Keymap, *, grace_seconds: float, behind: int = 0
    ) -> None:
        super().__init__()
        self.ask = ask
        self._page = AskPage(ask, scene, keymap, grace_seconds=grace_seconds)
        head = Text(no_wrap=True, overflow="ellipsis")
        head.append(plain_line(scene.facts.host), palette.BOLD).append(" waits for you", palette.WARN)
        if behind:
            head.append(f", and {behind} more behind it", palette.DIM)
        self._head = Static(head, markup=False)

    def compose(self) -> ComposeResult:
        """Build the screen."""
        yield self._head
        yield self._page

    def on_mount(self) -> None:
        """Take the keyboard."""
        self._page.focus()

    def catch_up(self, *, waits: bool, scene: Scene) -> None:
        """Show what it is about now; where somebody else answered, it goes away."""
        if waits:
            self._page.update(scene)
        else:
            self.dismiss(NoDecision.ELSEWHERE)

    def on_ask_view_decided(self, message: AskView.Decided) -> None:
        """Give the decision."""
        message.stop()
        self.dismiss(message.decision)

    def action_back(self) -> None:
        """Decide nothing."""
        self.dismiss(NoDecision.LATER)
