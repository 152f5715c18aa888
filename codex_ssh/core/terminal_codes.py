"""Control sequences for the terminal we run in: clipboard, notifications, title, and the way through tmux.

Lives here: which terminal understands what, and text that does it. Not here: drawing, and who writes it.
Whatever text goes in is made harmless first: nothing in it ends a sequence early or begins another.

Sources: xterm's ctlseqs (OSC 2, OSC 52, window operations 22 and 23), iTerm2's proprietary escape codes
(OSC 9), "Hyperlinks in terminal emulators" (OSC 8), urxvt's and foot's documentation (OSC 777), kitty's
"Desktop notifications" (OSC 99), tmux(1) ``allow-passthrough``, screen(1) on DCS.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Mapping
from typing import Final

from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.tui_settings import Notifications

BELL: Final = "\a"

PUSH_TITLE: Final = "\x1b[22;2t"
"""Has the terminal remember its title; terminals that cannot ignore it."""

POP_TITLE: Final = "\x1b[23;2t"
"""Puts the remembered title back."""

MOUSE_OFF: Final = "\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1000l"
"""The mouse is the terminal's: it selects text by itself."""

MOUSE_ON: Final = "\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h"
"""The mouse is reported to us; as Textual switches it on."""

MOST_COPIED: Final = 1_000_000
"""Bytes a terminal is asked to put on the clipboard. Many take no more than 100 kB, and none says so."""

_TITLE_CHARACTERS: Final = 120
_NOTICE_CHARACTERS: Final = 240
_NOTICE_ID: Final = "codex-ssh"
"""A later notification takes the place of an earlier one."""

_SCREEN_CHUNK: Final = 700
"""GNU screen takes at most 768 bytes in one DCS."""


class Through(enum.Enum):
    """What stands between us and the terminal."""

    NOTHING = "nothing"
    TMUX = "tmux"
    SCREEN = "screen"


def what_is_between(environment: Mapping[str, str]) -> Through:
    """Tell by the variables whether we run inside tmux or GNU screen."""
    if environment.get("TMUX"):
        return Through.TMUX
    if environment.get("STY"):
        return Through.SCREEN
    return Through.NOTHING


def way_to_notify(environment: Mapping[str, str], outer: str = "") -> Notifications:
    """Give how this terminal shows a notification: ``OSC9``, ``OSC777``, ``OSC99``, or ``BELL`` when unknown.

    Args:
        environment: Our variables. Inside tmux they may be those of a terminal that is long gone.
        outer: What tmux says about the terminal it is shown in: name and version, as it told them.
    """
    if what_is_between(environment) is Through.TMUX:
        return _way_of(outer.lower())
    if environment.get("KITTY_WINDOW_ID"):
        return Notifications.OSC99
    names = (environment.get(name, "") for name in ("TERM_PROGRAM", "LC_TERMINAL", "TERM"))
    return _way_of(" ".join(names).lower())


def _way_of(names: str) -> Notifications:
    return next((way for part, way in _WAYS if part in names), Notifications.BELL)


_WAYS: Final = (
    ("kitty", Notifications.OSC99),
    ("ghostty", Notifications.OSC777),
    ("foot", Notifications.OSC777),
    ("wezterm", Notifications.OSC777),
    ("warpterminal", Notifications.OSC777),
    ("iterm", Notifications.OSC9),
)
"""A part of a terminal's name, and what it understands best."""


def notification(way: Notifications, title: str, body: str) -> str:
    """Give what shows a notification: one of ``BELL``, ``OSC9``, ``OSC777``, ``OSC99``; else nothing.

    Args:
        way: How.
        title: Any text; cut off where it is long.
        body: The same.
    """
    title, body = _notice_text(title), _notice_text(body)
    match way:
        case Notifications.BELL:
            return BELL
        case Notifications.OSC9:
            # A number in front would be another command of the same code, such as a progress bar.
            text = ": ".join(part for part in (title, body) if part)
            return f"\x1b]9;{' ' if text[:1].isdigit() else ''}{text}\a"
        case Notifications.OSC777:
            return f"\x1b]777;notify;{title.replace(';', ',')};{body}\a"
        case Notifications.OSC99:
            return (
                f"\x1b]99;i={_NOTICE_ID}:e=1:d=0:p=title;{_encoded(title)}\x1b\\"
                f"\x1b]99;i={_NOTICE_ID}:e=1:d=1:p=body;{_encoded(body)}\x1b\\"
            )
        case _:
            return ""


def copy_sequence(text: str) -> str:
    """Give what asks the terminal to put a text on the clipboard (OSC 52)."""
    return f"\x1b]52;c;{_encoded(text)}\a"


def link_sequence(url: str, text: str) -> str:
    """Give a text that leads to a URL of ours when it is clicked (OSC 8); elsewhere it is just the text.

    Args:
        url: Made here, never text from a devbox: a terminal opens it without asking anybody.
        text: What is shown.
    """
    return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"


def title_sequence(title: str) -> str:
    """Give what sets the terminal's title; cut off where it is long."""
    return f"\x1b]2;{_cut(plain_line(title), _TITLE_CHARACTERS)}\a"


def pass_through(sequence: str, through: Through) -> str:
    """Give what brings a sequence to the terminal behind tmux or screen.

    tmux lets it through only where ``allow-passthrough`` is on, and drops it otherwise.
    """
    match through:
        case Through.NOTHING:
            return sequence
        case Through.TMUX:
            doubled = sequence.replace("\x1b", "\x1b\x1b")
            return f"\x1bPtmux;{doubled}\x1b\\"
        case Through.SCREEN:
            # An escape and what follows must not be torn apart, and a string's end would end the DCS.
            safe = sequence.replace("\x1b\\", "\a")
            chunks = [safe[at : at + _SCREEN_CHUNK] for at in range(0, len(safe), _SCREEN_CHUNK)]
            return "".join(f"\x1bP{chunk}\x1b\\" for chunk in chunks)


def _notice_text(text: str) -> str:
    return _cut(plain_line(text).strip(), _NOTICE_CHARACTERS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
