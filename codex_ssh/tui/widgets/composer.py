"""Where the user writes: sending, history and its search, and what a popup offers for the word at the cursor.

Lives here: which key means what just now. Not here: editing (:mod:`codex_ssh.tui.widgets.editing_area`),
pasting (:mod:`codex_ssh.tui.widgets.pasting_area`), and what becomes of a message (:mod:`codex_ssh.tui.app`).
"""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.document._document import Selection
from textual.message import Message

from codex_ssh.core.draft import Draft, join_drafts
from codex_ssh.core.keymap import Keymap, Place, shown
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui.completion import Offer, Wanted, wanted
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.offering import Sources, offers
from codex_ssh.tui.prompt_history import PromptHistory
from codex_ssh.tui.vim import Mode, Vim
from codex_ssh.tui.widgets.pasting_area import PastingArea
from codex_ssh.tui.widgets.popup import Popup


class Composer(PastingArea):
    """A text area in which Enter sends and Ctrl-J makes a new line.

    Args:
        popup: Shows what is offered.
        keymap: Which keys do what.
        sources: Where it is found.
        desk: Has the editor, the clipboard and the images.
        vim: It has Vim's modes.
    """

    DEFAULT_CSS = """
    Composer, Composer:focus {
        height: auto;
        max-height: 12;
        min-height: 3;
        border: round ansi_bright_black;
        padding: 0 1;
        background: ansi_default;
        color: ansi_default;
        scrollbar-size-vertical: 1;
        & .text-area--cursor-line { background: ansi_default; }
        & .text-area--cursor { text-style: reverse; color: ansi_default; background: ansi_default; }
        & .text-area--placeholder { color: ansi_default; text-style: dim; }
        & .text-area--selection { text-style: reverse; background: ansi_default; }
    }
    Composer:focus { border: round ansi_cyan; }
    Composer.-shell, Composer.-shell:focus { border: round ansi_yellow; }
    """

    class Submitted(Message):
        """The user wants this to be sent or done, now or when the running turn is over."""

        def __init__(self, draft: Draft, *, is_for_later: bool = False) -> None:
            super().__init__()
            self.draft = draft
            self.is_for_later = is_for_later

    class KeysWanted(Message):
        """The user wants to know the keys."""

    class TakeBack(Message):
        """The user wants back what was said last for after the turn, or wants it dropped."""

        def __init__(self, *, drop: bool) -> None:
            super().__init__()
            self.drop = drop

    def __init__(
        self, popup: Popup, keymap: Keymap, sources: Sources, desk: Desk, *, vim: bool = False
    ) -> None:
        super().__init__(desk, placeholder="say what to do, or / for commands")
        self._popup = popup
        self._keymap = keymap
        self._sources = sources
        self._past = PromptHistory(sources.said)
        self._host = ""
        self._dismissed: Wanted | None = None
        self._no_match = False
        self._recalled = ""
        self._vim = Vim() if vim else None
        self._vim_at = 0

    def on_mount(self) -> None:
        """Draw what is found, when it is found."""
        self._sources.search.on_change = self._offer

    def name_host(self, host: str) -> None:
        """Say on the border where it leads; an empty text says nothing."""
        self._host = host
        self._show_state()

    def clear_all(self) -> None:
        """Write something else from scratch."""
        self._past.leave()
        if self._vim is not None:
            self._vim.begin()
        self.take(Draft())
        self._show_state()

    def put_command(self, name: str) -> None:
        """Make the text of a slash command of what is written, unless it is that already."""
        if not self.text.startswith(f"/{name} "):
            self.take(Draft(pieces=(f"/{name} ", *self.draft.pieces)))

    @property
    def kept(self) -> Draft:
        """What must not be lost: while something older is shown, what was being written."""
        unsent = self._past.unsent
        if not unsent:
            return self.draft
        return unsent if self.text == self._recalled else join_drafts([unsent, self.draft])

    def put(self, draft: Draft) -> None:
        """Put something in at the cursor; a search ends where it is."""
        if self._past.is_searching:
            self._past.take()
            self._show_state()
        super().put(draft)

    # ---------------------------------------------------------------- keys

    async def _on_key(self, event: events.Key) -> None:
        self._restart_blink()
        # What was typed last may not have reached the popup yet, and enter would take something else.
        self._offer()
        # Not by bindings: their actions would come after characters that were typed behind the key.
        if self._take_key(event):
            event.stop()
            event.prevent_default()

    def _take_key(self, event: events.Key) -> bool:
        action = self._keymap.action(event.key, Place.COMPOSER)
        if self._past.is_searching and self._search_key(event, action):
            return True
        if self._popup.display and self._popup_key(event.key):
            return True
        if action == "composer.keys" and not self.text:
            self.post_message(self.KeysWanted())
            return True
        if self._vim is not None and self._vim_key(self._vim, event):
            return True
        if self._do(action):
            return True
        if event.is_printable and event.character is not None:
            self.typed(event.character)
            return True
        return False

    def _do(self, action: str) -> bool:
        """Do what a key stands for; False when there is nothing to do, and the key means something else."""
        match action:
            case "composer.send":
                self._submit()
            case "composer.queue":
                return self._submit_for_later()
            case "composer.take_back" | "composer.drop" | "composer.select_left" if self._means_waiting(
                action
            ):
                self.post_message(self.TakeBack(drop=action == "composer.drop"))
            case "composer.editor":
                self.write_in_editor()
            case "composer.paste":
                self.paste_image()
            case "composer.older" if self.at_first_line or self._is_recalled:
                self._turn_back(1)
            case "composer.newer" if self.at_last_line:
                self._turn_back(-1)
            case "composer.search":
                self._past.begin(self.draft)
                self._show_state()
            case "composer.search_newer":
                pass
            case "composer.unfold":
                if not self.unfold():
                    text = "there is nothing to unfold here, or too much: your editor takes all of it"
                    self.post_message(self.Failed(text))
            case _:
                return self.do(action)
        return True

    def _means_waiting(self, action: str) -> bool:
        """Whether a key is about what waits for the end of the turn."""
        return self._sources.has_waiting and (action == "composer.take_back" or not self.text)

    def _submit(self, *, is_for_later: bool = False) -> None:
        draft = self.draft.stripped()
        if not draft:
            return
        self.clear_all()
        self.history.clear()
        self.post_message(self.Submitted(draft, is_for_later=is_for_later))

    @property
    def can_queue(self) -> bool:
        """Whether what is written can be sent when the turn is over."""
        return self._sources.is_running and bool(self.draft)

    def _submit_for_later(self) -> bool:
        if not self.can_queue:
            return False
        self._submit(is_for_later=True)
        return True

    # ---------------------------------------------------------------- Vim's modes

    def _vim_key(self, vim: Vim, event: events.Key) -> bool:
        """Take a key that is Vim's just now; a fold is one character for it."""
        folds, text = self.folds, self.folds.short(self.text)
        row, column = self.cursor_location
        before = "\n".join([*self.document.lines[:row], self.document[row][:column]])
        at = self._vim_at if vim.mode is Mode.LINES else len(folds.short(before))
        key = event.character if event.is_printable and event.character is not None else event.key
        step = vim.key(key, text, at)
        self._show_state()
        if step is None:
            return False
        if step.is_undo:
            self.undo()
            return True
        if step.put is not None:
            start, end, put = step.put
            self.history.checkpoint()
            self.replace(folds.long(put), self._place(text[:start]), self._place(text[:end]))
            text = text[:start] + put + text[end:]
        self._vim_at = step.at
        self.move_cursor(self._place(text[: step.at]))
        if step.selected is not None:
            first, last = (self._place(text[:where]) for where in step.selected)
            self.selection = Selection(first, last)
        return True

    def _place(self, before: str) -> tuple[int, int]:
        """Where the cursor is behind a text in which a fold is one character."""
        lines = self.folds.long(before).split("\n")
        return len(lines) - 1, len(lines[-1])

    # ---------------------------------------------------------------- what was said before

    def _turn_back(self, step: int) -> None:
        """Show an older or newer message, if there is one that way."""
        draft = self._past.turn(step, self.draft)
        if draft is not None:
            self.take(draft)
            self._recalled = self.text

    @property
    def _is_recalled(self) -> bool:
        """Whether an older message is shown as it was: then the next key goes on, however long it is."""
        return self.text == self._recalled and self.cursor_at_end_of_text

    def _search_key(self, event: events.Key, action: str) -> bool:
        """Take a key while searching; one that means nothing here ends the search and does what it does."""
        past = self._past
        query = past.query or ""
        if self._keymap.action(event.key, Place.POPUP) == "popup.close":
            self.take(past.give_up())
        elif action == "composer.send":
            past.take()
        elif action == "composer.search":
            self._found(past.again(1))
        elif action == "composer.search_newer":
            self._found(past.again(-1))
        elif action == "composer.delete_left":
            self._found(past.look_for(query[:-1]) if query[:-1] else None)
            past.query = query[:-1]
        elif event.is_printable and event.character is not None:
            self._found(past.look_for(query + event.character))
        else:
            past.take()
            self._show_state()
            return False
        self._show_state()
        return True

    def _found(self, draft: Draft | None) -> None:
        self._no_match = draft is None and bool(self._past.query)
        if draft is not None:
            self.take(draft)
            self._recalled = self.text

    def _show_state(self) -> None:
        """Say on the border what the keys mean now."""
        query = self._past.query
        is_shell = query is None and self.text.startswith("!")
        self.set_class(is_shell, "-shell")
        title, below = plain_line(self._host), ""
        if query is not None:
            title = f"history: {query}" + (" (nothing)" if self._no_match else "")
            key = self._key("composer.search")
            below = f"{key} older · enter takes · esc gives up"
        elif is_shell:
            title = "shell command on the devbox, run as you"
        if query is None and self._vim is not None:
            below = f"{self._vim.mode.value} {self._vim.waiting}".strip()
        # As text: a title given as a string is markup.
        self.border_title = Text(title)
        self.border_subtitle = Text(below)

    def _key(self, action: str) -> str:
        return next(iter(map(shown, self._keymap.keys(action))), "").lower()

    # ---------------------------------------------------------------- what is offered

    @property
    def wants_tab(self) -> bool:
        """Whether tab completes something."""
        return self.has_focus and self._popup.chosen is not None

    def _popup_key(self, key: str) -> bool:
        action, chosen = self._keymap.action(key, Place.POPUP), self._popup.chosen
        if action == "popup.close":
            self._dismissed = self._wanted()
            self._offer()
            return True
        if chosen is None:
            return False
        match action:
            case "popup.up" | "popup.down":
                self._popup.move(-1 if action == "popup.up" else 1)
            case "popup.complete":
                self._complete(chosen)
            case "popup.take" if not chosen.is_aside:
                self._complete(chosen)
                if chosen.runs:
                    self._submit()
            case _:
                return False
        return True

    def _complete(self, offer: Offer) -> None:
        want = self._wanted()
        if want is None:
            return
        row = self.cursor_location[0]
        text = self.folds.encode(offer.put)
        self.replace(text + (" " if offer.runs else ""), (row, want.start), (row, want.end))
        self._offer()

    def _wanted(self) -> Wanted | None:
        row, column = self.cursor_location
        is_moving = self._vim is not None and self._vim.mode is not Mode.INSERT
        # A shell takes words as they are: there is nothing to name for the model.
        if (
            self.text.startswith("!")
            or self._past.is_searching
            or is_moving
            or self.selection.start != self.selection.end
        ):
            return None
        return wanted(self.document[row], column, is_only_line=self.document.line_count == 1)

    def _offer(self) -> None:
        """Offer what the word at the cursor may become."""
        want = self._wanted()
        if self._dismissed is not None and (want is None or want.start != self._dismissed.start):
            self._dismissed = None
        if want is None or self._dismissed is not None:
            self._sources.search.stop()
            self._popup.close()
        else:
            self._popup.offer(*offers(want, self._sources, self.image_at))

    def image_looked_at(self) -> None:
        """Offer an image that was found."""
        self._offer()

    def on_text_area_changed(self) -> None:
        """Offer what fits while it is typed."""
        self._offer()
        self._show_state()

    def on_text_area_selection_changed(self) -> None:
        """Offer what fits where the cursor is."""
        self._offer()

    def on_focus(self) -> None:
        """Say what the keys mean."""
        self._show_state()
