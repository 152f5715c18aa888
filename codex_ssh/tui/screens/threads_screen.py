"""The list of threads: what runs, what waits for somebody, the rest; searched, previewed, put away.

Lives here: drawing and keys. Not here: which threads there are (:mod:`codex_ssh.tui.roster`) and what becomes
of the choice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar, Final

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.keymap import Keymap, shown
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.thread import Need, Thread
from codex_ssh.errors import LinkLost, RpcFailed
from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.roster import Exchange, Roster, View
from codex_ssh.tui.screens.dialog import Dialog, frame, move_highlight

NEW: Final = ""
"""What is given back for a thread that is to be begun."""

TYPING_SECONDS: Final = 0.2
"""So long after the last key the server is asked: to search, and for a preview."""

_CHANGES: Final = frozenset({"new", "put_away", "rename", "delete"})
"""Actions that do more than choosing."""

_MARKS: Final = {
    Need.RUNNING: ("▶ ", "running", palette.BUSY),
    Need.WAITING: ("? ", "waiting for you", palette.WARN),
    Need.NONE: ("  ", "", palette.DIM),
}


class ThreadsScreen(Dialog[str | None]):
    """Gives a thread's id, :data:`NEW`, or None.

    Args:
        roster: The threads.
        facts: Whose they are.
        cwd: The directory that counts as this one; may be empty.
        keymap: For the keys shown at the bottom.
        why: A line above the list; may be empty.
        looks_only: Threads are chosen, and neither begun nor changed.
    """

    DEFAULT_CSS = """
    ThreadsScreen > .frame { height: 90%; max-width: 120; }
    ThreadsScreen .frame OptionList, ThreadsScreen .frame OptionList:focus {
        height: 1fr; text-wrap: nowrap; text-overflow: ellipsis;
    }
    ThreadsScreen .frame #preview { max-height: 8; border-top: solid ansi_bright_black; }
    ThreadsScreen.-narrow .frame #preview { max-height: 5; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("list.close", "close"),
        bind("list.up", "move(-1)", priority=True),
        bind("list.down", "move(1)", priority=True),
        bind("threads.new", "new", priority=True),
        bind("threads.scope", "scope", priority=True),
        bind("threads.archived", "archived", priority=True),
        bind("threads.put_away", "put_away", priority=True),
        bind("threads.rename", "rename", priority=True),
        bind("threads.delete", "delete", priority=True),
    ]

    def __init__(
        self,
        roster: Roster,
        *,
        facts: ServerFacts,
        cwd: str,
        keymap: Keymap,
        why: str = "",
        looks_only: bool = False,
    ) -> None:
        super().__init__()
        self._roster = roster
        self._facts = facts
        self._cwd = cwd
        self._keymap = keymap
        self._why = why
        self._looks_only = looks_only
        self._said = ""
        self._renamed = ""
        self._doomed = ""
        self._listed: list[Thread] = []
        self._previews: dict[str, list[Exchange]] = {}
        # Held and not looked up: what the server says may come while the screen is being taken apart.
        self._title = Static(id="title", markup=False)
        self._entry = Input(placeholder="type to search")
        self._options = OptionList(markup=False)
        self._last_said = Static(id="preview", markup=False)
        self._keys = Static(id="keys", markup=False)

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame():
            yield self._title
            yield self._entry
            yield self._options
            yield self._last_said
            yield self._keys

    def on_mount(self) -> None:
        """Show what is known, and ask for the rest."""
        self._entry.focus()
        self.catch_up()
        self._roster.is_watched = True
        self._ask(partial(self._roster.read, View(cwd=self._roster.view.cwd)))

    def on_unmount(self) -> None:
        """Let the list be."""
        self._roster.is_watched = False

    # ---------------------------------------------------------------- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Change nothing where that is not wanted."""
        if self._looks_only and action in _CHANGES:
            return False
        return super().check_action(action, parameters)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search, once the user stops typing; what is at hand is filtered at once."""
        if not self._renamed:
            self._fill()
            self._search(event.value.strip())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the highlighted one, or its new name."""
        if self._renamed:
            number, self._renamed = self._renamed, ""
            name = event.value.strip()
            self._entry.value = self._roster.view.search
            if name:
                self._ask(partial(self._roster.rename, number, name))
            self.catch_up()
        elif (chosen := self._chosen()) is not None:
            self.dismiss(chosen.id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the clicked one."""
        self.dismiss(event.option_id)

    def on_option_list_option_highlighted(self) -> None:
        """Show what was said last in it, and read on at the end."""
        self._doomed = ""
        self._preview()
        options = self._options
        if options.highlighted is not None and options.highlighted >= options.option_count - 5:
            self._ask(self._roster.read_more, quiet=True)

    def action_move(self, step: int) -> None:
        """Move the highlight; the search keeps the keyboard."""
        move_highlight(self._options, step)

    def action_close(self) -> None:
        """Leave the naming, or the list."""
        if self._renamed:
            self._renamed = ""
            self._entry.value = self._roster.view.search
            self.catch_up()
        else:
            self.dismiss(None)

    def action_new(self) -> None:
        """Begin a new thread."""
        self.dismiss(NEW)

    def action_scope(self) -> None:
        """Show those of this directory, or all."""
        view = self._roster.view
        self._show(View(cwd="" if view.cwd else self._cwd, archived=view.archived, search=view.search))

    def action_archived(self) -> None:
        """Show those that were put away, or the others."""
        view = self._roster.view
        self._show(View(cwd=view.cwd, archived=not view.archived, search=view.search))

    def action_put_away(self) -> None:
        """Put the highlighted one away, or get it back."""
        if (chosen := self._chosen()) is not None:
            self._ask(partial(self._roster.put_away, chosen.id))

    def action_rename(self) -> None:
        """Ask for a name."""
        if (chosen := self._chosen()) is not None:
            self._renamed = chosen.id
            self._entry.value = chosen.name
            self.catch_up()

    def action_delete(self) -> None:
        """Delete the highlighted one at the second time."""
        chosen = self._chosen()
        if chosen is None:
            return
        if self._doomed == chosen.id:
            self._doomed = ""
            self._ask(partial(self._roster.delete, chosen.id))
        else:
            self._doomed = chosen.id
        self._draw()

    # ---------------------------------------------------------------- asking

    def _show(self, view: View) -> None:
        self._ask(partial(self._roster.read, view))

    @work(exclusive=True, group="search")
    async def _search(self, text: str) -> None:
        view = self._roster.view
        if text == view.search:
            return
        await asyncio.sleep(TYPING_SECONDS)
        await self._asked(partial(self._roster.read, View(cwd=view.cwd, archived=view.archived, search=text)))

    @work(exclusive=True, group="preview")
    async def _preview(self) -> None:
        self._draw()
        chosen = self._chosen()
        if chosen is None or chosen.id in self._previews:
            return
        await asyncio.sleep(TYPING_SECONDS)
        try:
            self._previews[chosen.id] = await self._roster.preview(chosen.id)
        except RpcFailed:  # a thread without a turn has nothing to show
            self._previews[chosen.id] = []
        except LinkLost:
            return
        self._draw()

    @work
    async def _ask(self, ask: Callable[[], Awaitable[None]], *, quiet: bool = False) -> None:
        await self._asked(ask, quiet=quiet)

    async def _asked(self, ask: Callable[[], Awaitable[None]], *, quiet: bool = False) -> None:
        try:
            await ask()
        except RpcFailed as failed:
            self._said = "" if quiet else str(failed)
        except LinkLost as lost:
            self._said = str(lost)
        else:
            self._said = ""
        self._draw()

    # ---------------------------------------------------------------- drawing

    def catch_up(self) -> None:
        """Draw the list as it is now; the highlight stays on its thread."""
        if not self.is_built:
            return
        self._fill()
        self._draw()

    def _chosen(self) -> Thread | None:
        at = self._options.highlighted
        return self._listed[at] if at is not None and at < len(self._listed) else None

    def _fill(self) -> None:
        typed = "" if self._renamed else self._entry.value.strip()
        # What the server found for the very words is right, whatever it is that matches.
        here = typed and typed != self._roster.view.search
        words = typed.lower().split() if here else []
        listed = [thread for thread in self._roster.threads if _has(thread, words)]
        if listed == self._listed:
            return
        options, chosen = self._options, self._chosen()
        self._listed = listed
        now = time.time()
        options.clear_options()
        options.add_options(Option(_row(thread, now), id=thread.id) for thread in listed)
        if listed:
            numbers = [thread.id for thread in listed]
            at = numbers.index(chosen.id) if chosen is not None and chosen.id in numbers else 0
            options.highlighted = at

    def _draw(self) -> None:
        self._title.update(self._title_line())
        self._last_said.update(self._preview_text())
        self._keys.update(self._keys_line())
        self._entry.placeholder = "a name for it" if self._renamed else "type to search"

    def _title_line(self) -> Text:
        view = self._roster.view
        title = Text(no_wrap=True, overflow="ellipsis")
        if self._why:
            title.append(f"{self._why}\n", palette.WARN)
        title.append(f"threads on {plain_line(self._facts.host)}", palette.BOLD)
        title.append(f", {plain_line(view.cwd)}" if view.cwd else ", all directories", palette.DIM)
        if view.archived:
            title.append(", put away", palette.WARN)
        if self._roster.is_reading:
            title.append(" …", palette.BUSY)
        return title

    def _preview_text(self) -> Text:
        chosen = self._chosen()
        text = Text(no_wrap=True, overflow="ellipsis")
        if self._said:
            return text.append(plain_line(self._said), palette.BAD)
        if chosen is None:
            return text.append("" if self._roster.is_reading else "no thread", palette.DIM)
        if self._doomed == chosen.id:
            key = shown(self._keymap.keys("threads.delete")[0])
            warning = f"{key} once more deletes it for good: {plain_line(chosen.title)}"
            return Text(warning, palette.BAD_BOLD)
        for exchange in self._previews.get(chosen.id, []):
            if exchange.said:
                text.append("› ", palette.USER).append(f"{_first(exchange.said)}\n", palette.USER_TEXT)
            if exchange.answer:
                text.append("• ", palette.AGENT).append(f"{_first(exchange.answer)}\n")
        return text

    def _keys_line(self) -> Text:
        if self._renamed:
            return Text("enter: name it, esc: leave it", palette.DIM)
        view = self._roster.view
        words = {
            "threads.new": "new",
            "threads.scope": "all directories" if view.cwd else "this directory",
            "threads.archived": "active ones" if view.archived else "archived ones",
            "threads.put_away": "get back" if view.archived else "archive",
            "threads.rename": "name",
            "threads.delete": "delete",
        }
        if not self._cwd:
            del words["threads.scope"]
        if self._looks_only:
            words = {
                name: word for name, word in words.items() if name.removeprefix("threads.") not in _CHANGES
            }
        parts = [
            f"{shown(keys[0])}: {word}" for name, word in words.items() if (keys := self._keymap.keys(name))
        ]
        return Text(", ".join(["Enter: open", *parts, "Esc: leave"]), palette.DIM)


def _row(thread: Thread, now: float) -> Text:
    mark, state, style = _MARKS[thread.status.need]
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(mark, style)
    if state:
        line.append(f"{state}  ", style)
    line.append(plain_line(thread.title))
    for part in (age(thread.updated_at, now) if thread.updated_at else "", thread.cwd, thread.branch):
        if part:
            line.append(f"  {plain_line(part)}", palette.DIM)
    return line


def age(then: float, now: float) -> str:
    """Say how long ago something was, in few characters; both in seconds since 1970."""
    minutes = max(0, int(now - then)) // 60
    if minutes < 2 * 60:
        return f"{minutes} min ago" if minutes else "just now"
    if minutes < 2 * 24 * 60:
        return f"{minutes // 60} h ago"
    if minutes < 60 * 24 * 60:
        return f"{minutes // (24 * 60)} days ago"
    return time.strftime("%Y-%m-%d", time.localtime(then))


def _has(thread: Thread, words: list[str]) -> bool:
    text = f"{thread.name} {thread.preview} {thread.cwd} {thread.branch} {thread.id}".lower()
    return all(word in text for word in words)


def _first(text: str) -> str:
    return plain_line(text.strip().partition("\n")[0])
