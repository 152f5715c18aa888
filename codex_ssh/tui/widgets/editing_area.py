"""A text area with folds, and the editing keys of readline: moving, cutting, putting back, undoing.

Lives here: what each of these keys does to the text. Not here: sending, history and popups
(:mod:`codex_ssh.tui.widgets.composer`).

Textual's own keys of a text area are not there: all come from the table of keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from rich.text import Text
from textual.document._document import EditResult, Location, Selection
from textual.document._edit import Edit
from textual.strip import Strip
from textual.widgets import TextArea

from codex_ssh.core.draft import Draft, harmless, pasted
from codex_ssh.tui import palette
from codex_ssh.tui.folds import Folds
from codex_ssh.tui.kill_ring import KillRing

UNFOLDED_CHARACTERS: Final = 200_000
"""No more is unfolded: the text area takes its time for every line."""


class EditingArea(TextArea, inherit_bindings=False):
    """A text area that knows readline's deeds by the ids of the table of keys.

    Args:
        placeholder: Shown while it is empty.
    """

    def __init__(self, placeholder: str) -> None:
        self.folds = Folds()
        super().__init__(
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            compact=False,
            highlight_cursor_line=False,
            placeholder=placeholder,
        )
        self._ring = KillRing()
        self._yanked: tuple[Location, Location] | None = None

    def render_line(self, y: int) -> Strip:
        """Draw a line; Textual cannot wrap a placeholder into no column at all."""
        return super().render_line(y) if self.content_size.width > 0 else Strip.blank(0)

    # ---------------------------------------------------------------- what is in it

    @property
    def draft(self) -> Draft:
        """What is written."""
        return self.folds.decode(self.text)

    def take(self, draft: Draft | str) -> None:
        """Put something else in, the cursor at its end; undo brings back what was there."""
        if isinstance(draft, str):
            draft = harmless(draft)
        self._ring.other_key()
        self._yanked = None
        text = self.folds.encode(draft)
        if text != self.text:
            self.history.checkpoint()
            self.replace(text, (0, 0), self.document.end, maintain_selection_offset=False)
            self.history.checkpoint()
        self.move_cursor(self.document.end)

    def put(self, draft: Draft) -> None:
        """Put something in at the cursor, in place of what is selected."""
        self._replace_via_keyboard(self.folds.encode(draft), *self.selection)

    def put_text(self, text: str) -> None:
        """Put text from outside in at the cursor."""
        self.put(pasted(text))

    @property
    def selected_text(self) -> str:
        """What is selected, as it would be sent."""
        start, end = sorted(self.selection)
        return self.folds.decode(self.get_text_range(start, end)).text

    @property
    def at_first_line(self) -> bool:
        """Whether the cursor is on the first row of the screen."""
        return self.wrapped_document.location_to_offset(self.cursor_location).y == 0

    @property
    def at_last_line(self) -> bool:
        """Whether the cursor is on the last row of the screen."""
        offset = self.wrapped_document.location_to_offset(self.cursor_location)
        return offset.y >= self.wrapped_document.height - 1

    # ---------------------------------------------------------------- folds are touched as a whole

    def edit(self, edit: Edit) -> EditResult:
        """Do an edit, made so large that it leaves no part of a fold."""
        top, bottom = sorted((edit.from_location, edit.to_location))
        is_insertion = top == bottom
        top = (top[0], self.folds.whole(self.document[top[0]], top[1], to_end=is_insertion))
        if bottom[0] < self.document.line_count:
            bottom = (bottom[0], self.folds.whole(self.document[bottom[0]], bottom[1], to_end=True))
        edit.from_location, edit.to_location = top, bottom
        return super().edit(edit)

    def _validate_selection(self, selection: Selection) -> Selection:
        selection = super()._validate_selection(selection)
        return Selection(
            self._outside(selection.start, self.selection.start),
            self._outside(selection.end, self.selection.end),
        )

    def _outside(self, place: Location, before: Location) -> Location:
        """Give the place beside a fold for one inside: the way the cursor goes."""
        row, column = place
        return row, self.folds.whole(self.document[row], column, to_end=place > before)

    def undo(self) -> None:
        """Undo what was done last."""
        # Textual 8.2 looks for the cursor before it puts it back: it must not stand in what is undone.
        if self.history.undo_stack:
            self.selection = Selection.cursor((0, 0))
            super().undo()

    def redo(self) -> None:
        """Do again what was undone last."""
        if self.history.redo_stack:
            self.selection = Selection.cursor((0, 0))
            super().redo()

    def get_line(self, line_index: int) -> Text:
        """Draw a line: folds as their labels."""
        line = self.document.get_line(line_index)
        text = Text(self.folds.shown(line), end="", no_wrap=True)
        for start, end, _ in self.folds.spans(line):
            text.stylize(palette.KEY, start, end)
        return text

    def unfold(self) -> bool:
        """Put the text of the fold at the cursor in its place; False for none, or too much of it."""
        row, column = self.cursor_location
        for start, end, fold in self.folds.spans(self.document[row]):
            is_text = fold.attachment is None and 0 < len(fold.text) <= UNFOLDED_CHARACTERS
            if start <= column <= end and is_text:
                # Line by line harmless, however long: it was asked for.
                lines = [self.folds.encode(harmless(line)) for line in fold.text.split("\n")]
                self.history.checkpoint()
                self.replace("\n".join(lines), (row, start), (row, end), maintain_selection_offset=False)
                return True
        return False

    # ---------------------------------------------------------------- the deeds

    def do(self, action: str) -> bool:
        """Do what a key stands for; False when that is no deed of this widget."""
        deed = _DEEDS.get(action)
        if deed is None:
            return False
        if action not in _CUTS:
            self._ring.other_key()
        if action not in ("composer.yank", "composer.yank_before"):
            self._yanked = None
        deed(self)
        return True

    def typed(self, character: str) -> None:
        """Write one character, or what a terminal sends for one key."""
        self._ring.other_key()
        self._yanked = None
        self.put(harmless(character))

    def _cut(self, start: Location, end: Location, *, before: bool) -> None:
        result = self._delete_via_keyboard(start, end)
        if result is not None:
            self._ring.cut(result.replaced_text, before=before)

    def cut_word_left(self) -> None:
        """Cut to the start of the word."""
        self._cut(*self._selected_or(self.get_cursor_word_left_location()), before=True)

    def cut_word_right(self) -> None:
        """Cut to the end of the word."""
        self._cut(*self._selected_or(self._word_end()), before=False)

    def cut_to_start(self) -> None:
        """Cut to the start of the line; there, the line end before it."""
        row, column = self.selection.end
        target = (row, 0) if column else self.get_cursor_left_location()
        self._cut(*self._selected_or(target), before=True)

    def cut_to_end(self) -> None:
        """Cut to the end of the line; there, the line end."""
        row, column = self.selection.end
        end = len(self.document[row])
        target = (row, end) if column < end else self.get_cursor_right_location()
        self._cut(*self._selected_or(target), before=False)

    def _selected_or(self, target: Location) -> tuple[Location, Location]:
        start, end = self.selection
        return (start, end) if start != end else (end, target)

    def _word_end(self) -> Location:
        """Where the word that is here, or comes next, ends."""
        row, column = self.selection.end
        line = self.document[row]
        if column == len(line):
            return (row + 1, 0) if row + 1 < self.document.line_count else (row, column)
        while column < len(line) and not line[column].isalnum():
            column += 1
        while column < len(line) and (line[column].isalnum() or line[column] == "_"):
            column += 1
        return row, self.folds.whole(line, column, to_end=True)

    def word_right(self) -> None:
        """Go to the end of the word."""
        self.move_cursor(self._word_end())

    def yank(self) -> None:
        """Put back what was cut last."""
        self._put_back(self._ring.last())

    def yank_before(self) -> None:
        """Put back what was cut before that, in its place."""
        if self._yanked is not None:
            self.selection = Selection(*self._yanked)
            self._put_back(self._ring.one_before())

    def _put_back(self, text: str) -> None:
        start = min(self.selection)
        result = self._replace_via_keyboard(text, *self.selection)
        if result is not None:
            self._yanked = start, result.end_location

    def transpose(self) -> None:
        """Swap what is left and right of the cursor; at the end of a line the last two."""
        row, column = self.cursor_location
        line = self.document[row]
        middle = self.folds.whole(line, column - 1, to_end=False) if column == len(line) else column
        left = self.folds.whole(line, middle - 1, to_end=False)
        right = self.folds.whole(line, middle + 1, to_end=True)
        if left >= 0 and middle > 0 and right <= len(line):
            swapped = line[middle:right] + line[left:middle]
            self.replace(swapped, (row, left), (row, right), maintain_selection_offset=False)


_DEEDS: Final[Mapping[str, Callable[[EditingArea], object]]] = {
    "composer.newline": lambda area: area.put(Draft(pieces=("\n",))),
    "composer.older": EditingArea.action_cursor_up,
    "composer.newer": EditingArea.action_cursor_down,
    "composer.left": EditingArea.action_cursor_left,
    "composer.right": EditingArea.action_cursor_right,
    "composer.word_left": EditingArea.action_cursor_word_left,
    "composer.word_right": EditingArea.word_right,
    "composer.line_start": EditingArea.action_cursor_line_start,
    "composer.line_end": EditingArea.action_cursor_line_end,
    "composer.select_left": lambda area: area.action_cursor_left(select=True),
    "composer.select_right": lambda area: area.action_cursor_right(select=True),
    "composer.select_up": lambda area: area.action_cursor_up(select=True),
    "composer.select_down": lambda area: area.action_cursor_down(select=True),
    "composer.delete_left": EditingArea.action_delete_left,
    "composer.delete_right": EditingArea.action_delete_right,
    "composer.cut_word_left": EditingArea.cut_word_left,
    "composer.cut_word_right": EditingArea.cut_word_right,
    "composer.cut_to_start": EditingArea.cut_to_start,
    "composer.cut_to_end": EditingArea.cut_to_end,
    "composer.yank": EditingArea.yank,
    "composer.yank_before": EditingArea.yank_before,
    "composer.transpose": EditingArea.transpose,
    "composer.undo": EditingArea.undo,
    "composer.redo": EditingArea.redo,
    "composer.unfold": EditingArea.unfold,
}

_CUTS: Final = frozenset(action for action in _DEEDS if action.startswith("composer.cut_"))
