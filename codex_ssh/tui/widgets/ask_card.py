"""The card that asks for an approval: what is asked, where it would happen, and every decision there is.

Lives here: the card between transcript and composer, and what its keys do beside deciding. Not here: sending
the answer (:mod:`codex_ssh.tui.chat`); the same on a whole screen (:mod:`codex_ssh.tui.screens.ask_screen`);
questions with free text (:mod:`codex_ssh.tui.screens.question_screen`).

The card takes the keyboard only from an empty composer, and Enter alone says no.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from textual.message import Message

from codex_ssh.core.ask import Ask, ElicitationAsk, PermissionsAsk
from codex_ssh.core.keymap import Keymap, Place
from codex_ssh.tui.ask_rows import Scene
from codex_ssh.tui.widgets.ask_view import AskView

_CALM_SECONDS: Final = 10
"""A request that waits no longer than that does not say how long."""


class AskCard(AskView):
    """Shows one request and takes its answer; how many wait beside it is in its title."""

    DEFAULT_CSS = """
    AskCard {
        height: auto;
        display: none;
        border: round ansi_yellow;
        padding: 0 1;
        border-title-color: ansi_yellow;
        border-subtitle-color: ansi_yellow;
    }
    AskCard:focus { border: heavy ansi_yellow; }
    """

    class Typed(Message):
        """The user typed what is no decision: it is meant for the composer."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Other(Message):
        """The user wants to see another request that waits."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class FullScreen(Message):
        """The user wants all of it on a whole screen."""

        def __init__(self, ask: Ask, scene: Scene) -> None:
            super().__init__()
            self.ask = ask
            self.scene = scene

    class OpenPage(Message):
        """The user wants to see the page a request is about."""

        def __init__(self, url: str) -> None:
            super().__init__()
            self.url = url

    class InPart(Message):
        """The user wants to choose what of it to allow."""

        def __init__(self, ask: PermissionsAsk) -> None:
            super().__init__()
            self.ask = ask

    def __init__(
        self, keymap: Keymap, *, grace_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(keymap, Place.APPROVAL, grace_seconds=grace_seconds, clock=clock)
        self._queue = (0, 0)
        self._asked_at = 0.0

    def on_mount(self) -> None:
        """Count the seconds it waits."""
        self.set_interval(1.0, self._retitle)

    def show(
        self, ask: Ask | None, scene: Scene | None, *, queue: tuple[int, int], waited_seconds: float = 0.0
    ) -> None:
        """Show a request, or none.

        Args:
            ask: What to show.
            scene: Where it comes from.
            queue: Which of how many that wait, from 0.
            waited_seconds: How long it waits already.
        """
        if (ask, scene, queue) == (self._ask, self._scene, self._queue):
            return
        self._queue = queue
        self._asked_at = self._clock() - waited_seconds
        self.display = ask is not None
        if (ask, scene) != (self._ask, self._scene):
            self._take(ask, scene)
        self._retitle()

    @property
    def _page(self) -> str:
        return self._ask.url if isinstance(self._ask, ElicitationAsk) else ""

    @property
    def _can_be_in_part(self) -> bool:
        return isinstance(self._ask, PermissionsAsk) and len(self._ask.wanted) > 1

    def _act(self, action: str) -> bool:
        match action:
            case "approval.up":
                self._move(-1)
            case "approval.down":
                self._move(1)
            case "approval.take":
                if self.decisions and self._chosen is not None:
                    self._decide(self.decisions[self._chosen])
            case "approval.previous":
                self.post_message(self.Other(-1))
            case "approval.next":
                self.post_message(self.Other(1))
            case _:
                message = self._opens(action)
                if message is not None and self.is_settled:
                    self.post_message(message)
                return message is not None
        return True

    def _opens(self, action: str) -> Message | None:
        """Give what asks for a dialog about the request; None where there is nothing of the kind."""
        if self._ask is None or self._scene is None:
            return None
        if action == "approval.full":
            return self.FullScreen(self._ask, self._scene)
        if action == "approval.open" and self._page:
            return self.OpenPage(self._page)
        if action == "approval.part" and self._can_be_in_part and isinstance(self._ask, PermissionsAsk):
            return self.InPart(self._ask)
        return None

    def _typed(self, character: str) -> None:
        self.post_message(self.Typed(character))

    def _move(self, step: int) -> None:
        if self.decisions:
            self._chosen = ((self._chosen or 0) + step) % len(self.decisions)
            self._choose()
            if not self._pinned:
                self.scroll_end(animate=False)

    def _build(self) -> None:
        super()._build()
        self.styles.height = len(self._rows) + len(self._choices) + 2

    def _choose(self) -> None:
        super()._choose()
        self.styles.height = len(self._rows) + len(self._choices) + 2

    def _retitle(self) -> None:
        """Say how many wait and how long; nothing from elsewhere stands in a title."""
        if not self.display:
            return
        at, count = self._queue
        title = "approval" if count < 2 else f"approval {at + 1} of {count}"
        waits = int(self._clock() - self._asked_at)
        if waits >= _CALM_SECONDS:
            title += f", waits {waits} s" if waits < 120 else f", waits {waits // 60} min"
        hints = [
            self._hint("approval.full", "full screen"),
            self._hint("approval.part", "in part") if self._can_be_in_part else "",
            self._hint("approval.open", "open the page") if self._page else "",
            self._hint("approval.next", "the others") if count > 1 else "",
        ]
        self.border_title = title
        self.border_subtitle = ", ".join(hint for hint in hints if hint)
