"""Places a row of text points to: addresses on the web, and files on the devbox.

Lives here: finding them in text, and how a drawn segment carries one. Not here: what a browser may be given
(:mod:`codex_ssh.core.links`), and opening anything, which is the view's to decide: text may lie.

A segment that is part of a link has it in its style: ``style.meta["link"]`` is the address, whole, however
the text is wrapped. :func:`link_of` gives it as a value, for what is under the mouse
(``event.style`` of a click) or the cursor (``segment.style`` of a strip). Addresses are one of

- ``https://…`` and ``http://…``, as written;
- ``file:PATH`` and ``file:PATH:LINE``: a file on the devbox, absolute or below the thread's directory;
- anything else a markdown link names: to be shown, and not opened.

Never an OSC 8 link: the terminal would open what the devbox says without asking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rich.style import Style
from textual.strip import Strip

from codex_ssh.core.value import dataclass
from codex_ssh.tui.wrap import Span

META: Final = "link"
"""The member of a style's meta that holds the address."""

_FILE: Final = "file:"
_SCHEMES: Final = ("https://", "http://")

_WEB: Final = r"https?://[^\s<>\"'`│┃|\\^{}\x00-\x20]+"
_NAME: Final = r"[\w.@+~-]+"
_FOUND: Final = re.compile(
    rf"(?P<web>{_WEB})"
    rf"|(?<![\w/.~@:-])(?P<path>"
    rf"(?:~|\.{{1,2}})?(?:/{_NAME})+/?"  # /a/b, ./a, ~/a
    rf"|{_NAME}(?:/{_NAME})+"  # a/b.c
    rf"|{_NAME}\.[A-Za-z]\w{{0,7}}(?=:\d)"  # a.c:12
    rf")(?::(?P<line>\d{{1,7}})(?::\d+)?)?"
)
_ENDINGS: Final = ".,;:!?)]}>*_~'\""
_HAS_SUFFIX: Final = re.compile(r"\.[A-Za-z]\w{0,7}$")
_LINE: Final = re.compile(r":(\d{1,7})(?::\d+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a piece of text points to.

    Attributes:
        address: As carried by the style. For the web, :func:`codex_ssh.core.links.read_link` says whether it
            may be opened, and what has to be shown before.
        path: For a file on the devbox: its path; empty otherwise.
        line: The line in it, from 1; 0 when none is named.
    """

    address: str
    path: str = ""
    line: int = 0

    @property
    def is_web(self) -> bool:
        """Whether a browser is what could open it."""
        return self.address.startswith(_SCHEMES)


def link_style(address: str) -> Style:
    """Give the style that makes a span part of a link; it looks like nothing by itself."""
    return Style(meta={META: address})


def link_of(style: Style | None) -> Target | None:
    """Give where a drawn piece of text points to; None when it is no part of a link."""
    address = style.meta.get(META) if style is not None else None
    return read_target(address) if isinstance(address, str) else None


def read_target(address: str) -> Target:
    """Take an address apart. Never raises."""
    if not address.startswith(_FILE):
        return Target(address=address)
    path = address.removeprefix(_FILE)
    found = _LINE.search(path)
    if found is None:
        return Target(address=address, path=path)
    return Target(address=address, path=path[: found.start()], line=int(found[1]))


def file_address(path: str, line: int = 0) -> str:
    """Give the address of a file on the devbox."""
    return f"{_FILE}{path}:{line}" if line else f"{_FILE}{path}"


def markdown_address(href: str) -> str:
    """Give the address of a markdown link's target: what names no scheme is a file."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)", href) or href.startswith("#") or not href:
        return href
    path, _, fragment = href.partition("#")
    line = re.fullmatch(r"L(\d{1,7})(?:-.*)?", fragment)
    return file_address(path, int(line[1]) if line else 0)


def find_links(text: str) -> list[tuple[int, int, str]]:
    """Give start, end and address of each link in a line of text, in order.

    A path is taken for one when it is absolute with two parts or a suffix, begins with ``./``, ``../`` or
    ``~/``, has a suffix in its last part, or a line number: ``and/or`` is none.
    """
    if "/" not in text and ":" not in text:
        return []
    links: list[tuple[int, int, str]] = []
    for found in _FOUND.finditer(text):
        if web := found["web"]:
            web = _without_ending(web)
            if len(web) > len("https://"):
                links.append((found.start(), found.start() + len(web), web))
            continue
        path, line = found["path"], found["line"]
        end = found.end()
        if line is None:
            path = path.rstrip(_ENDINGS)
            end = found.start() + len(path)
        if _is_path(path, has_line=line is not None):
            links.append((found.start(), end, file_address(path, int(line or 0))))
    return links


def linked(text: str, style: Style, *, web: Style | None = None) -> list[Span]:
    """Give a line of text as spans, the links in it marked; without any, one span.

    Args:
        text: Harmless already.
        style: How it looks.
        web: How addresses on the web look besides.
    """
    return mark_links([(text, style)], web=web)


def mark_links(spans: Sequence[Span], *, web: Style | None = None) -> list[Span]:
    """Give the spans of a line with the links in it marked, however many looks a link has."""
    links = find_links("".join(text for text, _ in spans))
    if not links:
        return list(spans)
    marked: list[Span] = []
    at = 0
    for text, style in spans:
        start, end = at, at + len(text)
        for first, last, address in links:
            if first >= end or last <= start:
                continue
            if first > at:
                marked.append((text[at - start : first - start], style))
            look = style if web is None or address.startswith(_FILE) else style + web
            until = min(last, end)
            marked.append((text[max(first, start) - start : until - start], look + link_style(address)))
            at = until
        if at < end or not text:
            marked.append((text[at - start :], style))
        at = end
    return marked


def links_in(rows: Iterable[Strip]) -> Sequence[tuple[int, int, int, Target]]:
    """Give row, first and last-plus-one column of every piece of a link in drawn rows, from the top."""
    pieces: list[tuple[int, int, int, Target]] = []
    for row, strip in enumerate(rows):
        column = 0
        for segment in strip:
            width = segment.cell_length
            link = link_of(segment.style)
            if link is not None:
                before = pieces[-1] if pieces else None
                if before is not None and before[0] == row and before[2] == column and before[3] == link:
                    pieces[-1] = (row, before[1], column + width, link)
                else:
                    pieces.append((row, column, column + width, link))
            column += width
    return pieces


def _without_ending(address: str) -> str:
    """Leave out punctuation that ends a sentence; a closing bracket stays when one opens inside."""
    while address and address[-1] in _ENDINGS:
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address


def _is_path(path: str, *, has_line: bool) -> bool:
    if has_line or path.startswith(("./", "../", "~/")):
        return len(path) > 2
    suffixed = _HAS_SUFFIX.search(path) is not None
    if path.startswith("/"):
        return suffixed or path.strip("/").count("/") >= 1
    return suffixed
