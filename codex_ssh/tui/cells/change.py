"""Edits of files: which, how much, and the diff of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.strip import Strip

from codex_ssh.core.entry import Entry, Progress
from codex_ssh.core.items import Change, ChangeKind, FileChange, ItemStatus
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.cells.look import INDENT, Look, folded, status_style
from codex_ssh.tui.diff import DiffLine, diff_lines, line_counts, lines_rows, short_path
from codex_ssh.tui.links import file_address, link_style
from codex_ssh.tui.wrap import Span, wrap

DIFF_ROWS: Final = 24
"""Of a folded edit of a file so many rows are shown."""

MOST_LINES: Final = 5000
"""Of an unfolded edit of a file so many lines are shown."""

_VERBS: Final = {ChangeKind.ADD: "Add", ChangeKind.DELETE: "Delete", ChangeKind.UPDATE: "Edit"}


def change_rows(edit: FileChange, entry: Entry, look: Look) -> list[Strip]:
    """Give the rows of an edit: with several files a heading with the counts of all."""
    mark = ("± ", status_style(edit.status))
    if not edit.changes:
        return wrap([("Edit", palette.PLAIN)], look.width, first=[mark])
    note = {ItemStatus.DECLINED: "not made, ", ItemStatus.FAILED: "failed, "}.get(edit.status, "")
    if entry.progress is Progress.CUT:
        note = "interrupted, "
    diffs = [diff_lines(change) for change in edit.changes]
    rows: list[Strip] = []
    several = len(edit.changes) > 1
    if several:
        counts = [line_counts(lines) for lines in diffs]
        head: list[Span] = [(f"Edit {len(edit.changes)} files", palette.COMMAND)]
        head += _counts(sum(one for one, _ in counts), sum(one for _, one in counts), note)
        rows += wrap(head, look.width, first=[mark])
    front = INDENT if several else mark
    for change, lines in zip(edit.changes, diffs, strict=True):
        rows += _head(change, lines, "" if several else note, front, look)
        # What is folded away is not wrapped: a new file may have any number of lines.
        shown = lines[: MOST_LINES if look.unfolded else DIFF_ROWS + 2]
        made = lines_rows(change, shown, look.width, side_by_side=look.side_by_side)
        more = len(lines) - len(shown)
        rows += folded(made, DIFF_ROWS, look, more=more)
        if look.unfolded and more:
            rows += wrap([(f"… {more} more lines are not shown", palette.DIM)], look.width, first=[INDENT])
    return rows


def _head(change: Change, lines: Sequence[DiffLine], note: str, front: Span, look: Look) -> list[Strip]:
    link = link_style(file_address(plain_line(change.moved_to or change.path)))
    head: list[Span] = [(f"{_VERBS[change.kind]} ", front[1])]
    head.append((short_path(change.path, look.cwd), palette.COMMAND + link))
    if change.moved_to:
        head.append((f" → {short_path(change.moved_to, look.cwd)}", palette.COMMAND + link))
    return wrap([*head, *_counts(*line_counts(lines), note)], look.width, first=[front])


def _counts(added: int, removed: int, note: str) -> list[Span]:
    return [
        (f" ({note}", palette.DIM),
        (f"+{added}", palette.ADDED),
        (" ", palette.DIM),
        (f"-{removed}", palette.REMOVED),
        (")", palette.DIM),
    ]
