"""Calls of tools: MCP servers, tools of clients, the web, pictures."""

from __future__ import annotations

from typing import Final

from textual.strip import Strip

from codex_ssh.core.entry import Entry, Progress
from codex_ssh.core.items import (
    ImageGeneration,
    ImageView,
    ItemStatus,
    ToolCall,
    ToolOutput,
    WebSearch,
    spread_json,
)
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.cells.look import (
    BAR,
    INDENT,
    OUTPUT_ROWS,
    TEXT_ROWS,
    Look,
    folded,
    lines_of,
    one_line,
    status_style,
    text_rows,
    took,
)
from codex_ssh.tui.diff import short_path
from codex_ssh.tui.links import file_address, link_style, linked
from codex_ssh.tui.wrap import Span, wrap

_MOST_PAGES: Final = 5


def tool_rows(call: ToolCall, entry: Entry, look: Look) -> list[Strip]:
    """Give the rows of a call: what is called with what, how far it is, what came of it."""
    running = entry.progress is Progress.OPEN
    mark: Span = (f"⚒ {'Call' if running else 'Called'} ", status_style(call.status))
    name = ".".join(plain_line(part) for part in (call.server, call.tool) if part) or "tool"
    head: list[Span] = [(name, palette.COMMAND)]
    if call.title:
        head.append((f" ({plain_line(call.title)})", palette.PLAIN))
    has_arguments = call.arguments not in ("", "{}", "null")
    if has_arguments and not look.unfolded:
        most = TEXT_ROWS * look.width * 2
        head.append((f" {plain_line(call.arguments[:most])}", palette.DIM))
    head += [(" · ", palette.DIM), *span] if (span := took(call.duration_ms)) else []
    rows = wrap(head, look.width, first=[mark], rest=[("    ", palette.PLAIN)])
    rows = folded(rows, TEXT_ROWS, look)
    if has_arguments and look.unfolded:
        front: Span = ("    ", palette.PLAIN)
        rows += text_rows(spread_json(call.arguments), palette.DIM, look, limit=TEXT_ROWS, front=front)
    if running and call.progress:
        rows += lines_of(call.progress, palette.BUSY, look, front=("  ⋯ ", palette.BUSY))
    rows += text_rows(call.error, palette.BAD, look, limit=OUTPUT_ROWS)
    rows += text_rows(call.result, palette.DIM, look, limit=OUTPUT_ROWS)
    if call.structured:
        text = spread_json(call.structured) if look.unfolded else call.structured
        rows += text_rows(text, palette.CODE, look, limit=TEXT_ROWS)
    return rows + _ended_badly(call, entry, look)


def _ended_badly(call: ToolCall, entry: Entry, look: Look) -> list[Strip]:
    if entry.progress is Progress.CUT:
        return one_line(INDENT, [("interrupted", palette.WARN)], look)
    if call.status is ItemStatus.FAILED and not call.error:
        return one_line(INDENT, [("failed", palette.BAD)], look)
    return []


def tool_output_rows(output: ToolOutput, look: Look) -> list[Strip]:
    """Give the rows of a function's output."""
    name: Span = (plain_line(output.name) or "function", palette.COMMAND)
    rows = one_line(("⚒ ", palette.DIM), [name, (" gave", palette.PLAIN)], look)
    return rows + text_rows(output.output, palette.DIM, look, limit=OUTPUT_ROWS)


def web_rows(search: WebSearch, entry: Entry, look: Look) -> list[Strip]:
    """Give the rows of a search, of a page looked at, or of something looked for in one."""
    running = entry.progress is Progress.OPEN
    page = linked(plain_line(search.target), palette.PLAIN, web=palette.LINK)
    queries = [plain_line(query) for query in search.queries or (search.query,) if query]
    match search.action:
        case "openPage":
            spans: list[Span] = [("Open " if running else "Opened ", palette.PLAIN), *page]
            queries = []
        case "findInPage":
            spans = [("Look for " if running else "Looked for ", palette.PLAIN)]
            spans += [(plain_line(search.pattern or search.query), palette.CODE)]
            spans += [(" in ", palette.PLAIN), *page] if search.target else []
            queries = []
        case "search" | "":
            spans = [("Search the web" if running else "Searched the web", palette.PLAIN)]
            if len(queries) == 1:
                spans += [(" for ", palette.PLAIN), (queries.pop(), palette.CODE)]
        case _:
            spans = [("Looked at the web", palette.PLAIN), (f" {' '.join(queries)}".rstrip(), palette.CODE)]
            queries = []
    rows = one_line(("◍ ", palette.DIM), spans, look)
    for at, query in enumerate(queries):
        front: Span = ("  └ " if at == 0 else "    ", palette.DIM)
        rows += wrap([(query, palette.CODE)], look.width, first=[front])
    return rows + _pages(search, look)


def _pages(search: WebSearch, look: Look) -> list[Strip]:
    found: list[Strip] = []
    for page in search.results:
        title, address = plain_line(page.title), plain_line(page.address)
        spans: list[Span] = [(f"{title} " if title and address else title, palette.PLAIN)]
        spans += linked(address, palette.ADDRESS)
        found += wrap(spans, look.width, first=[BAR], rest=[BAR])
    return folded(found, _MOST_PAGES, look)


def image_view_rows(view: ImageView, look: Look) -> list[Strip]:
    """Give the row of a picture that was looked at."""
    path: Span = (short_path(view.path, look.cwd), palette.CODE + link_style(file_address(view.path)))
    return one_line(("▣ ", palette.DIM), [("Looked at ", palette.PLAIN), path], look)


def image_rows(picture: ImageGeneration, entry: Entry, look: Look) -> list[Strip]:
    """Give the rows of a picture that is made."""
    running = entry.progress is Progress.OPEN and picture.status not in ("completed", "failed")
    failed = bool(picture.failure) or picture.status == "failed"
    if failed:
        verb, style = "No picture was made", palette.BAD
    elif entry.progress is Progress.CUT:
        verb, style = "Making a picture was interrupted", palette.WARN
    else:
        verb, style = ("Make a picture", palette.BUSY) if running else ("Made a picture", palette.GOOD)
    spans: list[Span] = [(verb, palette.PLAIN)]
    if picture.failure:
        spans.append((f": {plain_line(picture.failure)}", palette.BAD))
    rows = one_line(("▣ ", style), spans, look)
    rows += text_rows(picture.prompt, palette.DIM, look, limit=TEXT_ROWS)
    for word, path in [*(("from", path) for path in picture.inputs), ("saved as", picture.path)]:
        if path:
            link = link_style(file_address(plain_line(path)))
            shown: Span = (short_path(path, look.cwd), palette.CODE + link)
            rows += one_line(INDENT, [(f"{word} ", palette.DIM), shown], look)
    return rows
