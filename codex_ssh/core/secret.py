"""A value nobody prints by accident.

Lives here: the :class:`Secret` type, and telling of each one that is made. Not here: where secrets come from
(:mod:`codex_ssh.link.token`), how they are checked (:mod:`codex_ssh.core.token`), and scrubbing of text
(:mod:`codex_ssh.core.redact`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_MASK: Final = "Secret(…)"

_WATCH: Final[ContextVar[Callable[[str], None] | None]] = ContextVar("watch_secrets", default=None)


class Secret:
    """Text that must not reach argv, URLs, logs or crash reports.

    ``repr``, ``str`` and ``format`` give a mask of fixed width; :meth:`reveal` is the one greppable way
    out. Textual's crash screen and :mod:`logging` print values by ``repr``, so a mask there is what counts.

    Args:
        value: The secret, already trimmed.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if (watch := _WATCH.get()) is not None:
            watch(value)

    def reveal(self) -> str:
        """Give the text itself. Call it inside the expression that sends it, and keep no copy."""
        return self._value

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac  # OpenSSL, 2 ms: not for a start that compares nothing

        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str:
        msg = "a Secret is not pickled"
        raise TypeError(msg)


@contextmanager
def watch_secrets(watch: Callable[[str], None]) -> Generator[None, None, None]:
    """Tell of every secret that is made inside the block, in it and in tasks that begin there.

    For whoever writes down what others say, and must leave secrets out by their value.
    """
    token = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(token)
