"""What the rows of all kinds of entries have in common: how they are looked at, folds, lines behind a bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.style import Style
from textual.strip import Strip

from codex_ssh.core.items import ItemStatus
from codex_ssh.core.plain_text import plain_lines
from codex_ssh.core.value import dataclass
from codex_ssh.tui import palette
from codex_ssh.tui.links import linked
from codex_ssh.tui.wrap import Span, ornament, wrap

OUTPUT_ROWS: Final = 6
"""Of folded output so many rows are shown."""

TEXT_ROWS: Final = 4
"""Of a folded command, prompt or list of arguments so many rows are shown."""

UNFOLDED_CHARACTERS: Final = 64 * 1024
"""Of unfolded text so many characters are shown."""

INDENT: Final[Span] = ("  ", palette.PLAIN)
BAR: Final[Span] = ("  │ ", palette.DIM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What rows depend on beside the entry.

    Attributes:
        width: In cells.
        cwd: The thread's; paths below it are shown short.
        unfolded: Show everything.
        side_by_side: Show edits in two columns where there is room.
        raw: Show nothing but the text, as it would be copied.
        unfold_key: The key that unfolds, as it is shown to the user.
    """

    width: int
    cwd: str = ""
    unfolded: bool = False
    side_by_side: bool = False
    raw: bool = False
    unfold_key: str = "ctrl+o"


def one_line(mark: Span, spans: Sequence[Span], look: Look) -> list[Strip]:
    """Give one line behind a mark, wrapped below its beginning."""
    return wrap(spans, look.width, first=[mark])


def lines_of(text: str, style: Style, look: Look, *, front: Span = INDENT) -> list[Strip]:
    """Give text of several lines, each behind the same front; empty text gives no row."""
    rows: list[Strip] = []
    for line in plain_lines(text).strip("\n").split("\n") if text.strip("\n") else []:
        rows += wrap(linked(line, style), look.width, first=[front], rest=[front])
    return rows


def text_rows(text: str, style: Style, look: Look, *, limit: int, front: Span = BAR) -> list[Strip]:
    """Give text of several lines, folded to its beginning: what is folded away is not even looked at.

    Args:
        text: Remote text of any length.
        style: How it looks.
        look: Unfolded, most of it is shown.
        limit: So many rows are shown folded.
        front: What stands in front of each.
    """
    text = text.strip("\n")
    room = UNFOLDED_CHARACTERS if look.unfolded else (limit + 2) * max(look.width, 20)
    head, more = text[:room], text.count("\n", room) + (len(text) > room)
    if not look.unfolded:
        lines = head.split("\n", limit + 2)
        if len(lines) > limit + 2:
            more += lines.pop().count("\n") + 1
        head = "\n".join(lines)
    rows = folded(lines_of(head, style, look, front=front), limit, look, more=more)
    if look.unfolded and more:
        rows += wrap([(f"… {more} more lines are not shown", palette.DIM)], look.width, first=[front])
    return rows


def folded(
    rows: list[Strip], limit: int, look: Look, *, keep_end: bool = False, more: int = 0
) -> list[Strip]:
    """Keep the first or last rows and say how many are left out.

    Args:
        rows: All, or the last of them.
        limit: So many are kept.
        look: When unfolded, all are.
        keep_end: Keep the last ones.
        more: So many lines were left out already.
    """
    if look.unfolded or (not more and len(rows) <= limit + 1):
        return rows
    hidden = max(0, len(rows) - limit) + more
    text = f"    … {hidden} more {'lines' if hidden > 1 else 'line'} ({look.unfold_key})"
    note = [ornament([(text, palette.DIM)], look.width)]
    return [*note, *rows[-limit:]] if keep_end else [*rows[:limit], *note]


def status_style(status: ItemStatus, exit_code: int | None = None) -> Style:
    """Give the colour of how something ended."""
    if status is ItemStatus.FAILED or exit_code:
        return palette.BAD
    if status is ItemStatus.COMPLETED:
        return palette.GOOD
    return palette.WARN if status in (ItemStatus.DECLINED, ItemStatus.INTERRUPTED) else palette.BUSY


def took(milliseconds: int | None, spans: Sequence[Span] = ()) -> list[Span]:
    """Give how long something took, behind what else is said of its end; nothing below a second."""
    if milliseconds is None or milliseconds < 1000:
        return []
    return [(f"{' · ' if spans else ''}{seconds(milliseconds)}", palette.DIM)]


def seconds(milliseconds: int) -> str:
    """Give a duration in words: ``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 03 min``."""
    if milliseconds < 10_000:
        return f"{milliseconds / 1000:.1f} s"
    whole = milliseconds // 1000
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
