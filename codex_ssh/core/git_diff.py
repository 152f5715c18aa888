"""What ``git diff`` prints, taken apart file by file.

Lives here: reading its extended headers into the same values an edit of the model's has. Not here: asking git
for it (:mod:`codex_ssh.tui.remote_git`) and how a diff looks (:mod:`codex_ssh.tui.diff`).

Source: "Generating patch text with -p" in ``git-diff(1)``; quoted paths as in ``core.quotePath``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from codex_ssh.core.items import Change, ChangeKind

_BEGINS: Final = re.compile(r"^diff --git ", re.MULTILINE)
_SAME_PATH: Final = re.compile(r"a/(.*) b/\1")
_ESCAPED: Final = re.compile(r'\\([abfnrtv"\\]|[0-7]{3})')
_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    '"': '"',
    "\\": "\\",
}


def parse_git_diff(text: str) -> tuple[Change, ...]:
    """Give every file of a diff, in its order.

    What stands before the first file is left out. A cut diff gives the last file as far as it goes.
    """
    starts = [found.start() for found in _BEGINS.finditer(text)]
    ends = [*starts[1:], len(text)][: len(starts)]
    return tuple(_file(text[start:end].split("\n")) for start, end in zip(starts, ends, strict=True))


def _file(lines: Sequence[str]) -> Change:
    first_hunk = next((at for at, line in enumerate(lines) if line.startswith("@@")), len(lines))
    head, hunks = lines[:first_hunk], lines[first_hunk:]
    named = dict(_named(head))
    kind = ChangeKind.UPDATE
    if "new file mode" in named:
        kind = ChangeKind.ADD
    elif "deleted file mode" in named:
        kind = ChangeKind.DELETE
    old, new = _paths(head[0], named)
    path = new if kind is ChangeKind.ADD else old
    body = list(hunks)
    if body and body[-1] == "":
        body.pop()
    if not body:
        # A binary file, another mode, an empty file or a mere move: git's own words for it.
        said = [line for line in head[1:] if line.startswith(("Binary ", "old mode", "new mode"))]
        return Change(path=path, diff="\n".join(f" {line}" for line in said), moved_to=_moved(old, new, kind))
    if kind is ChangeKind.UPDATE:
        return Change(path=path, diff="\n".join(body) + "\n", moved_to=_moved(old, new, kind))
    return Change(path=path, kind=kind, diff=_content(body))


def _named(head: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in ("--- ", "+++ ", "rename from ", "rename to ", "new file mode ", "deleted file mode "):
        for line in head:
            if line.startswith(name):
                yield name.strip(), line.removeprefix(name)


def _paths(first: str, named: dict[str, str]) -> tuple[str, str]:
    """Give the path before and after; the first line cannot be taken apart where paths have blanks."""
    if "rename from" in named and "rename to" in named:
        return _path(named["rename from"]), _path(named["rename to"])
    sides = {
        side: _path(named[side]) for side in ("---", "+++") if named.get(side, "/dev/null") != "/dev/null"
    }
    old = sides["---"].removeprefix("a/") if "---" in sides else ""
    new = sides["+++"].removeprefix("b/") if "+++" in sides else ""
    if not old and not new:
        words = first.removeprefix("diff --git ")
        found = _SAME_PATH.fullmatch(words)
        quoted = re.fullmatch(r'"a/(.*)" "b/\1"', words)
        old = found[1] if found else _path(f'"{quoted[1]}"') if quoted else words
    return old or new, new or old


def _path(text: str) -> str:
    """Give a path as it is; git puts a tab behind one with blanks."""
    return unquoted(text.removesuffix("\t")).decode("utf-8", "replace")


def unquoted(text: str) -> bytes:
    """Give a path of git's as the bytes it is: one with odd bytes stands in quotes, and they are escaped."""
    if not (text.startswith('"') and text.endswith('"') and len(text) > 1):
        return text.encode("utf-8", "surrogateescape")
    raw = bytearray()
    at = 1
    inside = text[:-1]
    while at < len(inside):
        if found := _ESCAPED.match(inside, at):
            said = found[1]
            raw += bytes([int(said, 8) & 0xFF]) if said.isdigit() else _ESCAPES[said].encode()
            at = found.end()
        else:
            raw += inside[at].encode("utf-8", "surrogateescape")
            at += 1
    return bytes(raw)


def _moved(old: str, new: str, kind: ChangeKind) -> str:
    return new if kind is ChangeKind.UPDATE and new != old else ""


def _content(body: Sequence[str]) -> str:
    """Give the bare content of a file that is new or gone."""
    lines = [line[1:] for line in body if line[:1] in "+-" and line]
    return "\n".join(lines) + "\n" if lines else ""
