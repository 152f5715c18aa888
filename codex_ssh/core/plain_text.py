"""Makes text from somewhere else harmless for a terminal, and still readable.

Lives here: the one place that decides which characters may reach a terminal. Not here: markup of any
library (whoever draws with one hands it plain characters, never markup).

What is replaced: C0 and C1 controls (shown as control pictures: ESC as ``␛``, CSI as ``<9b>``), so that no
escape sequence survives; bidirectional controls, which can make a command read as another one; zero-width
and other invisible format characters, which hide text; floods of combining marks, which paint over other
lines; lone surrogates and noncharacters, which crash an encoder. Tabs become spaces up to the next multiple
of eight.

Source: Unicode TR #36 on visual spoofing; ECMA-48 for the controls.
"""

from __future__ import annotations

import re
from typing import Final

TAB_COLUMNS: Final = 8
"""Distance of the tab stops."""

_UNSAFE: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_ESCAPE_SEQUENCE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC
    r"|\x1b[ -/]+[0-~]|\x1b[0-Z\\^-~]"  # all others of two or more bytes
)
MOST_MARKS: Final = 8
"""Marks on one letter. No script needs so many, and a flood of them paints over the lines around."""

_FLOOD: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    "\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{9,}"
)
_JOINER_ALONE: Final = re.compile(
    "(?<![\u2600-\u27bf\u2190-\u21ff\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f])\u200d"
    "|\u200d(?![\u2600-\u27bf\u2190-\u21ff\u2b00-\u2bff\U0001f000-\U0001faff])"
)


def plain_lines(text: str) -> str:
    """Give text of several lines, safe to print. CR LF becomes LF; a lone CR is shown as ``␍``."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").expandtabs(TAB_COLUMNS)
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    text = _JOINER_ALONE.sub("<200d>", _UNSAFE.sub(_visible, text))
    return _FLOOD.sub(_dammed, text)


def plain_line(text: str) -> str:
    """Give text as one line, safe to print: line ends become ``␊``."""
    return plain_lines(text).replace("\n", "␊")


def plain_output(text: str) -> str:
    """Give what a program printed, safe to print, as a terminal would have left it.

    Colours and other escape sequences are taken out. A lone CR starts the line over, as progress bars do:
    only what follows the last one is kept. For text a person decides by, use :func:`plain_lines`, which
    hides nothing.
    """
    if "\x1b" in text or "\x9b" in text or "\x9d" in text:
        text = _ESCAPE_SEQUENCE.sub("", text)
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return plain_lines(text)


def _dammed(found: re.Match[str]) -> str:
    marks = found.group()
    return marks[:MOST_MARKS] + f"<{len(marks) - MOST_MARKS} marks>"


def _visible(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"<{code:x}>"
