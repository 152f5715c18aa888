"""All open hosts side by side, live: to see what goes on, and to go where one is wanted.

Lives here: how the panes share the screen, and the keys. Not here: drawing one
(:mod:`codex_ssh.tui.widgets.host_pane`) and what becomes of a choice (:mod:`codex_ssh.tui.many_hosts_app`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from codex_ssh.core.keymap import Keymap, key_hint, shown
from codex_ssh.core.value import dataclass
from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.screens.dialog import Dialog
from codex_ssh.tui.widgets.host_pane import HostPane

LEAST_COLUMNS: Final = 40
LEAST_ROWS: Final = 6
"""A pane is never narrower, where the screen is that wide, and never lower: rather they are scrolled."""


class Instead(enum.Enum):
    """What is wanted instead of a host."""

    INBOX = "answer what waits"
    HOSTS = "the list of all hosts"
    TELL = "say one thing to several"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How panes share a screen.

    Attributes:
        columns: So many stand in a row.
        heights: Of each row, in rows of the terminal; together more than the screen has where they scroll.
        last: So many columns the last one takes.
    """

    columns: int
    heights: tuple[int, ...]
    last: int


def plan(count: int, width: int, height: int) -> Plan:
    """Share some cells among at least one pane: all in one row where they fit, else in several."""
    fitting = max(1, width // LEAST_COLUMNS)
    rows = -(-count // fitting)
    columns = -(-count // rows)
    each, more = divmod(height, rows)
    heights = [each + (row < more) for row in range(rows)] if each >= LEAST_ROWS else [LEAST_ROWS] * rows
    return Plan(columns=columns, heights=tuple(heights), last=columns * rows - count + 1)


class AllHostsScreen(Dialog[str | Instead | None]):
    """Gives a host to go to, or what is wanted instead, or None.

    Args:
        look: Gives the conversations that are open.
        at: The host that is chosen first.
        keymap: Which keys do what.
    """

    DEFAULT_CSS = """
    AllHostsScreen { background: ansi_default; }
    AllHostsScreen #panes { layout: grid; height: 1fr; grid-gutter: 0; scrollbar-size-vertical: 1; }
    AllHostsScreen #keys { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("all.close", "close", priority=True),
        bind("app.all", "close", priority=True),
        bind("all.go", "go", priority=True),
        bind("all.left", "move(-1, 0)", priority=True),
        bind("all.right", "move(1, 0)", priority=True),
        bind("all.up", "move(0, -1)", priority=True),
        bind("all.down", "move(0, 1)", priority=True),
        bind("all.next", "step(1)", priority=True),
        bind("all.previous", "step(-1)", priority=True),
        bind("all.tell", "tell", priority=True),
        bind("app.inbox", "inbox", priority=True),
        bind("app.hosts", "hosts", priority=True),
    ]

    def __init__(self, look: Callable[[], Sequence[Chat]], at: str, keymap: Keymap) -> None:
        super().__init__()
        self._look = look
        self._at = at
        self._keymap = keymap
        self._columns = 1
        self._unfold_key = next(iter(map(shown, keymap.keys("all.go"))), "").lower()
        self._room = VerticalScroll(id="panes", can_focus=False)
        self._panes = [HostPane(chat, self._unfold_key) for chat in look()]
        self._keys = Static(id="keys", markup=False)
        self._line = Text()

    def compose(self) -> ComposeResult:
        """Build the screen."""
        self._share()  # before anything is drawn
        with self._room:
            yield from self._panes
        yield self._keys

    def on_mount(self) -> None:
        """Choose the host that was shown."""
        self._say_keys()
        self._choose(next((at for at, pane in enumerate(self._panes) if pane.host == self._at), 0))
        self.set_interval(1, self.catch_up)

    def on_resize(self) -> None:
        """Share the room there is; the chosen one stays in sight."""
        self._share()
        self.call_after_refresh(self._bring_chosen)

    def catch_up(self) -> None:
        """Show what is new; hosts that were left go away."""
        if not self.is_built:
            return
        chats = list(self._look())
        gone = [pane for pane in self._panes if pane.chat not in chats]
        for pane in gone:
            at = self._panes.index(pane)
            self._panes.remove(pane)
            if pane is self.focused and self._panes:
                self._choose(min(at, len(self._panes) - 1))
            pane.remove()
        if gone:
            self._share()
        for pane in self._panes:
            pane.catch_up()
        self._say_keys()

    def _say_keys(self) -> None:
        waits = any(pane.chat.asks for pane in self._panes)
        hints = [
            (key_hint(self._keymap, "all.go", "go"), palette.DIM),
            (key_hint(self._keymap, "all.close", "back"), palette.DIM),
            (key_hint(self._keymap, "app.inbox", "answer") if waits else "", palette.WARN),
            (key_hint(self._keymap, "all.tell", "tell"), palette.DIM),
        ]
        line = Text(", ").join(Text(text, style) for text, style in hints if text)
        if line != self._line:
            self._line = line
            self._keys.update(line, layout=False)

    def _share(self) -> None:
        if not self._panes:
            return
        width, height = self.app.size
        shared = plan(len(self._panes), width, height - 1)
        self._room.styles.grid_size_columns = self._columns = shared.columns
        self._room.styles.grid_rows = " ".join(map(str, shared.heights))
        for pane in self._panes:
            pane.styles.column_span = 1
        self._panes[-1].styles.column_span = shared.last

    # ---------------------------------------------------------------- keys

    @property
    def _chosen(self) -> int:
        return next((at for at, pane in enumerate(self._panes) if pane is self.focused), 0)

    def _bring_chosen(self) -> None:
        if isinstance(self.focused, HostPane):
            self.focused.scroll_visible(animate=False)

    def _choose(self, at: int) -> None:
        self.set_focus(self._panes[at])  # at once: an Enter may be right behind

    def action_move(self, right: int, down: int) -> None:
        """Choose the pane beside, above or below, where there is one."""
        row, column = divmod(self._chosen, self._columns)
        last = len(self._panes) - 1
        if 0 <= column + right < self._columns and 0 <= row + down <= last // self._columns:
            self._choose(min(last, (row + down) * self._columns + column + right))

    def action_step(self, step: int) -> None:
        """Choose the next pane, or the one before; behind the last comes the first."""
        self._choose((self._chosen + step) % len(self._panes))

    def action_go(self) -> None:
        """Go to the chosen host."""
        self.dismiss(self._panes[self._chosen].host)

    def on_host_pane_wanted(self, message: HostPane.Wanted) -> None:
        """Go to a host that was clicked twice."""
        self.dismiss(message.pane.host)

    def action_inbox(self) -> None:
        """Answer what waits longest."""
        self.dismiss(Instead.INBOX)

    def action_hosts(self) -> None:
        """Choose from the list of all hosts."""
        self.dismiss(Instead.HOSTS)

    def action_tell(self) -> None:
        """Say one thing to several."""
        self.dismiss(Instead.TELL)

    def action_close(self) -> None:
        """Go back to where one was."""
        self.dismiss(None)
