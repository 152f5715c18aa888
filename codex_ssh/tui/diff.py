"""Edits of files as coloured rows, and how much they change.

Lives here: one file of an edit. Not here: the entry around it (:mod:`codex_ssh.tui.cells`).
"""

from __future__ import annotations

from textual.strip import Strip

from codex_ssh.core.items import Change, ChangeKind
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.tui import palette
from codex_ssh.tui.wrap import wrap


def diff_rows(change: Change, width: int) -> list[Strip]:
    """Give the coloured diff of one file."""
    rows: list[Strip] = []
    for sign, line in change_lines(change):
        style = {"+": palette.ADDED, "-": palette.REMOVED, "@": palette.HUNK}.get(sign, palette.DIM)
        front = "  " if sign == "@" else f"  {sign} "
        rows += wrap([(line, style)], width, first=[(front, style)], rest=[("    ", style)], anywhere=True)
    return rows


def change_lines(change: Change) -> list[tuple[str, str]]:
    """Give sign and text of each line; added and deleted files come as bare content."""
    lines = plain_lines(change.diff).removesuffix("\n").split("\n") if change.diff else []
    if change.kind is not ChangeKind.UPDATE:
        sign = "+" if change.kind is ChangeKind.ADD else "-"
        return [(sign, line) for line in lines]
    found: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith(("--- ", "+++ ", "diff ", "index ", "Moved to: ")):
            continue
        if line.startswith("@@"):
            found.append(("@", line))
        else:
            found.append((line[:1] or " ", line[1:]))
    return found


def change_counts(change: Change) -> tuple[int, int]:
    """Give how many lines are added and removed."""
    signs = [sign for sign, _ in change_lines(change)]
    return signs.count("+"), signs.count("-")


def short_path(path: str, cwd: str) -> str:
    """Give a path relative to the thread's directory where it is below it; harmless."""
    inside = path.removeprefix(cwd.rstrip("/") + "/") if cwd else path
    return plain_line(inside)
