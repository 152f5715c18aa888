"""The plain forms a value of the config file may have, and what may have been meant by a wrong word.

Lives here: texts, flags, lists of words and of names. Not here: forms that belong to one key
(:mod:`codex_ssh.core.config`, :mod:`codex_ssh.core.tui_settings`).
"""

from __future__ import annotations

import enum
import shlex
from collections.abc import Iterable, Sequence
from typing import TypeVar

from codex_ssh.errors import UsageError

E = TypeVar("E", bound=enum.Enum)


def text(raw: object) -> str:
    """Give a text; raises TypeError."""
    if not isinstance(raw, str):
        raise TypeError(f"not a text: {raw!r}")
    return raw


def flag(raw: object) -> bool:
    """Give yes or no, also as the environment has it; raises ValueError."""
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in words:
        return words[raw.lower()]
    raise ValueError(f"neither true nor false: {raw!r}")


def words(raw: object) -> tuple[str, ...]:
    """Give a list of words; raises TypeError."""
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not all(isinstance(w, str) for w in raw):
        raise TypeError("not a list of words")
    return tuple(raw)


def command(raw: object) -> tuple[str, ...]:
    """Give the words of a command: a list, or a text split as a shell would; raises TypeError, ValueError."""
    return tuple(shlex.split(raw)) if isinstance(raw, str) else words(raw)


def name(raw: object, names: type[E]) -> E:
    """Give one of a few names.

    Raises:
        TypeError: Not a text.
        UsageError: Not one of them; says which was meant.
    """
    known = [member.value for member in names]
    if text(raw) not in known:
        raise UsageError(f"{raw!r} is not known", hint=did_you_mean(text(raw), known))
    return names(raw)


def names(raw: object, known: type[E]) -> tuple[E, ...]:
    """Give some of a few names, each once, in the order given; ``"off"`` is none of them.

    Raises:
        TypeError: Not a list of words.
        UsageError: One is not known, or stands there twice.
    """
    if raw == "off":
        return ()
    found = tuple(name(word, known) for word in words(raw))
    if len(set(found)) < len(found):
        raise UsageError("a name stands there twice", hint="each may be there once")
    return found


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give a hint about a word nobody knows."""
    known = list(known)
    import difflib  # for somebody who mistyped

    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(known)}"
