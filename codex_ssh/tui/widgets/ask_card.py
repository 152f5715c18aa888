"""The card that asks for an approval: what is asked, where it would happen, and every decision there is.

Lives here: the card, its keys and the pause before keys count. Not here: sending the answer
(:mod:`codex_ssh.tui.chat`); questions with free text have a screen of their own
(:mod:`codex_ssh.tui.screens.question_screen`).

Nothing is ever approved by itself or by a key meant for something else: the card takes the keyboard only
from an empty composer, a key counts only after a short pause, and Enter alone says no.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from codex_ssh.core.ask import Ask, CommandAsk, ElicitationAsk, FileChangeAsk, PermissionsAsk
from codex_ssh.core.decision import Decision, Verdict
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.items import FileChange
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.tui import palette
from codex_ssh.tui.diff import change_counts, diff_rows, short_path
from codex_ssh.tui.wrap import Span, blank, wrap

_ALIASES: Final = {"n": "d"}
"""``n`` says no as ``d`` does."""


class AskCard(ScrollView, can_focus=True):
    """Shows one request and takes its answer.

    Args:
        facts: Where it would happen.
        grace_seconds: Keys before that do not count.
        clock: Monotonic seconds.
    """

    DEFAULT_CSS = """
    AskCard {
        height: auto;
        max-height: 75%;
        display: none;
        border: round ansi_yellow;
        padding: 0 1;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        border-title-color: ansi_yellow;
    }
    AskCard:focus { border: heavy ansi_yellow; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
        Binding("enter", "confirm", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
    ]

    class Decided(Message):
        """The user decided."""

        def __init__(self, ask: Ask, decision: Decision) -> None:
            super().__init__()
            self.ask = ask
            self.decision = decision

    class Typed(Message):
        """The user typed what is no decision: it is meant for the composer."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self, facts: ServerFacts, *, grace_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._facts = facts
        self._grace = grace_seconds
        self._clock = clock
        self._ask: Ask | None = None
        self._change: FileChange | None = None
        self._cwd = ""
        self._waiting = 0
        self._chosen = 0
        self._since = 0.0
        self._rows: list[Strip] = []
        self._choices: list[Strip] = []

    @property
    def decisions(self) -> Sequence[Decision]:
        """What may be chosen now."""
        return getattr(self._ask, "decisions", ())

    def show(self, ask: Ask | None, change: FileChange | None, cwd: str, waiting: int) -> None:
        """Show a request, or none.

        Args:
            ask: What to show.
            change: The edit it is about, for its diff.
            cwd: The thread's directory.
            waiting: How many more wait behind it.
        """
        if (ask, change, cwd, waiting) == (self._ask, self._change, self._cwd, self._waiting):
            return
        if ask != self._ask:
            self._since = self._clock()
            offered = getattr(ask, "decisions", ())
            harmless = [at for at, one in enumerate(offered) if one.verdict is Verdict.DECLINE]
            self._chosen = harmless[0] if harmless else max(0, len(offered) - 1)
            self.scroll_to(y=0, animate=False, immediate=True)
        self._ask, self._change, self._cwd, self._waiting = ask, change, cwd, waiting
        self.display = ask is not None
        self.border_title = "approval" if not waiting else f"approval, {waiting} more behind it"
        self._draw()

    def action_choose(self, step: int) -> None:
        """Move the choice."""
        if self.decisions:
            self._chosen = (self._chosen + step) % len(self.decisions)
            self._draw()

    def action_confirm(self) -> None:
        """Take the chosen decision."""
        if self.decisions:
            self._decide(self.decisions[self._chosen])

    def on_key(self, event: events.Key) -> None:
        """Take a decision by its key, or by its number in the list."""
        key = event.character or ""
        wanted = _ALIASES.get(key, key)
        for at, decision in enumerate(self.decisions):
            if wanted and wanted in (decision.key, str(at + 1)):
                event.stop()
                self._decide(decision)
                return
        if event.is_printable and event.character:
            event.stop()
            self.post_message(self.Typed(event.character))

    def _decide(self, decision: Decision) -> None:
        if self._ask is not None and self._clock() - self._since >= self._grace:
            self.post_message(self.Decided(self._ask, decision))

    # ---------------------------------------------------------------- drawing

    def _draw(self) -> None:
        width = max(16, self.scrollable_content_region.width or self.app.size.width - 4)
        self._rows, self._choices = [], []
        if self._ask is not None:
            self._rows = self._about(self._ask, width)
            for at, decision in enumerate(self.decisions):
                self._choices += _decision_rows(decision, at, width, chosen=at == self._chosen)
        height = len(self._rows) + len(self._choices)
        self.styles.height = height + 2
        self.virtual_size = Size(width, height)
        self.refresh(layout=True)

    def _where(self, cwd: str) -> list[Span]:
        user = f"{plain_line(self._facts.user)}@" if self._facts.user else ""
        name = plain_line(self._facts.hostname)
        machine = f" ({name})" if name and name != self._facts.host else ""
        place = f"{user}{plain_line(self._facts.host)}{machine}"
        return [
            ("on ", palette.DIM),
            (place, palette.BOLD),
            (" in ", palette.DIM),
            (plain_line(cwd), palette.BOLD),
        ]

    def _about(self, ask: Ask, width: int) -> list[Strip]:
        match ask:
            case CommandAsk():
                rows = self._command(ask, width)
            case FileChangeAsk():
                rows = self._edit(ask, width)
            case PermissionsAsk():
                rows = wrap([("Allow this beyond the sandbox?", palette.BOLD)], width)
                rows += _bullets(ask.permissions, width)
                rows += wrap(self._where(ask.cwd or self._cwd), width)
            case ElicitationAsk():
                rows = wrap([(f"{plain_line(ask.server)} asks", palette.BOLD)], width)
                rows += _lines(ask.message, width)
                if ask.url:
                    rows += wrap([(plain_line(ask.url), palette.LINK)], width, anywhere=True)
            case _:
                rows = []
        if reason := getattr(ask, "reason", ""):
            rows += _lines(f"reason: {reason}", width)
        return [*rows, blank()]

    def _command(self, ask: CommandAsk, width: int) -> list[Strip]:
        if ask.network_host and not ask.command:
            title = f"Let it reach {plain_line(ask.network_host)}?"
        else:
            title = "Run this command?"
        rows = wrap([(title, palette.BOLD)], width)
        for at, line in enumerate(plain_lines(ask.plain_command).split("\n") if ask.command else []):
            front: Span = ("$ ", palette.WARN) if at == 0 else ("  ", palette.PLAIN)
            rows += wrap([(line, palette.COMMAND)], width, first=[front], anywhere=True)
        rows += wrap(self._where(ask.cwd or self._cwd), width)
        if ask.network_host and ask.command:
            rows += _lines(f"it wants to reach {ask.network_host}", width)
        if ask.permissions:
            rows += wrap([("with these permissions beyond the sandbox:", palette.WARN)], width)
            rows += _bullets(ask.permissions, width)
        return rows

    def _edit(self, ask: FileChangeAsk, width: int) -> list[Strip]:
        rows = wrap([("Make these changes?", palette.BOLD)], width)
        rows += wrap(self._where(self._cwd), width)
        if ask.grant_root:
            rows += _lines(f"and from now on let it write below {ask.grant_root}", width)
        if self._change is None or not self._change.changes:
            return rows + wrap([("the server did not tell the diff", palette.WARN)], width)
        for change in self._change.changes:
            added, removed = change_counts(change)
            path = short_path(change.path, self._cwd)
            moved = f" → {short_path(change.moved_to, self._cwd)}" if change.moved_to else ""
            head: list[Span] = [
                (f"{change.kind.value} ", palette.DIM),
                (f"{path}{moved}", palette.COMMAND),
                (f" +{added}", palette.ADDED),
                (f" -{removed}", palette.REMOVED),
            ]
            rows += wrap(head, width)
            rows += diff_rows(change, width)
        return rows

    def render_line(self, y: int) -> Strip:
        """Give one visible row: the decisions stay at the bottom, what they are about scrolls above them."""
        width, above = self.scrollable_content_region.width, self.content_size.height - len(self._choices)
        rows, row = (
            (self._rows, self.scroll_offset.y + y) if y < above else (self._choices, y - max(0, above))
        )
        strip = rows[row] if row < len(rows) else blank()
        return strip.extend_cell_length(width).crop(0, width)

    def on_resize(self) -> None:
        """Wrap anew."""
        if self._ask is not None:
            self._draw()


def _decision_rows(decision: Decision, at: int, width: int, *, chosen: bool) -> list[Strip]:
    style = palette.CHOSEN if chosen else palette.PLAIN
    front: list[Span] = [
        ("› " if chosen else "  ", palette.WARN),
        (f"{decision.key or at + 1} ", palette.KEY),
    ]
    return wrap([(plain_line(decision.label), style)], width, first=front)


def _lines(text: str, width: int) -> list[Strip]:
    rows: list[Strip] = []
    for line in plain_lines(text).split("\n"):
        rows += wrap([(line, palette.PLAIN)], width)
    return rows


def _bullets(lines: Sequence[str], width: int) -> list[Strip]:
    rows: list[Strip] = []
    for line in lines:
        rows += wrap([(plain_line(line), palette.PLAIN)], width, first=[("  • ", palette.WARN)])
    return rows
