"""What ``selftest`` prints: one line a check, or one JSON object a line.

Lives here: outcomes and the two cards. Not here: the checks (:mod:`codex_ssh.cli.checks`).
"""

from __future__ import annotations

import enum
import json
import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final, Protocol

from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.redact import redact
from codex_ssh.core.value import dataclass

COLUMNS: Final = 80
_NAME_COLUMNS: Final = 15
_OUTCOME_COLUMNS: Final = 9

Figures = Mapping[str, int | float | str | bool]


class Outcome(enum.Enum):
    """How a check ended; the value is the word a person reads."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


_COLOURS: Final = {Outcome.OK: "32", Outcome.FAILED: "1;31", Outcome.SKIPPED: "2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One check that is over.

    Attributes:
        words: What was found, or why it failed or was not done; may hold remote text.
        figures: The same in numbers, for programs.
        seconds: How long it took.
    """

    check: str
    outcome: Outcome
    words: str
    figures: Figures = field(default_factory=dict)
    seconds: float = 0.0


class Card(Protocol):
    """Told what happens, in order."""

    def connected(self, facts: ServerFacts) -> None:
        """There is a session."""

    def checked(self, result: Result) -> None:
        """A check is over."""

    def ended(self, host: str, results: Sequence[Result], left: str) -> None:
        """All are over; ``left`` is what became of the scratch thread."""


class TextCard:
    """For people, 80 columns wide."""

    def connected(self, facts: ServerFacts) -> None:
        """See :class:`Card`."""
        where = f"{facts.user}@{facts.hostname}" if facts.user else facts.host
        version = f", app server {facts.server_version}" if facts.server_version else ""
        print(plain_line(f"selftest of {facts.host}: {where} by {facts.transport}{version}"), flush=True)

    def checked(self, result: Result) -> None:
        """See :class:`Card`."""
        indent = " " * (_NAME_COLUMNS + _OUTCOME_COLUMNS)
        text = textwrap.fill(
            redact(plain_line(result.words)),
            width=COLUMNS - 1,
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
        word = f"{result.outcome.value:<{_OUTCOME_COLUMNS}}"
        if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
            word = f"\033[{_COLOURS[result.outcome]}m{word}\033[0m"
        print(f"{result.check:<{_NAME_COLUMNS}}{word}{text[len(indent) :]}", flush=True)

    def ended(self, host: str, results: Sequence[Result], left: str) -> None:
        """See :class:`Card`."""
        counts = count(results)
        words = ", ".join(f"{number} {word}" for word, number in counts.items())
        print(f"{len(results)} checks: {words}", flush=True)


class JsonCard:
    """For programs: one object a line."""

    def connected(self, facts: ServerFacts) -> None:
        """See :class:`Card`."""
        print(
            json.dumps(
                {
                    "type": "host",
                    "host": facts.host,
                    "user": facts.user,
                    "hostname": facts.hostname,
                    "transport": facts.transport,
                    "serverVersion": facts.server_version,
                    "startedServer": facts.is_new_server,
                }
            ),
            flush=True,
        )

    def checked(self, result: Result) -> None:
        """See :class:`Card`."""
        shape = {
            "type": "check",
            "check": result.check,
            "outcome": result.outcome.value,
            "seconds": round(result.seconds, 3),
            "words": redact(result.words),
            "figures": dict(result.figures),
        }
        print(json.dumps(shape), flush=True)

    def ended(self, host: str, results: Sequence[Result], left: str) -> None:
        """See :class:`Card`."""
        counts = count(results)
        outcome = Outcome.FAILED if counts[Outcome.FAILED.value] else Outcome.OK
        shape = {"type": "result", "host": host, "outcome": outcome.value, **counts, "thread": left}
        print(json.dumps(shape), flush=True)


def count(results: Sequence[Result]) -> dict[str, int]:
    """Give how many checks ended in which way, by the outcome's word."""
    return {outcome.value: sum(one.outcome is outcome for one in results) for outcome in Outcome}
