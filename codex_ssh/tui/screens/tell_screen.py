"""The open hosts, of which those are marked that something is said to; none is at first.

Lives here: drawing and keys. Not here: asking once more and saying it
(:mod:`codex_ssh.tui.commands.tell_commands`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.keymap import Keymap, key_hint
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.badge import Badge
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.screens.dialog import Dialog, frame, move_highlight


class _Hosts(OptionList):
    """The list. Its Enter is the dialog's: one that was typed before the dialog was there comes here."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.take", show=False)]


class TellScreen(Dialog[tuple[Badge, ...] | None]):
    """Gives the marked hosts as they were shown, or None.

    Args:
        look: Gives the hosts that are open, as they are now.
        text: What is to be said.
        keymap: For the keys shown at the bottom.
    """

    DEFAULT_CSS = """
    TellScreen .frame OptionList, TellScreen .frame OptionList:focus {
        max-height: 60vh; text-wrap: nowrap; text-overflow: ellipsis;
    }
    TellScreen .frame #said { text-wrap: nowrap; text-overflow: ellipsis; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("list.close", "close", priority=True),
        bind("list.take", "take", priority=True),
        bind("list.up", "move(-1)", priority=True),
        bind("list.down", "move(1)", priority=True),
        bind("tell.mark", "mark", priority=True),
    ]

    def __init__(self, look: Callable[[], Sequence[Badge]], text: str, keymap: Keymap) -> None:
        super().__init__()
        self._look = look
        self._text = text
        self._keymap = keymap
        self._badges = list(look())
        self._marked: set[str] = set()
        self._said = ""
        self._options = _Hosts(markup=False)
        self._keys = Static(id="keys", markup=False)

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame():
            yield Static(Text("say to which hosts?", palette.BOLD), markup=False)
            yield Static(Text(plain_line(self._text), palette.DIM), id="said", markup=False)
            yield self._options
            yield self._keys

    def on_mount(self) -> None:
        """Take the keyboard."""
        self._options.focus()
        self._draw()

    def catch_up(self) -> None:
        """Show the hosts as they are now; what cannot be told any more is not marked any more."""
        badges = list(self._look())
        if badges == self._badges or not self.is_built:
            return
        self._badges = badges
        self._marked &= {badge.host for badge in badges if not badge.refuses}
        self._draw()

    # ---------------------------------------------------------------- keys

    def action_mark(self) -> None:
        """Mark the highlighted host, or not any more."""
        if (at := self._options.highlighted) is not None:
            self._turn_over(at)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Mark the clicked one, or not any more."""
        self._turn_over(event.option_index)

    def action_move(self, step: int) -> None:
        """Move the highlight."""
        move_highlight(self._options, step)

    def action_take(self) -> None:
        """Give those that are marked."""
        marked = tuple(badge for badge in self._badges if badge.host in self._marked)
        places = [badge.place for badge in marked]
        twice = [badge.host for badge in marked if places.count(badge.place) > 1]
        if not marked:
            key = key_hint(self._keymap, "tell.mark", "mark one")
            self._say(f"no host is marked{f'; {key}' if key else ''}")
        elif twice:
            self._say(f"{' and '.join(map(plain_line, twice))} show the same thread: mark one of them")
        else:
            self.dismiss(marked)

    def action_close(self) -> None:
        """Give none."""
        self.dismiss(None)

    def _turn_over(self, at: int) -> None:
        badge = self._badges[at]
        if badge.refuses:
            self._say(f"{plain_line(badge.host)} cannot be told: {badge.refuses}")
            return
        self._marked ^= {badge.host}
        self._said = ""
        self._draw()

    # ---------------------------------------------------------------- drawing

    def _say(self, text: str) -> None:
        self._said = text
        self._draw()

    def _draw(self) -> None:
        at = self._options.highlighted or 0
        self._options.clear_options()
        self._options.add_options(Option(self._row(badge)) for badge in self._badges)
        if self._badges:
            self._options.highlighted = min(at, len(self._badges) - 1)
        hints = [
            key_hint(self._keymap, "tell.mark", "mark"),
            key_hint(self._keymap, "list.take", f"go on with {len(self._marked)}"),
            key_hint(self._keymap, "list.close", "leave"),
        ]
        said = Text(f"{self._said}\n", palette.WARN) if self._said else Text()
        self._keys.update(said.append(", ".join(filter(None, hints)), palette.DIM))

    def _row(self, badge: Badge) -> Text:
        """Give two lines: the host and how it stands, then its thread and where that works."""
        line = Text(no_wrap=True, overflow="ellipsis")
        box = "[-] " if badge.refuses else "[x] " if badge.host in self._marked else "[ ] "
        line.append(box, palette.BOLD)  # no colour: it has to be seen on the highlight too
        line.append(plain_line(badge.who), palette.BOLD)
        line.append(f"  {badge.mark} {plain_line(badge.state)}", badge.style)
        if badge.waits:
            line.append(f"  {badge.waits} waiting for you", palette.WARN)
        line.append("\n    ")
        if badge.refuses:
            return line.append(badge.refuses, palette.BAD)
        if badge.link:
            line.append(f"✗ {plain_line(badge.link)}  ", palette.BAD)
        line.append(plain_line(badge.title))
        return line.append(f"  {plain_line(badge.cwd)}", palette.DIM)
