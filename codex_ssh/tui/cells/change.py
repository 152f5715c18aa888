"""Edits of files: which, how much, and the diff of each."""

from __future__ import annotations

from typing import Final

from textual.strip import Strip

from codex_ssh.core.entry import Entry, Progress
from codex_ssh.core.items import Change, ChangeKind, FileChange, ItemStatus
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.cells.look import Look, folded, status_style
from codex_ssh.tui.diff import change_counts, diff_rows, short_path
from codex_ssh.tui.links import file_address, link_style
from codex_ssh.tui.wrap import Span, wrap

DIFF_ROWS: Final = 24
"""Of a folded edit of a file so many rows are shown."""

_VERBS: Final = {ChangeKind.ADD: "Add", ChangeKind.DELETE: "Delete", ChangeKind.UPDATE: "Edit"}


def change_rows(edit: FileChange, entry: Entry, look: Look) -> list[Strip]:
    """Give the rows of an edit: with several files a heading with the counts of all."""
    mark = ("± ", status_style(edit.status))
    if not edit.changes:
        return wrap([("Edit", palette.PLAIN)], look.width, first=[mark])
    note = {ItemStatus.DECLINED: "not made, ", ItemStatus.FAILED: "failed, "}.get(edit.status, "")
    if entry.progress is Progress.CUT:
        note = "interrupted, "
    rows: list[Strip] = []
    several = len(edit.changes) > 1
    if several:
        counts = [change_counts(change) for change in edit.changes]
        head: list[Span] = [(f"Edit {len(edit.changes)} files", palette.COMMAND)]
        head += _counts(sum(one for one, _ in counts), sum(one for _, one in counts), note)
        rows += wrap(head, look.width, first=[mark])
    for change in edit.changes:
        rows += _file(change, "" if several else note, ("  ", palette.PLAIN) if several else mark, look)
    return rows


def _file(change: Change, note: str, front: Span, look: Look) -> list[Strip]:
    link = link_style(file_address(plain_line(change.moved_to or change.path)))
    head: list[Span] = [(f"{_VERBS[change.kind]} ", front[1])]
    head.append((short_path(change.path, look.cwd), palette.COMMAND + link))
    if change.moved_to:
        head.append((f" → {short_path(change.moved_to, look.cwd)}", palette.COMMAND + link))
    rows = wrap([*head, *_counts(*change_counts(change), note)], look.width, first=[front])
    made = diff_rows(change, look.width, side_by_side=look.side_by_side)
    return rows + folded(made, DIFF_ROWS, look)


def _counts(added: int, removed: int, note: str) -> list[Span]:
    return [
        (f" ({note}", palette.DIM),
        (f"+{added}", palette.ADDED),
        (" ", palette.DIM),
        (f"-{removed}", palette.REMOVED),
        (")", palette.DIM),
    ]
