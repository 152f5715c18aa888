"""The list of hosts: those that are open, then all others with what a look finds there, threads included.

Lives here: drawing and keys. Not here: looking (:class:`codex_ssh.tui.fleet.Fleet`) and what becomes of the
choice (:mod:`codex_ssh.tui.app`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.fleet import Doing, FleetThread, HostReport, Reach, ago
from codex_ssh.core.keymap import Keymap, key_hint
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.thread import ThreadId
from codex_ssh.core.value import dataclass
from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.fleet import Fleet
from codex_ssh.tui.screens.dialog import Dialog, frame, move_highlight

_MARKS: Final = {
    Doing.WAITING: ("? ", palette.WARN),
    Doing.FAILED: ("✗ ", palette.BAD),
    Doing.RUNNING: ("▶ ", palette.BUSY),
}
_STYLES: Final = {Reach.UP: palette.GOOD, Reach.TROUBLE: palette.BAD, Reach.REFUSED: palette.BAD}
_COUNTED: Final = (Doing.WAITING, Doing.FAILED, Doing.RUNNING, Doing.IDLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A host that is open here.

    Attributes:
        is_here: It is the one that is shown.
        words: What it does; remote text.
        waits: How many requests wait there.
    """

    host: str
    is_here: bool
    words: str
    waits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was chosen.

    Attributes:
        thread_id: A thread to go on with; empty leaves it open.
    """

    host: str
    thread_id: str = ""


class HostsScreen(Dialog[Chosen | None]):
    """Gives a host, maybe with a thread of it, or None.

    Args:
        fleet: The hosts there are.
        opened: Those that are open here.
        keymap: For the keys shown at the bottom.
        why: What another host than the one that is shown is chosen for; empty to go there.
    """

    DEFAULT_CSS = """
    HostsScreen > .frame { height: 90%; max-width: 120; }
    HostsScreen .frame OptionList, HostsScreen .frame OptionList:focus {
        height: 1fr; text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("list.close", "close"),
        bind("list.up", "move(-1)", priority=True),
        bind("list.down", "move(1)", priority=True),
        bind("hosts.look", "look", priority=True),
    ]

    def __init__(self, fleet: Fleet, opened: Sequence[Open], keymap: Keymap, *, why: str = "") -> None:
        super().__init__()
        self._fleet = fleet
        self._why = why
        self._opened = [one for one in opened if not (why and one.is_here)]
        self._keymap = keymap
        self._open_names = {one.host for one in opened}
        self._reports = {one.host: one for one in fleet.known() if one.host not in self._open_names}
        self._awaited: set[str] = set()
        self._listed: list[Chosen] = []
        self._title = Static(id="title", markup=False)
        self._entry = Input(placeholder="type to filter, or name another host")
        self._options = OptionList(markup=False)
        self._keys = Static(id="keys", markup=False)

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame():
            yield self._title
            yield self._entry
            yield self._options
            yield self._keys

    def on_mount(self) -> None:
        """Show what is known, and look."""
        self._entry.focus()
        take, leave = ("Enter: take it", "Esc: leave it") if self._why else ("Enter: go there", "Esc: stay")
        again = key_hint(self._keymap, "hosts.look", "look again")
        self._keys.update(Text(", ".join(filter(None, [take, again, leave])), palette.DIM))
        self._draw()
        self.action_look()

    # ---------------------------------------------------------------- keys

    @work(exclusive=True)
    async def action_look(self) -> None:
        """Look at all hosts that are not open here."""
        self._awaited = set(self._reports)
        self._draw()
        try:
            await self._fleet.look(list(self._reports), self._told)
        finally:
            self._awaited.clear()
        self._draw()

    def _told(self, report: HostReport) -> None:
        if report.host in self._open_names:
            return
        self._reports[report.host] = report
        self._awaited.discard(report.host)
        self._draw()

    def on_input_changed(self) -> None:
        """Filter the list."""
        self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the highlighted one, or the host that was typed."""
        at = self._options.highlighted
        if at is not None and at < len(self._listed):
            self.dismiss(self._listed[at])
        elif name := event.value.strip():
            self.dismiss(Chosen(host=name))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the clicked one."""
        self.dismiss(self._listed[event.option_index])

    def action_move(self, step: int) -> None:
        """Move the highlight; the filter keeps the keyboard."""
        move_highlight(self._options, step)

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(None)

    # ---------------------------------------------------------------- drawing

    def _draw(self) -> None:
        if not self.is_built:
            return
        words = self._entry.value.lower().split()
        names = [one.host for one in self._opened] + list(self._reports)
        width = max([4, *map(len, names)])
        rows = [
            (Chosen(host=one.host), _open_row(one, width)) for one in self._opened if _has(one.host, words)
        ]
        for report in self._reports.values():
            rows += self._rows_of(report, width, words)
        self._put(rows)
        self._title.update(self._title_line())

    def _put(self, rows: Sequence[tuple[Chosen, Text]]) -> None:
        """List these, with the highlight where it was."""
        at = self._options.highlighted
        was = self._listed[at] if at is not None and at < len(self._listed) else None
        self._listed = [chosen for chosen, _ in rows]
        self._options.clear_options()
        self._options.add_options(Option(text) for _, text in rows)
        if rows:
            # Another host is wanted, so that its key and Enter go back and forth between two.
            first = next((at for at, one in enumerate(self._listed) if one.host != self._here), 0)
            self._options.highlighted = self._listed.index(was) if was in self._listed else first

    @property
    def _here(self) -> str:
        return next((one.host for one in self._opened if one.is_here), "")

    def _title_line(self) -> Text:
        title = Text(no_wrap=True, overflow="ellipsis")
        title.append(self._why or "hosts", palette.BOLD)
        if self._awaited:
            title.append(f"  looking at {len(self._awaited)} …", palette.BUSY)
        return title

    def _rows_of(self, report: HostReport, width: int, words: Sequence[str]) -> list[tuple[Chosen, Text]]:
        now, shown = time.time(), report.shown
        threads = [thread for thread in shown.threads if thread.doing in _MARKS]
        by_name = _has(report.host, words)
        threads = [thread for thread in threads if by_name or _has(f"{thread.title} {thread.cwd}", words)]
        if not by_name and not threads:
            return []
        rows = [(Chosen(host=report.host), self._host_row(report, width, now))]
        if self._why:
            return rows
        for thread in threads:
            chosen = Chosen(host=report.host, thread_id=ThreadId(thread.id))
            rows.append((chosen, _thread_row(thread, now)))
        return rows

    def _host_row(self, report: HostReport, width: int, now: float) -> Text:
        line = Text(f"  {report.host:<{width}}  ", no_wrap=True, overflow="ellipsis")
        shown = report.shown
        if report.host in self._awaited:
            line.append("…", palette.BUSY)
        else:
            line.append(report.reach.value, _STYLES.get(report.reach, palette.DIM))
        if shown.reach.saw_devbox and (report.last is not None or report.host in self._awaited):
            line.append(f"  as it was {ago(now - shown.at)}", palette.DIM)
        for doing in _COUNTED if shown.reach is Reach.UP else ():
            if count := shown.count(doing):
                line.append(f"  {count} {doing.value}", _MARKS.get(doing, ("", palette.DIM))[1])
        if report.why:
            line.append(f"  {plain_line(report.why)}", palette.DIM)
        if shown.version:
            line.append(f"  {plain_line(shown.version)}", palette.DIM)
        return line


def _open_row(one: Open, width: int) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("▶ " if one.is_here else "• ", palette.BUSY)
    line.append(f"{one.host:<{width}}  ", palette.BOLD)
    line.append("open here" if not one.is_here else "this one", palette.GOOD)
    if one.waits:
        line.append(f"  {one.waits} waiting for you", palette.WARN)
    if one.words:
        line.append(f"  {plain_line(one.words)}", palette.DIM)
    return line


def _thread_row(thread: FleetThread, now: float) -> Text:
    mark, style = _MARKS[thread.doing]
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"      {mark}{thread.doing.value}  ", style)
    line.append(plain_line(thread.title))
    for part in (thread.cwd, ago(now - thread.updated_at) if thread.updated_at else ""):
        if part:
            line.append(f"  {plain_line(part)}", palette.DIM)
    return line


def _has(text: str, words: Sequence[str]) -> bool:
    return all(word in text.lower() for word in words)
