"""The transcript and all a reader does with it: finding, going from entry to entry, copying, opening links.

Lives here: what the keys do and what is drawn over the rows for it. Not here: drawing
(:mod:`codex_ssh.tui.widgets.transcript_view`), finding (:mod:`codex_ssh.tui.search`), where the cursor goes
(:mod:`codex_ssh.tui.reading`), and how text is copied and links are opened
(:mod:`codex_ssh.tui.widgets.desk_pane`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widget import Widget

from codex_ssh.core.entry import Entry
from codex_ssh.core.entry_text import entry_text
from codex_ssh.core.keymap import Keymap, Place, shown
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.transcript import Changes
from codex_ssh.tui import palette
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.lines import Span
from codex_ssh.tui.reading import Cursor
from codex_ssh.tui.search import History, Search
from codex_ssh.tui.widgets.desk_pane import DeskPane
from codex_ssh.tui.widgets.find_bar import FindBar, FindInput
from codex_ssh.tui.widgets.transcript_view import TranscriptView

SLICE_SECONDS: Final = 0.006
"""So long entries are gone through in one go while finding: the keyboard comes in between."""


class ReadingPane(DeskPane):
    """Holds the transcript and the line for finding.

    Args:
        desk: The machine in front of the user.
        keymap: Which keys do what.
        history: Where older entries come from.
        confirm_links: Ask before a link is opened.

    Attributes:
        view: The transcript.
        leave: Called with what was typed when the keyboard goes back to the composer.
    """

    DEFAULT_CSS = """
    ReadingPane { height: 1fr; }
    """

    def __init__(self, desk: Desk, keymap: Keymap, history: History, *, confirm_links: bool = True) -> None:
        super().__init__(desk, confirm_links=confirm_links)
        self.view = TranscriptView()
        self.view.marks = self._marks
        self.leave: Callable[[str], None] = lambda typed: None
        self._keymap = keymap
        self._history = history
        self._window = self.view.window
        self._window.change_look(
            replace(self._window.look, unfold_key=self._key("transcript.unfold") or "click")
        )
        self._cursor = Cursor(self._window)
        self._bar = FindBar(keymap)
        self._search = Search(self._window, history)
        self._looking: Timer | None = None
        self._deeds: dict[str, Callable[[], object]] = {
            "reading.up": lambda: self._step(-1, self._cursor.move),
            "reading.down": lambda: self._step(1, self._cursor.move),
            "reading.older_prompt": lambda: self._step(-1, self._cursor.move_to_prompt),
            "reading.newer_prompt": lambda: self._step(1, self._cursor.move_to_prompt),
            "reading.half_up": lambda: self.scroll_pages(-0.5),
            "reading.half_down": lambda: self.scroll_pages(0.5),
            "reading.first": lambda: self._cursor.move_to_end(first=True),
            "reading.last": lambda: self._cursor.move_to_end(first=False),
            "reading.fold": self._fold,
            "reading.copy": self._copy_entry,
            "reading.next_link": self._cursor.next_link,
            "reading.open": self._open_chosen,
            "reading.save": self._save_chosen,
            "reading.copy_link": self._copy_link,
            "reading.find": self.find,
            "reading.found_above": lambda: self._go_on(-1),
            "reading.found_below": lambda: self._go_on(1),
            "reading.close": self._close,
            "find.above": lambda: self._go_on(-1),
            "find.below": lambda: self._go_on(1),
            "find.take": self._take,
            "find.close": self._close_find,
        }

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self.view
        yield self._bar

    # ---------------------------------------------------------------- what there is

    def show(self, entries: Sequence[Entry], cwd: str) -> None:
        """Show other entries from scratch."""
        self._stop_finding()
        self._cursor.key = None
        self.view.show(entries, cwd)
        if self.is_reading:
            self._leave()

    def update_entries(self, entries: Sequence[Entry], changes: Changes) -> None:
        """Take changes of the entries that are shown."""
        self.view.update_entries(entries, changes)
        if self._search.text:
            self._search.take(changes)
            self._look_on()

    @property
    def is_reading(self) -> bool:
        """Whether the keyboard is the reader's."""
        return self.view.has_focus or self._bar.display

    @property
    def hint(self) -> str:
        """What the status line says about reading; may be empty."""
        if self.said:
            return self.said
        if self.view.has_focus:
            return self._reading_hint()
        window = self._window
        if window.look.raw:
            return f"nothing but text, {self._key('transcript.raw')}: back"
        if window.following:
            return ""
        key = self._key("transcript.follow")
        if window.unread:
            return f"↓ {window.unread} new below, {key}"
        return f"↓ more below, {key}" if window.grew else ""

    def _reading_hint(self) -> str:
        if self._cursor.link is not None and (target := self._cursor.target) is not None:
            save = f" · {self._key('reading.save')}: save here" if target.path else ""
            return f"{plain_line(target.address)} · {self._key('reading.open')}: open{save}"
        words = {
            "up": "above",
            "down": "below",
            "fold": "fold",
            "copy": "copy",
            "open": "open",
            "find": "find",
            "close": "back",
        }
        return "reading · " + " ".join(
            f"{self._key(f'reading.{name}')} {word}" for name, word in words.items()
        )

    def _key(self, action: str) -> str:
        keys = self._keymap.keys(action)
        return shown(min(keys, key=len)).lower() if keys else ""

    # ---------------------------------------------------------------- drawn over the rows

    def _marks(self, at: int, first: int, last: int) -> Iterator[tuple[Span, Style]]:
        yield from self._search.marks(at, first, last)
        if at == self._cursor.at:
            rows = self._window.rows_of(at)
            beside = (row for row in range(first, last + 1) if rows[row].cell_length)
            yield from ((Span(row, 0, 1), palette.CHOSEN) for row in beside)
            if self._cursor.link is not None:
                yield from ((span, palette.CHOSEN) for span in self._cursor.links()[self._cursor.link][1])

    # ---------------------------------------------------------------- finding

    def find(self, text: str = "") -> None:
        """Let the user type what to find, maybe beginning with a text; once more, go to the match above."""
        if self._bar.display and not text:
            self._go_on(-1)
            return
        if not self._bar.display:
            self._search.remember_place()
        self._bar.display = True
        if text:
            self._bar.input.value = text
        self._bar.input.cursor_position = len(self._bar.input.value)
        self._take_keyboard(self._bar.input)
        self._search.begin(self._bar.input.value)
        self._look_on()

    def on_input_changed(self, event: FindInput.Changed) -> None:
        """Find what is typed."""
        event.stop()
        if self._bar.display:
            self._search.begin(event.value)
            self._look_on()

    def on_find_input_key(self, message: FindInput.Key) -> None:
        """Do what a key means while finding."""
        self._do(message.action)

    def _look_on(self) -> None:
        if self._looking is None:
            self._looking = self.set_interval(1 / 60, self._look)
        self._look()

    def _look(self) -> None:
        """Go through some entries."""
        until = time.monotonic() + SLICE_SECONDS
        if not self._search.look(lambda: time.monotonic() < until) and self._looking is not None:
            self._looking.stop()
            self._looking = None
        self._bar.tell(self._search.words(self._key("find.above")))
        self._redraw()

    def _go_on(self, step: int) -> None:
        self._search.go_on(step)
        if self.view.has_focus and self._search.at is not None:
            self._cursor.begin(self._search.at)
        self._look_on()

    def _take(self) -> None:
        """Stay at the match, and read by keyboard from there."""
        self._bar.display = False
        self._read(self._search.at)

    def _close_find(self) -> None:
        """Go back to where the reader was."""
        self._bar.display = False
        self._bar.input.value = ""
        self._search.go_back()
        if self._cursor.key is not None:
            self._read(self._cursor.at)
        else:
            self._leave()

    def on_transcript_view_sized(self) -> None:
        """Keep the match in view that is looked at."""
        if self._search.at is not None:
            self._search.reveal()
            self._redraw()

    def _stop_finding(self) -> None:
        self._bar.display = False
        self._bar.input.value = ""
        self._search.stop()

    # ---------------------------------------------------------------- reading

    def read(self) -> None:
        """Give the reader the keyboard, with a cursor on the last entry in view."""
        self._read(None)

    def _read(self, at: int | None) -> None:
        if not self._cursor.begin(at):
            return
        self.view.can_focus = True
        self._take_keyboard(self.view)
        self._redraw()

    def on_key(self, event: events.Key) -> None:
        """Do what a key means while reading; another character goes to the composer."""
        if not self.view.has_focus:
            return
        action = self._keymap.action(event.key, Place.TRANSCRIPT)
        if action:
            self._do(action)
        elif event.character is not None and event.is_printable:
            self._close(event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    def _take_keyboard(self, widget: Widget) -> None:
        """Give a widget the keyboard at once: what was typed behind a key is meant for it."""
        self.screen.set_focus(widget)

    def _leave(self, typed: str = "") -> None:
        self.screen.set_focus(None)
        self.leave(typed)

    def on_descendant_blur(self) -> None:
        """The keyboard went elsewhere: to the line for finding, or away."""
        if not self._bar.display and not self.view.has_focus:
            self._cursor.key = None
            self.view.can_focus = False
        self._redraw()

    def _do(self, action: str) -> None:
        self._deeds[action]()
        self._redraw()

    def _close(self, typed: str = "") -> None:
        self._stop_finding()
        self._cursor.key = None
        self.view.can_focus = False
        self._window.scroll(0)
        self._redraw()
        self._leave(typed)

    def _step(self, step: int, move: Callable[[int], bool]) -> None:
        if not move(step) and step < 0:
            self._older()

    def _older(self) -> None:
        self._history.load_older()

    def scroll_pages(self, pages: float) -> None:
        """Move the view by pages, down or, when negative, up; the cursor stays in view."""
        self.view.scroll_pages(pages)
        if self._cursor.key is not None:
            self._window.hold()
            self._cursor.follow_scroll()
        self._redraw()

    def _fold(self) -> None:
        at = self._cursor.at
        if at is not None:
            self._window.toggle(at)
            self._window.hold()

    def _copy_entry(self) -> None:
        entry = self._cursor.entry
        if entry is not None:
            self.copy_lines(entry_text(entry.content), "the entry")

    def toggle_raw(self) -> bool:
        """Show nothing but text, or the usual again; whether it is raw now."""
        look = self._window.look
        return self._change(raw=not look.raw)

    def _change(self, *, raw: bool) -> bool:
        look = self._window.look
        self.view.selection = None
        self._window.change_look(replace(look, raw=raw))
        self.view.set_class(raw, "-raw")
        self._redraw()
        return raw

    def toggle_columns(self) -> None:
        """Show edits side by side, or one below the other again."""
        look = self._window.look
        self.view.selection = None
        self._window.change_look(replace(look, side_by_side=not look.side_by_side))
        self._redraw()
        self.say(
            "edits side by side, where there is room" if not look.side_by_side else "edits in one column"
        )

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.view.follow()
        self._cursor.follow_scroll()
        self.post_message(self.HintChanged())

    def go_to_first(self) -> None:
        """Go to the beginning of what is loaded; what is older is loaded then."""
        if self._window.entries:
            self._window.bring(0, 0, 0)
            self._cursor.follow_scroll()
        self._older()
        self._redraw()

    def _redraw(self) -> None:
        self.view.draw()
        self.post_message(self.HintChanged())

    # ---------------------------------------------------------------- copying

    def on_transcript_view_selected(self, message: TranscriptView.Selected) -> None:
        """Copy what was selected."""
        self.copy_lines(message.text, "the selection")

    def copy_selection(self) -> bool:
        """Copy what is selected once more, and let go of it; whether anything was."""
        text = self.view.take_selection()
        if text:
            self.copy_lines(text, "the selection")
        return bool(text)

    # ---------------------------------------------------------------- links

    def on_transcript_view_link_clicked(self, message: TranscriptView.LinkClicked) -> None:
        """Open what was clicked."""
        self.open(message.target)

    def _open_chosen(self) -> None:
        target = self._cursor.target
        if target is None:
            self.say("there is no link in this entry")
        else:
            self.open(target)

    def _save_chosen(self) -> None:
        target = self._cursor.target
        if target is None or not target.path:
            self.say("there is no file of the devbox in this entry" if target is None else "that is no file")
        else:
            self.post_message(self.SaveWanted(plain_line(target.path)))

    def _copy_link(self) -> None:
        target = self._cursor.target
        if target is None:
            self.say("there is no link in this entry")
        else:
            where = f"{target.path}:{target.line}" if target.line else target.path
            self.copy(plain_line(where or target.address), "the address")
