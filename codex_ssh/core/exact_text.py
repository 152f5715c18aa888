"""Shows what a command or a path really consists of, to a person who decides by it.

Lives here: which characters are shown as codes, runs that would push something out of sight, and letters that
look like others. Not here: text that is only read (:mod:`codex_ssh.core.plain_text`), and drawing.

Nothing is left out: every character is there itself, as a code of its own, or counted in a run. Pieces of
ours are told apart from the text's, so that a text cannot imitate them.

Source: Unicode TR #36 and TR #39 (mixed scripts, confusables); ECMA-48 for the controls.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from codex_ssh.core.value import dataclass

MOST_BLANKS: Final = 11
"""Blanks in a row that are shown as they are; a longer run is counted."""

MOST_EMPTY_LINES: Final = 3
"""Empty lines in a row that are shown as they are; a longer run is counted."""

_MOST_MARKS: Final = 2
"""Marks on one letter that are shown on it; more of them would paint over other lines."""

_MOST_WARNINGS: Final = 3
_MOST_SHOWN: Final = 40

_ODD: Final = re.compile(rf" {{{MOST_BLANKS + 1},}}|[^ -~]")
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(code) for start, end in ((0x180B, 0x180F), (0xFE00, 0xFE0F)) for code in range(start, end + 1)
}
"""Characters that are drawn as nothing, and are of no category that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a line.

    Attributes:
        is_ours: It stands for something that cannot be shown itself.
    """

    text: str
    is_ours: bool = False


Line = tuple[Piece, ...]


def exact_lines(text: str) -> list[Line]:
    """Give the lines of a text; at least one. A run of empty lines is one line of ours."""
    lines: list[Line] = []
    empty = 0
    for line in [*text.split("\n"), None]:
        if line == "":
            empty += 1
            continue
        if empty > MOST_EMPTY_LINES:
            lines.append((Piece(text=f"⟨{empty} empty lines⟩", is_ours=True),))
        else:
            lines += [()] * empty
        empty = 0
        if line is not None:
            lines.append(tuple(_pieces(line)))
    return lines


def exact_line(text: str) -> Line:
    """Give a text as one line; line ends are shown as ``␊``."""
    found: list[Piece] = []
    for at, line in enumerate(text.split("\n")):
        if at:
            found.append(Piece(text="␊", is_ours=True))
        found += _pieces(line)
    return tuple(found)


def exact_texts(text: str) -> list[str]:
    """Give the lines of a text as plain strings, for whoever cannot set pieces off; at least one."""
    return ["".join(piece.text for piece in line) for line in exact_lines(text)]


def _pieces(line: str) -> list[Piece]:
    found: list[Piece] = []
    end = marks = 0
    start = 0
    for odd in _ODD.finditer(line):
        character = odd.group()
        if unicodedata.category(character[0]).startswith("M") and character not in _FILLERS:
            marks = marks + 1 if odd.start() == end else 1
            end = odd.end()
            code = f"<{ord(character):x}>" if marks > _MOST_MARKS else ""
        else:
            # A letter with marks on it is no run of marks.
            marks, end = 0, odd.end()
            code = _code(character)
        if code:
            if start < odd.start():
                found.append(Piece(text=line[start : odd.start()]))
            found.append(Piece(text=code, is_ours=True))
            start = odd.end()
    if start < len(line):
        found.append(Piece(text=line[start:]))
    return found


def _code(character: str) -> str:
    """Give what stands for a character that cannot be shown itself; empty where it can."""
    if len(character) > 1:
        return f"⟨{len(character)} blanks⟩"
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    category = unicodedata.category(character)
    is_hidden = category[0] in "CZ" or character in _FILLERS
    return f"<{code:x}>" if is_hidden else ""


# ---------------------------------------------------------------- what to warn of

_WORD: Final = re.compile(r"[^\W\d_]+")

_LOOKS_LATIN: Final = frozenset("асеорхуіјѕһԁԛԝкмнтвзАВЕКМНОРСТХІЈЅαοινκρτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
_LOOKS_LIKE: Final = {
    **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
    **dict.fromkeys("‘’‚‛′ʹʼ＇", "'"),
    **dict.fromkeys("“”„‟″＂", '"'),
    **dict.fromkeys("⁄∕⧸／", "/"),
    **dict.fromkeys("∖⧵＼", "\\"),
    **dict.fromkeys("∣ǀ❘｜", "|"),
    **dict.fromkeys(";；", ";"),
    **dict.fromkeys("․．", "."),
    **dict.fromkeys("˸ː꞉：", ":"),
    **dict.fromkeys("∼～", "~"),
}


def warnings(text: str) -> tuple[str, ...]:
    """Say what in a text is not what it looks like, a sentence each; safe to print."""
    if text.isascii():
        return ()
    found = [_word_warning(word) for word in dict.fromkeys(_WORD.findall(text)) if not word.isascii()]
    found += [
        _sign_warning(sign) for sign in dict.fromkeys(text) if not sign.isalpha() and not sign.isascii()
    ]
    told = [one for one in found if one]
    more = len(told) - _MOST_WARNINGS
    return (*told[:_MOST_WARNINGS], *([f"and {more} more like these"] if more > 0 else []))


def _word_warning(word: str) -> str:
    """Say which letters are of another alphabet than the rest of the word, or all only look Latin."""
    strange = [letter for letter in dict.fromkeys(word) if _script(letter) != "LATIN"]
    shown = "".join(piece.text for piece in exact_line(word[:_MOST_SHOWN])) + "…" * (len(word) > _MOST_SHOWN)
    scripts = {_script(letter) for letter in dict.fromkeys(word)}
    names = ", ".join(f"{letter} is {_name(letter)}" for letter in strange[:_MOST_WARNINGS])
    if len(scripts) > 1 and "LATIN" in scripts and names:
        return f"“{shown}” is of several alphabets: {names}"
    if all(letter in _LOOKS_LATIN for letter in word):
        return f"“{shown}” looks like Latin letters and is not: {names}"
    plain = unicodedata.normalize("NFKC", word)
    if plain != word and plain.isascii():
        return f"“{shown}” looks like {plain!r} and is not"
    return ""


def _sign_warning(sign: str) -> str:
    """Say that a sign only looks like one of ASCII."""
    plain = _LOOKS_LIKE.get(sign) or unicodedata.normalize("NFKC", sign)
    if _code(sign) or not plain.isascii() or not plain.isprintable() or plain.isspace():
        return ""
    return f"{sign} is {_name(sign)}, not {plain}"


def _script(letter: str) -> str:
    return "LATIN" if letter.isascii() else _name(letter).partition(" ")[0]


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}")
