"""Entries with little to say, and items of types nobody here knows."""

from __future__ import annotations

from textual.strip import Strip

from codex_ssh.core.entry import Entry, Progress
from codex_ssh.core.items import Sleep, UnknownItem, spread_json
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.cells.look import Look, one_line, seconds, text_rows
from codex_ssh.tui.links import linked
from codex_ssh.tui.wrap import Span, wrap


def sleep_rows(sleep: Sleep, entry: Entry, look: Look) -> list[Strip]:
    """Give the row of a pause."""
    verb = {Progress.OPEN: "Waits", Progress.CUT: "Interrupted while waiting"}.get(entry.progress, "Waited")
    lasting = f" for {seconds(sleep.duration_ms)}" if sleep.duration_ms is not None else ""
    style = palette.BUSY if entry.progress is Progress.OPEN else palette.DIM
    return one_line(("◷ ", style), [(f"{verb}{lasting}", palette.PLAIN)], look)


def compaction_rows(entry: Entry, look: Look) -> list[Strip]:
    """Give the row that says where the context was summed up."""
    if entry.progress is Progress.OPEN:
        return one_line(("≡ ", palette.BUSY), [("Summing up the conversation", palette.PLAIN)], look)
    return wrap([("── context compacted ──", palette.DIM)], look.width)


def unknown_rows(item: UnknownItem, look: Look) -> list[Strip]:
    """Give the rows of an item of an unknown type: its name and short texts; unfolded, all of it."""
    name: Span = (f"({plain_line(item.type) or 'item'})", palette.DIM)
    if look.unfolded:
        rows = one_line(("• ", palette.DIM), [name], look)
        return rows + text_rows(spread_json(item.json), palette.DIM, look, limit=0)
    spans = [name]
    for field, text in item.texts:
        spans += [(f" {plain_line(field)}: ", palette.DIM), *linked(plain_line(text), palette.PLAIN)]
    return one_line(("• ", palette.DIM), spans, look)
