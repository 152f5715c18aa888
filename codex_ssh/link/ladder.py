"""The rungs of a check as they are climbed: timed, noted, and told as soon as they are known.

Lives here: the book-keeping. Not here: what each rung does (:mod:`codex_ssh.link.checkup`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from codex_ssh.core.checkup import RUNGS, Rung, State, cause_of
from codex_ssh.core.rpc import Json
from codex_ssh.errors import CodexSshError


@dataclass(slots=True)
class Notes:
    """What is written down while a rung is climbed."""

    found: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Ladder:
    """The rungs so far.

    Args:
        host: As typed.
        tell: Gets each rung once it is known.
    """

    def __init__(self, host: str, tell: Callable[[Rung], None]) -> None:
        self._host = host
        self._tell = tell
        self.rungs: list[Rung] = []
        self.there: dict[str, Json] = {}

    def add(self, rung: Rung) -> None:
        """Take a rung that is known."""
        self.rungs.append(rung)
        self._tell(rung)

    @property
    def next(self) -> str:
        """The rung that comes next; empty at the top."""
        return RUNGS[len(self.rungs)] if len(self.rungs) < len(RUNGS) else ""

    @property
    def is_down(self) -> bool:
        """Whether a rung failed."""
        return bool(self.rungs) and self.rungs[-1].state is State.FAILED

    @contextmanager
    def climb(self, name: str) -> Generator[Notes, None, None]:
        """Time one rung, and note what became of it.

        Raises:
            CodexSshError: It cannot be climbed; the rung is noted.
        """
        assert name == self.next
        notes, began = Notes(), time.perf_counter()
        try:
            yield notes
        except CodexSshError as error:
            self.fall(error, notes, ms=milliseconds_since(began))
            raise
        state = State.WARNING if notes.warnings else State.OK
        self.add(rung_of(name, state, notes, ms=milliseconds_since(began)))

    def fall(self, error: CodexSshError, notes: Notes, *, ms: float | None = None) -> None:
        """Note that the next rung cannot be climbed."""
        cause = cause_of(error, host=self._host)
        self.add(replace(rung_of(self.next, State.FAILED, notes, ms=ms), cause=cause))

    def skip(self, why: str, *, until: str = "") -> None:
        """Pass over the rungs that are left, or those before one."""
        while self.next and self.next != until:
            self.add(Rung(name=self.next, state=State.SKIPPED, found=(why,) if why else ()))


def rung_of(name: str, state: State, notes: Notes, *, ms: float | None) -> Rung:
    """Give a rung with what was written down."""
    return Rung(name=name, state=state, ms=ms, found=tuple(notes.found), warnings=tuple(notes.warnings))


def milliseconds_since(began: float) -> float:
    """Give the time since a reading of :func:`time.perf_counter`."""
    return (time.perf_counter() - began) * 1000
