"""Vim's modes for the composer: what a key does to a text in each.

Lives here: the modes, motions and operators, as arithmetic on a text and a place in it. Not here: the widget,
undoing, and everything a key means that is not Vim's (:mod:`codex_ssh.tui.widgets.composer`). Nothing here
imports Textual.

What there is: ``h j k l w b e 0 ^ $ gg G``, counts, ``x s r D C d c y`` with a motion or doubled, ``p P``,
``i a I A o O``, ``u``, and ``v`` or ``V`` for whole lines.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Final

from codex_ssh.core.value import dataclass


class Mode(enum.Enum):
    """What keys do; the value is the word a person reads."""

    INSERT = "insert"
    NORMAL = "normal"
    LINES = "visual line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a key does.

    Attributes:
        at: Where the cursor is then, in the text as it is then.
        put: What is replaced by what: from, to, and the text.
        selected: What is selected then: from and to.
        is_undo: What was done last is undone; nothing else counts then.
    """

    at: int
    put: tuple[int, int, str] | None = None
    selected: tuple[int, int] | None = None
    is_undo: bool = False


Motion = Callable[[str, int], int]

_KEYS: Final = {
    "dollar_sign": "$",
    "circumflex_accent": "^",
    "left": "h",
    "right": "l",
    "up": "k",
    "down": "j",
    "backspace": "h",
    "home": "0",
    "end": "$",
    "delete": "x",
}
"""Keys by Textual's names."""


class Vim:
    """The modes of one text.

    Attributes:
        mode: The one it is in.
        waiting: What was typed and means nothing yet, such as ``2d``.
    """

    def __init__(self) -> None:
        self.mode = Mode.INSERT
        self.waiting = ""
        self._register = ""
        self._is_lines = False
        self._begun = 0

    def begin(self) -> None:
        """Write something else: insert, nothing waiting."""
        self.mode, self.waiting = Mode.INSERT, ""

    def key(self, key: str, text: str, at: int) -> Step | None:
        """Tell what a key does; None when it is not Vim's, and means what it means without.

        Args:
            key: As Textual names it; a character for itself.
            text: What is written.
            at: Where the cursor is.
        """
        if key == "escape":
            return self._escape(text, at)
        if self.mode is Mode.INSERT:
            return None
        typed = _KEYS.get(key, key)
        if len(typed) != 1:
            self.waiting = ""
            return None
        if key in ("up", "down") and self.mode is Mode.NORMAL and _moved(typed, 1, text, at) == at:
            return None  # there is no line that way: what was said before
        words = self.waiting + typed
        self.waiting = ""
        step = self._lines(words, text, at) if self.mode is Mode.LINES else self._normal(words, text, at)
        if step is None:
            return Step(at=at, selected=self._selection(text, at))
        return step

    # ---------------------------------------------------------------- modes

    def _escape(self, text: str, at: int) -> Step | None:
        if self.mode is Mode.NORMAL and not self.waiting:
            return None
        was, self.mode, self.waiting = self.mode, Mode.NORMAL, ""
        return Step(at=max(_start(text, at), at - 1) if was is Mode.INSERT else at)

    def _normal(self, words: str, text: str, at: int) -> Step | None:
        count, command = _counted(words)
        operator = command[:1] if command[:1] in ("d", "c", "y") else ""
        inner, motion = _counted(command[len(operator) :])
        if not command or (operator and not motion) or motion == "g" or command == "r":
            self.waiting = words
            return None
        times = count * inner
        if operator:
            return self._operate(operator, motion, times, text, at)
        if (target := _moved(motion, times, text, at)) is not None:
            return Step(at=_on_a_character(text, target))
        return self._deed(command, times, text, at)

    def _deed(self, command: str, times: int, text: str, at: int) -> Step | None:
        start, end = _start(text, at), _end(text, at)
        match command:
            case "i" | "I" | "a" | "A":
                self.mode = Mode.INSERT
                return Step(at={"i": at, "I": _first(text, at), "a": min(at + 1, end), "A": end}[command])
            case "o":
                self.mode = Mode.INSERT
                return Step(at=end + 1, put=(end, end, "\n"))
            case "O":
                self.mode = Mode.INSERT
                return Step(at=start, put=(start, start, "\n"))
            case "x" | "s":
                return self._take("c" if command == "s" else "d", text, at, min(at + times, end))
            case "D" | "C":
                return self._take("d" if command == "D" else "c", text, at, end)
            case "S":
                return self._operate("c", "c", times, text, at)
            case "p" | "P":
                return self._put(text, at, before=command == "P", times=times)
            case "u":
                return Step(at=at, is_undo=True)
            case "v" | "V":
                self.mode, self._begun = Mode.LINES, at
                return Step(at=at, selected=self._selection(text, at))
            case _ if command[0] == "r" and at + times <= end:
                return Step(at=at, put=(at, at + times, command[1] * times))
            case _:
                return None

    def _lines(self, words: str, text: str, at: int) -> Step | None:
        count, command = _counted(words)
        if not command or command == "g":
            self.waiting = words
            return None
        if (target := _moved(command, count, text, at)) is not None:
            return Step(at=target, selected=self._selection(text, target))
        if command in ("d", "x", "c", "y"):
            first, last = sorted((self._begun, at))
            self.mode = Mode.NORMAL
            return self._take_lines("d" if command == "x" else command, text, first, last)
        if command in ("v", "V"):
            self.mode = Mode.NORMAL
            return Step(at=at)
        return None

    def _selection(self, text: str, at: int) -> tuple[int, int] | None:
        if self.mode is not Mode.LINES:
            return None
        first, last = sorted((self._begun, at))
        return _start(text, first), _end(text, last)

    # ---------------------------------------------------------------- operators

    def _operate(self, operator: str, motion: str, times: int, text: str, at: int) -> Step | None:
        if motion == operator:
            last = at
            for _ in range(times - 1):
                last = min(_end(text, last) + 1, len(text))
            return self._take_lines(operator, text, at, last)
        if operator == "c" and motion == "w" and at < len(text) and not text[at].isspace():
            motion = "e"  # as Vim does: the blanks behind the word stay
        target = _moved(motion, times, text, at)
        if target is None:
            return None
        if motion in ("j", "k", "gg", "G"):
            first, last = sorted((at, target))
            return self._take_lines(operator, text, first, last)
        if motion in ("e", "$"):
            target = min(target + 1, len(text)) if motion == "e" else target
        elif motion == "l":
            target = min(at + times, _end(text, at))
        elif motion == "w" and target > _end(text, at):
            target = _end(text, at)  # the last word of a line, without the line's end
        return self._take(operator, text, *sorted((at, target)))

    def _take(self, operator: str, text: str, start: int, end: int) -> Step | None:
        if start == end and operator != "c":
            return None
        self._register, self._is_lines = text[start:end], False
        if operator == "y":
            return Step(at=start)
        left = text[:start] + text[end:]
        if operator == "c":
            self.mode = Mode.INSERT
            return Step(at=start, put=(start, end, ""))
        return Step(at=_on_a_character(left, start), put=(start, end, ""))

    def _take_lines(self, operator: str, text: str, first: int, last: int) -> Step:
        start, end = _start(text, first), _end(text, last)
        self._register, self._is_lines = text[start:end], True
        if operator == "y":
            return Step(at=start)
        if operator == "c":
            self.mode = Mode.INSERT
            return Step(at=start, put=(start, end, ""))
        if end < len(text):
            end += 1
        elif start > 0:
            start -= 1
        left = text[:start] + text[end:]
        return Step(at=_first(left, min(start, len(left))), put=(start, end, ""))

    def _put(self, text: str, at: int, *, before: bool, times: int) -> Step | None:
        if not self._register and not self._is_lines:
            return None
        if self._is_lines:
            lines = "\n".join([self._register] * times)
            if before:
                start = _start(text, at)
                return Step(at=start, put=(start, start, lines + "\n"))
            end = _end(text, at)
            return Step(at=end + 1, put=(end, end, "\n" + lines))
        place = at if before or at == _end(text, at) else at + 1
        put = self._register * times
        return Step(at=place + len(put) - 1, put=(place, place, put))


# ---------------------------------------------------------------- motions


def _counted(words: str) -> tuple[int, str]:
    """Split a count off; without one it is 1, and ``0`` alone is a motion."""
    digits = len(words) - len(words.lstrip("0123456789")) if words[:1] != "0" else 0
    return (min(int(words[:digits]), 1000) if digits else 1), words[digits:]


def _start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _first(text: str, at: int) -> int:
    """Where the first character of a line is that is no blank."""
    start, end = _start(text, at), _end(text, at)
    while start < end and text[start] in " \t":
        start += 1
    return start


def _on_a_character(text: str, at: int) -> int:
    """The cursor stands on a character, not behind the last one."""
    start, end = _start(text, at), _end(text, at)
    return max(start, min(at, end - 1))


def _kind(text: str, at: int) -> int:
    """Blank, word, or something else: runs of one kind are words."""
    character = text[at]
    if character.isspace():
        return 0
    return 1 if character.isalnum() or character == "_" else 2


def _next_word(text: str, at: int) -> int:
    if at >= len(text):
        return at
    kind = _kind(text, at)
    while at < len(text) and kind and _kind(text, at) == kind:
        at += 1
    while at < len(text) and _kind(text, at) == 0:
        at += 1
    return at


def _word_before(text: str, at: int) -> int:
    at -= 1
    while at > 0 and _kind(text, at) == 0:
        at -= 1
    while at > 0 and _kind(text, at - 1) == _kind(text, at):
        at -= 1
    return max(at, 0)


def _word_end(text: str, at: int) -> int:
    at += 1
    while at < len(text) and _kind(text, at) == 0:
        at += 1
    while at + 1 < len(text) and _kind(text, at + 1) == _kind(text, at):
        at += 1
    return min(at, max(len(text) - 1, 0))


def _below(text: str, at: int) -> int:
    end = _end(text, at)
    if end == len(text):
        return at
    return min(end + 1 + at - _start(text, at), _end(text, end + 1))


def _above(text: str, at: int) -> int:
    start = _start(text, at)
    if start == 0:
        return at
    return min(_start(text, start - 1) + at - start, start - 1)


_MOTIONS: Final[Mapping[str, Motion]] = {
    "h": lambda text, at: max(_start(text, at), at - 1),
    "l": lambda text, at: min(_end(text, at), at + 1),
    "j": _below,
    "k": _above,
    "w": _next_word,
    "b": _word_before,
    "e": _word_end,
    "0": _start,
    "^": _first,
    "$": _end,
    "gg": lambda text, at: 0,
    "G": lambda text, at: _start(text, len(text)),
}


def _moved(motion: str, times: int, text: str, at: int) -> int | None:
    """Where a motion leads; None when it is none."""
    move = _MOTIONS.get(motion)
    if move is None:
        return None
    for _ in range(times):
        at = move(text, at)
    return at
