"""The list of ports: what is open here, and what else listens on the devbox.

Lives here: drawing and keys. Not here: looking and opening (:mod:`codex_ssh.tui.port_watch`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.keymap import Keymap, shown
from codex_ssh.core.listening import ListeningPort
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.ports import ANY_PORT, Direction, Forward, Wish, is_denied, read_wish, read_wishes
from codex_ssh.errors import DeskFailed, UsageError
from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.port_watch import PortWatch
from codex_ssh.tui.screens.dialog import Dialog, frame, move_highlight

_NEW: Final = 0
"""What is typed is a new forward, and no port for one that is open."""


class PortsScreen(Dialog[None]):
    """Shows the ports as they are, and does what the user wants with them.

    Args:
        ports: The ports.
        keymap: For the keys shown at the bottom.
        desk: Browser and clipboard.
        host: Whose ports these are.
    """

    DEFAULT_CSS = """
    PortsScreen .frame OptionList { max-height: 50vh; text-wrap: nowrap; text-overflow: ellipsis; }
    PortsScreen .frame Input, PortsScreen .frame Input:focus { display: none; height: auto; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("list.close", "close", priority=True),
        bind("list.up", "move_by(-1)", priority=True),
        bind("list.down", "move_by(1)", priority=True),
        bind("ports.new", "new"),
        bind("ports.move", "move"),
        bind("ports.close", "drop"),
        bind("ports.browse", "browse"),
        bind("ports.copy", "copy"),
    ]

    def __init__(self, ports: PortWatch, keymap: Keymap, desk: Desk, host: str) -> None:
        super().__init__()
        self._ports = ports
        self._keymap = keymap
        self._desk = desk
        self._host = host
        self._said = ""
        self._asks: int | None = None
        self._rows: list[Forward | ListeningPort] = []
        # Held and not looked up: news may come while the screen is being taken apart.
        self._title = Static(Text(f"ports of {plain_line(host)}", palette.BOLD), markup=False)
        self._options = OptionList(markup=False)
        self._entry = Input()
        self._line = Static(markup=False)
        self._keys = Static(markup=False)

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame():
            yield self._title
            yield self._options
            yield self._entry
            yield self._line
            yield self._keys

    def on_mount(self) -> None:
        """Look, for as long as this is open."""
        self._options.focus()
        self._ports.watch(is_watched=True)
        self._show()

    def on_unmount(self) -> None:
        """Let it be."""
        self._ports.watch(is_watched=False)

    # ---------------------------------------------------------------- drawing

    def catch_up(self) -> None:
        """Draw the list as it is now; the highlight stays on its port."""
        if self.is_built:
            self._show()

    def _show(self) -> None:
        listening = self._ports.listening
        forwards = list(self._ports.forwards)
        reached = {one.covers for one in forwards}
        others = [one for one in listening.ports if one.port not in reached] if listening is not None else []
        rows: list[Forward | ListeningPort] = [*forwards, *others]
        if rows != self._rows or not self._options.option_count:
            self._fill(rows)
        self._draw()

    def _fill(self, rows: list[Forward | ListeningPort]) -> None:
        chosen = self._chosen()
        self._rows = rows
        self._options.clear_options()
        self._options.add_options(Option(self._row(one)) for one in rows)
        if rows:
            ports = [_port(one) for one in rows]
            at = ports.index(_port(chosen)) if chosen is not None and _port(chosen) in ports else 0
            self._options.highlighted = at

    def _row(self, one: Forward | ListeningPort) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        if isinstance(one, ListeningPort):
            line.append(f"  {one.port:>5}  ")
            line.append(plain_line(one.process))
            if one.is_exposed:
                line.append("  on every address", palette.DIM)
            if is_denied(one.port, self._ports.deny):
                line.append("  denied", palette.WARN)
            elif any(offered.port == one.port for offered in self._ports.offered):
                line.append("  new", palette.GOOD)
            return line
        there = self._ports.listening.at(one.covers) if self._ports.listening is not None else None
        line.append("⇄ ", palette.GOOD)
        line.append(f"{one.far:>5}  ")
        if one.direction is Direction.LOCAL:
            # It is made here, so the terminal may open it without asking.
            line.append(one.url, palette.LINK + Style(link=one.url))
        else:
            line.append(f"{'← ' if one.direction is Direction.REMOTE else ''}{one.near}")
        if there is not None and one.direction is Direction.LOCAL and not one.host:
            line.append(f"  {plain_line(there.process)}")
        for word, style in ((one.note, palette.DIM), (one.fault, palette.WARN)):
            if word:
                line.append(f"  {plain_line(word)}", style)
        return line

    def _draw(self) -> None:
        self._entry.display = self._asks is not None
        self._line.display = self._asks is None
        words = self._said or self._ports.fault
        if not words and not self._rows:
            words = "nothing of yours listens there" if self._ports.listening is not None else "looking…"
        self._line.update(Text(words, palette.WARN if words else palette.DIM))
        self._keys.update(self._keys_line())

    def _keys_line(self) -> Text:
        if self._asks is not None:
            return Text("enter: open it, esc: leave it", palette.DIM)
        is_open = isinstance(self._chosen(), Forward)
        words = {"ports.new": "another"}
        if is_open:  # Enter shows it in the browser, as its own key does
            words = {
                "ports.copy": "copy",
                "ports.move": "other port here",
                "ports.close": "close",
                **words,
            }
        named = [(self._keymap.keys(name), about) for name, about in words.items()]
        keys = [f"{shown(own[0])}: {about}" for own, about in named if own]
        first = [f"Enter: {'browser' if is_open else 'open here'}"] if self._rows else []
        return Text(", ".join([*first, *keys, "Esc: leave"]), palette.DIM)

    def _chosen(self) -> Forward | ListeningPort | None:
        at = self._options.highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    # ---------------------------------------------------------------- keys

    def on_option_list_option_highlighted(self) -> None:
        """Say what can be done with it."""
        self._said = ""
        self._draw()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open it here; what is open is shown in the browser."""
        one = self._rows[event.option_index]
        if isinstance(one, Forward):
            self.action_browse()
        else:
            self._do(partial(self._ports.open, Wish(local=one.port, remote=one.port)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open what was typed, or move there."""
        number, typed = self._asks, event.value.strip()
        self._stop_asking()
        if number is None or not typed:
            return
        try:
            if number == _NEW:
                for wish in read_wishes(typed.split()):
                    self._do(partial(self._ports.open, wish))
            else:
                port = ANY_PORT if typed == "0" else read_wish(typed).remote
                self._do(partial(self._move, number, port))
        except UsageError as error:
            self._said = f"{error}: {error.hint}"
            self._draw()

    async def _move(self, number: int, port: int) -> None:
        self._said = await self._ports.move(number, port)

    def action_new(self) -> None:
        """Ask for a port there."""
        self._ask(_NEW, "PORT there, LOCAL:PORT, -R PORT: the other way, -D PORT: SOCKS")

    def action_move(self) -> None:
        """Ask for another port here."""
        one = self._chosen()
        if isinstance(one, Forward):
            self._ask(one.number, f"another port here for {one.far}; 0 takes a free one")

    def action_drop(self) -> None:
        """Close it, or offer it no more."""
        one = self._chosen()
        if isinstance(one, Forward):
            self._do(partial(self._ports.close, one.number))
        elif one is not None:
            self._ports.refuse(one.port)

    @work
    async def action_browse(self) -> None:
        """Show it in the browser."""
        one = self._chosen()
        if isinstance(one, Forward) and one.direction is Direction.LOCAL:
            try:
                await self._desk.open_url(one.url)
            except DeskFailed as failed:
                self._said = str(failed)
                self._draw()

    @work
    async def action_copy(self) -> None:
        """Copy its address."""
        one = self._chosen()
        if isinstance(one, Forward):
            try:
                self._said = f"copied to the {await self._desk.copy(one.near)}"
            except DeskFailed as failed:
                self._said = str(failed)
            self._draw()

    def action_move_by(self, step: int) -> None:
        """Move the highlight."""
        move_highlight(self._options, step)

    def action_close(self) -> None:
        """Leave what is typed, or the list."""
        if self._asks is not None:
            self._stop_asking()
        else:
            self.dismiss(None)

    def _ask(self, number: int, words: str) -> None:
        self._asks, self._said = number, ""
        self._entry.value = ""
        self._entry.placeholder = words
        self._draw()
        self._entry.focus()

    def _stop_asking(self) -> None:
        self._asks = None
        self._draw()
        self._options.focus()

    @work
    async def _do(self, change: Callable[[], Awaitable[None]]) -> None:
        await change()
        self.catch_up()


def _port(one: Forward | ListeningPort) -> tuple[int, str]:
    """Tell a row from the others, whether it is open or not."""
    return (one.covers, one.near if not one.covers else "") if isinstance(one, Forward) else (one.port, "")
